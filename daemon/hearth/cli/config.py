"""`hearth config`: check, show, find and edit hearth.toml; no daemon is needed."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hearth.cli.context import json_option, paths
from hearth.cli.output import print_json, print_table, say

if TYPE_CHECKING:
    from hearth_config.load import Loaded


@click.group()
def config() -> None:
    """Check, show, find or edit hearth.toml."""


@config.command()
@json_option
@click.pass_context
def check(ctx: click.Context, *, as_json: bool) -> None:
    """Check hearth.toml and hearth.env.

    Exits 1 with file, line, key and reason if they cannot be used.
    """
    from hearth_config.errors import ConfigError

    try:
        loaded = _load()
    except ConfigError as error:
        if not as_json:
            raise
        print_json({"ok": False, "file": error.file, "line": error.line, "key": error.key, "error": str(error)})
        ctx.exit(1)
    if as_json:
        path = str(loaded.path)
        print_json({"ok": True, "file": path, "warnings": loaded.warnings})
        return
    for warning in loaded.warnings:
        say(f"Warning: {warning}", err=True)
    state = "is empty or missing: every setting has its default" if loaded.blank else "is fine"
    say(f"{loaded.path} {state}.")


@config.command()
@click.option("--changed", is_flag=True, help="Only what differs from the defaults by file or preset.")
@json_option
def show(*, changed: bool, as_json: bool) -> None:
    """Show every setting and where it comes from; keys are masked."""
    from hearth_config.shown import shown

    rows = [row for row in shown(_load()) if not changed or row.source != "default"]
    if as_json:
        print_json(rows)
    else:
        print_table(("SETTING", "VALUE", "FROM"), ((row.key, row.value, row.source) for row in rows))


@config.command()
@click.option("--markdown", is_flag=True, help="Print the table of docs/providers.md.")
@json_option
def presets(*, markdown: bool, as_json: bool) -> None:
    """List the presets: what Hearth knows of providers, and your own."""
    if markdown:
        from hearth.cli.preset_table import markdown as table

        click.echo(table(), nl=False)
        return
    from hearth_config.presets import overview

    rows = overview(paths().config_file.parent)
    if as_json:
        print_json(rows)
        return
    shown = ((row.name, row.dialect, row.address, row.key, row.title) for row in rows)
    print_table(("PRESET", "DIALECT", "ADDRESS", "KEY", "PROVIDER"), shown)


@config.command()
@json_option
def path(*, as_json: bool) -> None:
    """Print where hearth.toml is (--json: all of Hearth's files)."""
    where = paths()
    if as_json:
        print_json({name: str(getattr(where, name)) for name in where.__struct_fields__})
    else:
        say(str(where.config_file))


@config.command()
def edit() -> None:
    """Open hearth.toml in your editor, then check it.

    A missing file begins as the reference manual, at its defaults.
    """
    file = paths().config_file
    if not file.exists():
        _write_example(file)
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or ("notepad" if os.name == "nt" else "vi")
    try:
        ended = subprocess.run([*shlex.split(editor), str(file)], check=False)
    except (OSError, ValueError):
        raise click.ClickException(f"The editor {editor!r} cannot be started. Set EDITOR to another one.") from None
    if ended.returncode:
        raise click.ClickException(f"The editor ended with {ended.returncode}; {file} was not checked.")
    loaded = _load()
    for warning in loaded.warnings:
        say(f"Warning: {warning}", err=True)
    say(f"{file} is fine. A running Hearth takes it over by itself.")


def _write_example(file: Path) -> None:
    from hearth_config.manual import example

    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(example())


def _load() -> Loaded:
    from hearth_config.load import load

    return load(paths(), os.environ, allow_missing=True)
