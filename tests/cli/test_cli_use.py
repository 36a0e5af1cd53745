"""`hearth mode` and `hearth use`: what is switched, and what nobody can say of it yet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from click.testing import CliRunner, Result

from cli.control_server import ControlServer, serving
from hearth.cli import command_line
from hearth.told import DefaultModel


def _run(home: Path, script: Mapping[str, object], *arguments: str) -> tuple[Result, ControlServer]:
    with serving(home, script) as server:
        shown = CliRunner().invoke(command_line, ["--home", str(home), *arguments])
    return shown, server


def test_mode_and_use_switch_and_clear(tmp_path: Path) -> None:
    """A switch is sent as it was typed; `--clear` leaves it to the file."""
    script = {
        "PUT mode": {"mode": "lan", "ended": 2},
        "GET mode": {"mode": "lan", "ceiling": "any", "switched": "lan"},
        "PUT default-model": {"model": None},
        "GET default-model": {"model": "fast", "chosen": False},
    }

    switched, mode_server = _run(tmp_path, script, "mode", "lan")
    cleared, use_server = _run(tmp_path, script, "use", "--clear")

    assert "Mode: lan" in switched.stdout
    assert "2 calls ended that it forbids." in switched.stdout
    assert mode_server.asked[0].body == {"mode": "lan"}
    assert cleared.stdout == "Default model: fast (from hearth.toml)\n"
    assert use_server.asked[0].body == {"model": None}


def test_a_default_that_nobody_can_vouch_for_says_so(tmp_path: Path) -> None:
    """While Ollama has not said what it has, the choice is taken, and the doubt is told."""
    script = {
        "PUT default-model": DefaultModel("nope", note="Whether it is there is not known."),
        "GET default-model": DefaultModel("nope", chosen=True),
    }

    shown, _ = _run(tmp_path, script, "use", "nope")

    assert "Default model: nope" in shown.stdout
    assert "not known" in shown.stderr
