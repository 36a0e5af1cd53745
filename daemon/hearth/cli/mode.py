"""`hearth mode`: tighten what may leave this machine, at once and without editing the config."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hearth.cli.context import client, json_option
from hearth.cli.output import print_json, say
from hearth.cli.words import counted
from hearth_config.words import MODES

if TYPE_CHECKING:
    from hearth.client import Client, Refused
    from hearth.told import ModeState


@click.command()
@click.argument("mode", required=False, type=click.Choice(MODES))
@click.option("--clear", is_flag=True, help="Go back to what hearth.toml says.")
@json_option
def mode(*, mode: str | None, clear: bool, as_json: bool) -> None:
    """Show the privacy mode, or tighten it to MODE.

    offline: this machine only. lan: and your own network. prefer-local: the
    cloud when local models cannot. any: the strategy decides. Never looser
    than the mode in hearth.toml. What the new mode forbids ends at once. The
    switch survives restarts.
    """
    if mode and clear:
        raise click.UsageError("Give a MODE or --clear, not both.")
    daemon = client()
    ended = _switch(daemon, mode).ended if mode or clear else 0
    found = daemon.mode()
    if as_json:
        print_json(found)
        return
    say(f"Mode: {found.mode} ({_why(found)})")
    if ended:
        say(f"{counted(ended, 'call')} ended that it forbids.")


def _switch(daemon: Client, mode: str | None) -> ModeState:
    from hearth.client import Refused

    try:
        return daemon.set_mode(mode)
    except Refused as refusal:
        if refusal.kind == "forbidden":
            raise click.ClickException(_with_line(refusal, Path(daemon.status().config.path))) from None
        raise


def _with_line(refusal: Refused, file: Path) -> str:
    """Return a refusal with the line of hearth.toml that is the ceiling."""
    from hearth_config.lines import find_line

    try:
        text = file.read_text("utf-8")
        line = find_line(text, ("mode",)) if "mode" in text else None
    except (OSError, UnicodeDecodeError):
        line = None
    if line is None:
        return f"{refusal} It does not set mode, so the default holds."
    return f"{refusal} ({file}:{line})"


def _why(found: ModeState) -> str:
    if found.switched is None:
        return "from hearth.toml"
    if found.mode == found.switched:
        return f"switched by `hearth mode`; hearth.toml allows {found.ceiling}"
    return f"from hearth.toml, tighter than the switch to {found.switched}"
