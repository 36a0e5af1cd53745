"""The shape of a dialect: its halves have every method there is, and importing it costs nobody anything."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys

from hearth.conformance.subject import Conformance, Subject
from hearth.dialects import registry
from hearth.dialects.dialect import Called, Served

HEAVY = ("aiohttp", "httpx", "requests", "openai", "ollama", "anthropic", "cohere", "google", "tiktoken", "numpy")
HEARTHS = ("hearth.server", "hearth.outbound", "hearth.ledger", "hearth.senses", "hearth.daemon", "hearth.rehearsal")
_LOOK = """
import json, sys
touched = []
def watch(event, args):
    if event.startswith(("socket.", "subprocess.", "os.exec", "os.fork", "os.system")):
        touched.append(event)
sys.addaudithook(watch)
import hearth.dialects.dialect, hearth.dialects.exchanges
before = set(sys.modules)
__import__(sys.argv[1])
print(json.dumps([sorted(set(sys.modules) - before), touched]))
"""


class ShapeConformance(Conformance):
    """What can be seen before a byte is read."""

    def test_its_halves_have_the_shape_of_all_dialects(self, subject: Subject) -> None:
        """Each method is there, with its parameters by their names."""
        for half, shape in ((subject.served, Served), (subject.called, Called)):
            wrong = [] if half is None else _misshapen(half, shape)
            assert not wrong, f"{shape.__name__}: {'; '.join(wrong)}"

    def test_its_halves_say_one_name(self, subject: Subject) -> None:
        """Both halves have the name by which the dialect is found: bytes pass unchanged between halves of one name."""
        names = {half.name for half in (subject.served, subject.called) if half is not None}

        assert len(names) == 1, f"The halves say {names}."
        if subject.name != subject.module:
            assert names == {subject.name}, f"The entry point is {subject.name}, the halves say {names}."

    def test_the_headers_it_passes_on_are_in_lower_case(self, subject: Subject) -> None:
        """Headers are looked up in lower case, and those that hold keys are nobody's but Hearth's."""
        passes = subject.serving().passes

        assert all(name == name.lower() for name in passes), passes
        assert not {"authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie", "host"} & set(passes), passes

    def test_importing_it_is_cheap_and_quiet(self, subject: Subject) -> None:
        """No library of the network, no socket, no program; one of Hearth's own imports no other of them either."""
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        command = [sys.executable, "-c", _LOOK, subject.module]

        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)

        assert done.returncode == 0, done.stderr
        imported, touched = json.loads(done.stdout)
        heavy = [name for name in imported if name.startswith(HEARTHS) or name.partition(".")[0] in HEAVY]
        others = {f"hearth.dialects.{name}" for name in registry.OURS}
        foreign = [name for name in imported if name in others - {subject.module}] if subject.module in others else []
        assert not touched, f"Importing {subject.module} does {touched}."
        assert not heavy + foreign, f"Importing {subject.module} imports {heavy + foreign}."


def _misshapen(half: object, shape: type) -> list[str]:
    """Return what is missing or called with other names."""
    wrong = []
    for name, wanted in vars(shape).items():
        if name.startswith("_") or not inspect.isfunction(wanted):
            continue
        found = getattr(half, name, None)
        if not callable(found):
            wrong.append(f"{name} is missing")
        elif (has := _names(found)) != (wants := [one for one in _names(wanted) if one != "self"]):
            wrong.append(f"{name} takes {has}, not {wants}")
    return wrong


def _names(function: object) -> list[str]:
    return list(inspect.signature(function).parameters)  # type: ignore[arg-type]  # whatever can be called has one
