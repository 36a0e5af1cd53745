"""`hearth run`: the daemon in the foreground."""

from __future__ import annotations

import gc

import click

from hearth.cli.context import paths


@click.command()
@click.option("--stand-in", is_flag=True, help="Let a built-in stand-in answer while no Ollama does (to look around).")
@click.option("--sealed", is_flag=True, help="Mode offline for this run, held by the kernel (Linux).")
@click.pass_context
def run(ctx: click.Context, *, stand_in: bool, sealed: bool) -> None:
    """Run Hearth in the foreground, until Ctrl-C or `hearth stop`."""
    gc.disable()  # until the daemon settles: looking through what imports leave takes a tenth of the start
    from hearth.foreground import run as run_daemon

    ctx.exit(run_daemon(paths(), stand_in=stand_in, sealed=sealed))
