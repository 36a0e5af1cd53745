# Hearth's commands. `make help` lists them; `make PYTHON=python3.12 …` chooses the interpreter.

PYTHON ?=
ARGS ?=
BIN := .venv/bin
UV_COMPILE := uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --quiet --output-file requirements.lock

.DEFAULT_GOAL := help
.PHONY: help install run test bench nightly package docs pictures lock fmt clean

help: ## list the commands
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## (.*)/  make \1|\2/' | awk -F'|' '{ printf "%-17s%s\n", $$1, $$2 }'
	@echo '  run, test, bench, nightly, package and lock pass ARGS on: make test ARGS="tests/config -x"'

run: install ## install, then start Hearth in the foreground (with a stand-in engine where no Ollama answers)
	@exec $(BIN)/hearth run --stand-in $(ARGS)

test: install ## install, then run linters, type checks and all tests
	@echo 'ruff:'
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet . || { echo 'These files are not formatted; run `make fmt`:'; $(BIN)/ruff format --check .; exit 1; }
	@echo '  clean'
	@$(types_and_tests)
	@echo 'make test: linters, types and tests are green.'

bench: install ## install, then measure the figures that the README quotes
	@$(BIN)/python benchmarks/run.py $(ARGS)

nightly: install ## fuzz, soak, move clocks, kill, take defences away: four hours (ARGS="--hours 0.5")
	@$(BIN)/python benchmarks/nightly.py $(ARGS)

package: install ## make wheel, sdist, Debian package and single file in dist/ (ARGS=deb makes that alone)
	@$(BIN)/python -m hearth_packaging $(ARGS)

docs: install ## write anew the pages, the manual and the completions that are made from the code
	@$(BIN)/python tests/reference_pages.py

pictures: install ## take the pictures of tray and dashboard that the tests left into docs/pictures
	@$(BIN)/python tests/pictures.py

lock: install ## remake requirements.lock (ARGS=--upgrade takes newer versions)
	@[ -x .lock-venv/bin/uv ] || { $(BIN)/python -m venv .lock-venv && .lock-venv/bin/python -m pip install --quiet uv; }
	@.lock-venv/bin/$(UV_COMPILE) $(ARGS)

fmt: install ## format the code and mend what the linter can
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

clean: ## remove the environment, the caches and what was built
	@rm -rf .venv .lock-venv .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

install: .venv/installed
	@:

# Anew when the pins or the package's own facts change; quiet when all goes well. Python compiles what is used, when it
# is used: pip would spend ten seconds on the rest.
.venv/installed: requirements.lock pyproject.toml
	@$(call make_venv)
	@echo 'Installing Hearth into .venv …'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --no-compile --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps --no-build-isolation -e .
	@touch $@

# Two workers a core, since many tests wait for real seconds; at most 8: more only fight over the same loopback.
define workers
cores=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); \
	if [ "$$cores" -gt 4 ]; then echo 8; else echo $$((2 * cores)); fi
endef

# mypy may take a minute: it is slow beside the tests, and heard at their end. The first time, one reading of the tests
# leaves bytecode for all workers, and for the hundreds of programs that tests start.
define types_and_tests
folders=$$(for folder in daemon config tray packaging tests benchmarks; do [ -n "$$(find $$folder -name '*.py' 2>/dev/null | head -n 1)" ] && echo $$folder; done); \
	nice -n 5 $(BIN)/mypy $$folders >.venv/mypy.txt 2>&1 & mypy=$$!; \
	trap 'kill $$mypy 2>/dev/null' INT TERM; \
	echo 'pytest:'; \
	export PYTHONDONTWRITEBYTECODE=; \
	[ -d tests/__pycache__ ] || $(BIN)/pytest --collect-only -qq $(ARGS) >/dev/null 2>&1; \
	$(BIN)/pytest -n $$($(call workers)) --dist worksteal $(ARGS); tests=$$?; \
	echo 'mypy:'; \
	wait $$mypy; types=$$?; \
	cat .venv/mypy.txt; \
	if [ $$tests -ne 0 ]; then echo 'make test: pytest found what stands above.'; fi; \
	if [ $$types -ne 0 ]; then echo 'make test: mypy found what stands above.'; fi; \
	[ $$tests -eq 0 ] && [ $$types -eq 0 ]
endef

# A sound .venv stays. Otherwise the first interpreter that is new enough and can make one does so.
define make_venv
if $(BIN)/python -m pip --version >/dev/null 2>&1 && $(BIN)/python -c '$(NEW_ENOUGH)' 2>/dev/null; then exit 0; fi; \
	lame=; \
	for python in $(or $(PYTHON),python3.13 python3.12 python3.11 python3.14 python3 python); do \
		"$$python" -c '$(NEW_ENOUGH)' >/dev/null 2>&1 || continue; \
		if "$$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then \
			rm -rf .venv && "$$python" -m venv .venv && exit 0; \
		fi; \
		lame=$${lame:-$$python}; \
	done; \
	if [ -z "$$lame" ]; then \
		echo 'Hearth needs Python 3.11 or newer, and none was found ($(or $(PYTHON),python3.11 to python3.14, python3)).' >&2; \
		echo 'Install it (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python), or name one: make PYTHON=/path/to/python3.12 …' >&2; \
	else \
		version=$$("$$lame" -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
		echo "$$lame cannot make virtual environments: its venv or ensurepip module is missing." >&2; \
		echo "Install python$$version-venv or python3-venv (Debian, Ubuntu: apt install python$$version-venv), then run make again." >&2; \
	fi; \
	exit 1
endef
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
