"""What was said, where it is kept: shown by `hearth why --bodies`, deleted by `hearth usage purge`, warned about."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from cli.control_server import ControlServer, serving
from hearth.cli import command_line
from hearth.cli.status_view import bodies_in_words
from hearth.record import CallRecord
from hearth.status_bodies import BodiesStatus, Said
from hearth.told import Told

CALL = CallRecord(
    "c1", 1_750_000_000.0, "zed", "ollama", "chat", "chat", "fast", "any", True, "ollama/m", "machine", "local", 1,
    "complete",
)  # fmt: skip
SAID = Said("c1", 1.0, '{"messages":"\x1b[31mwhy?"}', 22, "because", 9000, cut=True)


def _run(home: Path, script: dict[str, object], *arguments: str) -> tuple[Result, ControlServer]:
    with serving(home, script) as server:
        shown = CliRunner().invoke(command_line, ["--home", str(home), *arguments])
    return shown, server


def test_why_shows_what_was_said_if_asked(tmp_path: Path) -> None:
    """Whole, with its sizes and without a terminal's escapes; what was left out is told (T23)."""
    shown, _ = _run(tmp_path, {"GET calls/c1": Told(call=CALL, said=SAID)}, "why", "c1", "--bodies")

    assert '--- asked: 22 bytes ---\n{"messages":"[31mwhy?"}' in shown.stdout
    assert "--- answered: 9000 bytes ---\nbecause" in shown.stdout
    assert "too long to be kept" in shown.stdout
    assert "\x1b" not in shown.stdout


def test_why_says_that_nothing_was_kept(tmp_path: Path) -> None:
    """With the setting that would keep those to come."""
    shown, _ = _run(tmp_path, {"GET calls/c1": Told(call=CALL)}, "why", "c1", "--bodies")

    assert "usage.bodies = true" in shown.stdout


def test_as_json_what_was_said_stands_in_the_call(tmp_path: Path) -> None:
    """For programs."""
    shown, _ = _run(tmp_path, {"GET calls/c1": Told(call=CALL, said=SAID)}, "why", "c1", "--bodies", "--json")

    assert msgspec.json.decode(shown.stdout)["said"]["answer"] == "because"


@pytest.mark.parametrize(
    ("more", "said"), [((), "3 calls removed from the usage log."), (("--bodies",), "Prompts and answers of 3 calls")]
)
def test_a_purge_says_what_it_deletes(tmp_path: Path, more: tuple[str, ...], said: str) -> None:
    """All of the log, or only what was said."""
    shown, _ = _run(tmp_path, {"DELETE usage": {"purged": 3}}, "usage", "purge", "--yes", *more)

    assert said in shown.stdout


def test_a_purge_tells_programs_how_much_it_deleted(tmp_path: Path) -> None:
    """As JSON, as all that print something do."""
    shown, _ = _run(tmp_path, {"DELETE usage": {"purged": 3}}, "usage", "purge", "--yes", "--json")

    assert msgspec.json.decode(shown.stdout) == {"purged": 3}


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (BodiesStatus(True, "/d/bodies.db", 1_200_000, 10**9, 12), "ARE KEPT in /d/bodies.db"),
        (BodiesStatus(True, "/d/bodies.db", 0, 10**9, 0, 2, "the disk is full"), "2 lost"),
        (BodiesStatus(True, "/d/bodies.db", 0, 10**9, 0, 2, "the disk is full"), "the disk is full"),
        (BodiesStatus(False, "/d/bodies.db", 1_200_000, 10**9), "hearth usage purge --bodies"),
    ],
)
def test_the_status_never_keeps_quiet_about_them(status: BodiesStatus, word: str) -> None:
    """On, on a bad disk, and switched off with something left."""
    assert word in bodies_in_words(status)
