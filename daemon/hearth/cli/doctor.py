"""`hearth doctor`: look at everything that commonly stands in the way, with the next step for each."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hearth.cli.context import client, json_option, paths
from hearth.cli.output import clean, print_json, say

if TYPE_CHECKING:
    from hearth.status import Finding

_SIGNS = {"ok": "ok  ", "note": "note", "bad": "BAD "}
_COLOURS = {"ok": "green", "note": "yellow", "bad": "red"}


@click.command()
@click.argument("provider", default="")
@click.option("--model", default="", help="Which of its models to ask; default: the one of the config.")
@click.option("--free", is_flag=True, help="Leave out what may cost money.")
@click.option(
    "--bundle",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write all of it to a file for somebody who helps, without keys, prompts, names and folders.",
)
@json_option
@click.pass_context
def doctor(ctx: click.Context, *, provider: str, model: str, free: bool, file: Path | None, as_json: bool) -> None:
    """Look for what stands in the way; exit 1 if something does.

    Without PROVIDER it works with and without a running daemon, and nothing but this machine is asked. With it, that
    provider is asked for its models and for an answer of one word, as the mode allows; only the answer may cost money.
    """
    if model and not provider:
        raise click.UsageError("--model needs a PROVIDER.")
    if file and provider:
        raise click.UsageError("--bundle goes without a PROVIDER.")
    unchecked: tuple[str, ...] = ()
    if provider:
        from hearth.cli.provider_check import provider_check

        findings = provider_check(client(), provider, model, free=free)
    else:
        from hearth.cli.checkup import NOT_CHECKED, checkup

        findings, unchecked = list(checkup(paths())), NOT_CHECKED
    if file:
        _bundle(file, findings)
    elif as_json:
        print_json({"findings": findings, "not_checked": unchecked})
    else:
        _show(findings, unchecked)
    ctx.exit(1 if any(one.state == "bad" for one in findings) else 0)


def _show(findings: Sequence[Finding], unchecked: Sequence[str]) -> None:
    for one in findings:
        sign = click.style(_SIGNS[one.state], fg=_COLOURS[one.state]) if sys.stdout.isatty() else _SIGNS[one.state]
        click.echo(f"{sign} {clean(one.text)}")
        if one.next_step:
            say(f"       {one.next_step}")
    if unchecked:
        say(f"Not checked: {'; '.join(unchecked)}.")


def _bundle(file: Path, findings: Sequence[Finding]) -> None:
    from hearth.cli.bundle import bundle

    text = bundle(paths(), findings, dict(os.environ))
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise click.ClickException(f"{file} is there already. Name another file.") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(text)
    say(f"Wrote {file}, {len(text.splitlines())} lines. Read it before you send it: nobody knows all your secrets.")
