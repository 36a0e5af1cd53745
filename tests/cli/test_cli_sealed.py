"""What the commands and the tray say of a sealed Hearth, and of one whose broker has ended."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from cli.control_server import Reply, error, serving, status
from hearth.cli import command_line
from hearth.status import SealStatus
from hearth_tray.facts import Facts
from hearth_tray.view import view

SEALED = status(mode="offline", ceiling="offline", sealed=SealStatus(since=1_700_000_000.0))
BROKEN = replace(SEALED, sealed=SealStatus(1_700_000_000.0, "the broker has ended: `hearth restart`"))


def _shown(home: Path, script: dict[str, object], *words: str) -> str:
    with serving(home, script):
        return CliRunner().invoke(command_line, ["--home", str(home), *words]).output


def test_status_says_since_when_the_kernel_holds(tmp_path: Path) -> None:
    """A line of its own, with the day; a broker that ended stands in it with what to do."""
    sound, broken = (_shown(tmp_path, {"GET status": one}, "status") for one in (SEALED, BROKEN))

    assert "sealed: by the kernel since 2023-11-1" in sound
    assert "until Hearth is started anew\n" in sound
    assert "the broker has ended: `hearth restart`" in broken


@pytest.mark.parametrize(("found", "mark"), [(SEALED, ""), (BROKEN, "hearth restart")])
def test_doctor_says_it_too(tmp_path: Path, found: object, mark: str) -> None:
    """`hearth doctor` has a finding, with the next step where one is needed."""
    said = _shown(tmp_path, {"GET status": found}, "doctor")

    assert "Sealed by the kernel since 2023-11-1" in said
    assert mark in said


def test_the_tray_has_a_line() -> None:
    """The menu of the icon says it in one line; without a seal there is none."""
    lines = {
        name: [line.label for line in view(Facts(one)).lines] for name, one in (("sound", SEALED), ("bad", BROKEN))
    }
    plain = [line.label for line in view(Facts(status())).lines]

    assert any(label.startswith("Sealed by the kernel since 2023-11-1") for label in lines["sound"])
    assert any("the broker has ended" in label for label in lines["bad"])
    assert not any("ealed" in label for label in plain)


def test_the_switch_says_what_would_have_to_happen(tmp_path: Path) -> None:
    """`hearth mode lan` shows the daemon's own sentence, without a line of the file that is not to blame."""
    refusal = error("sealed", "Hearth is sealed and stays offline: mode lan takes effect when started anew.")

    said = _shown(tmp_path, {"PUT mode": Reply(refusal, 403), "GET status": SEALED}, "mode", "lan")

    assert "takes effect when started anew" in said
    assert "hearth.toml:" not in said
