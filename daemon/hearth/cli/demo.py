"""`hearth demo`: the whole story in a few seconds, played in a temporary home."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hearth.cli.output import clean, say
from hearth.cli.words import counted

if TYPE_CHECKING:
    from hearth.demo.told import Told

_INDENT = 13
_OPENING = (
    "Stand-ins on this machine play Ollama and a cloud: no model, no account. The daemon and what it decides are real."
)


@click.command()
@click.pass_context
def demo(ctx: click.Context) -> None:
    """Show in a few seconds what Hearth does; nothing of yours is touched.

    A real daemon runs in a temporary folder, beside two stand-ins: one plays
    a local Ollama, one a cloud. Every line is what a real request gave. Exit
    code 1 if anything did not go as it should.
    """
    from hearth.demo.stage import Stage
    from hearth.demo.story import play

    say(_OPENING)
    with Stage() as stage:
        printer = _Printer(ctx, stage.home)
        for told in play(stage):
            printer.show(told)
    if printer.failures:
        say(f"{counted(printer.failures, 'thing')} went wrong.", err=True)
        ctx.exit(1)


class _Printer:
    """Prints what is told, one line each; an answer in the pieces in which it comes."""

    def __init__(self, ctx: click.Context, home: Path) -> None:
        self._root = ctx.find_root().command
        self._home = str(home)
        self._speaking = False
        self.failures = 0

    def show(self, told: Told) -> None:
        """Print one thing."""
        from hearth.demo.told import Command, Fact, Scene, Verdict, Words

        match told:
            case Scene(title):
                click.echo(f"\n{click.style(clean(title), bold=True)}")
            case Fact(label, text):
                _line(label, text)
            case Words(text):
                self._speak(text)
            case Command(arguments):
                self._run(arguments)
            case Verdict(holds, text):
                self.failures += not holds
                _line("yes" if holds else "not so", text, colour="green" if holds else "red")

    def _run(self, arguments: tuple[str, ...]) -> None:
        _line("$", f"hearth {' '.join(arguments)}")
        code = self._root.main(["--home", self._home, *arguments], prog_name="hearth", standalone_mode=False)
        self.failures += bool(code)

    def _speak(self, text: str) -> None:
        if text and not self._speaking:
            click.echo(f"  {'answer':<{_INDENT - 2}}", nl=False)
        self._speaking = bool(text)
        click.echo(clean(text), nl=not text)


def _line(label: str, text: str, colour: str | None = None) -> None:
    shown = click.style(f"{label:<{_INDENT - 2}}", fg=colour, dim=colour is None)
    click.echo(f"  {shown}{clean(text)}")
