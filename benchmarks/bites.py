"""Each defence taken away in turn, and the tests that should notice (G23).

`python benchmarks/bites.py [--only PATTERN] [--json FILE]` works on a copy of the tree in a temporary folder: one small
edit of `defences.py` at a time, the tests named there, and the edit undone. A defence whose loss no test notices has
survived, which is a missing test; so is one whose tests fail with the defence in place.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from defences import DEFENCES, Defence
from progress import tell
from verdict import Line, Verdict, conclude

ROOT = Path(__file__).parents[1]
FOLDERS = ("daemon", "config", "tray", "packaging", "tests", "benchmarks", "docs")
LONGEST_S = 600
_FAILED = re.compile(r"^(?:FAILED|ERROR) \S*::(\S+)", re.MULTILINE)
_PASSED = re.compile(r"\b\d+ passed\b")


def edited(defence: Defence, text: str) -> str:
    """Return a file's text without the defence. Raises `LookupError` where it does not stand there exactly once."""
    if text.count(defence.old) != 1:
        raise LookupError(
            f"{defence.file} has {defence.old.strip()!r} {text.count(defence.old)} times, not once: "
            f"say in benchmarks/defences.py where the defence {defence.name!r} stands now."
        )
    return text.replace(defence.old, defence.new)


def main(words: list[str] | None = None) -> int:
    """Take each defence away, and say who noticed."""
    options = argparse.ArgumentParser(prog="benchmarks/bites.py", description=__doc__)
    options.add_argument("--only", default="", help="only defences whose name matches this pattern")
    options.add_argument("--json", type=Path, help="where the answer is written too")
    chosen = options.parse_args(words)
    some = [defence for defence in DEFENCES if re.search(chosen.only, defence.name)]
    with tempfile.TemporaryDirectory(prefix="hearth-bites-") as folder:
        copy = Path(folder)
        copy_tree(copy)
        unsound = _unsound(copy, some)
        lines = tuple(_line(copy, defence, unsound[defence.tests]) for defence in some)
    return conclude(Verdict("G23", f"{len(some)} defences taken away in turn", lines), chosen.json)


def copy_tree(copy: Path) -> None:
    """Copy what the tests need."""
    for name in FOLDERS:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "results"))
    for file in ("pyproject.toml", "Makefile", "README.md", "CHANGELOG.md", "requirements.lock", "LICENSE"):
        shutil.copy(ROOT / file, copy / file)


def _unsound(copy: Path, some: Iterable[Defence]) -> dict[tuple[str, ...], str]:
    """Return what fails of each group of tests while every defence is in place: "" for nothing."""
    unsound = {}
    for tests in dict.fromkeys(defence.tests for defence in some):
        tell(f"all in place: {' '.join(tests)}")
        failed, said = run_tests(copy, tests)
        unsound[tests] = failed or ("" if _PASSED.search(said) else "no test at all")
    return unsound


def _line(copy: Path, defence: Defence, unsound: str) -> Line:
    name, goal = f"{defence.name} ({defence.rows})", "a test fails"
    if unsound:
        return Line(name, f"with the defence in place: {unsound}", goal, held=False)
    tell(f"without: {defence.name}")
    file = copy / defence.file
    before = file.read_text("utf-8")
    file.write_text(edited(defence, before), "utf-8")
    try:
        failed, _ = run_tests(copy, defence.tests)
    finally:
        file.write_text(before, "utf-8")
    return Line(name, failed or "survived", goal, bool(failed))


def run_tests(copy: Path, tests: tuple[str, ...]) -> tuple[str, str]:
    """Run tests until the first that fails; return its name, "" for none, and everything that was said."""
    path = os.pathsep.join(str(copy / name) for name in FOLDERS)
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-n0", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(
        command, cwd=copy, env={**os.environ, "PYTHONPATH": path}, capture_output=True, check=False, timeout=LONGEST_S
    )
    said = done.stdout.decode("utf-8", "replace")
    found = _FAILED.search(said)
    return (found[1] if found else f"pytest ended with {done.returncode}" if done.returncode else ""), said


if __name__ == "__main__":
    sys.exit(main())
