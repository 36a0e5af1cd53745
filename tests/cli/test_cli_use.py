"""`hearth use`: what is chosen, and what nobody can say of it yet."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from cli.control_server import serving
from hearth.cli import command_line
from hearth.told import DefaultModel


def test_a_default_that_nobody_can_vouch_for_says_so(tmp_path: Path) -> None:
    """While Ollama has not said what it has, the choice is taken, and the doubt is told."""
    script = {
        "PUT default-model": DefaultModel("nope", note="Whether it is there is not known."),
        "GET default-model": DefaultModel("nope", chosen=True),
    }

    with serving(tmp_path, script):
        shown = CliRunner().invoke(command_line, ["--home", str(tmp_path), "use", "nope"])

    assert "Default model: nope" in shown.stdout
    assert "not known" in shown.stderr
