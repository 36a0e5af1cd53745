"""`python -m hearth_packaging [wheel|single-file|deb …]`: make what is handed out, and say its hash."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click

from hearth_packaging import debian, single_file
from hearth_packaging.closure import MissingError
from hearth_packaging.fixed import environment
from hearth_packaging.staging import ROOT


def _wheel(folder: Path) -> list[Path]:
    """Make wheel and sdist without a network: hatchling is installed beside us."""
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder)]

    subprocess.run(command, cwd=ROOT, check=True, env=environment(), stdout=subprocess.DEVNULL)
    return sorted([*folder.glob("hearthd-*.whl"), *folder.glob("hearthd-*.tar.gz")])


KINDS: dict[str, Callable[[Path], list[Path]]] = {
    "wheel": _wheel,
    "single-file": lambda folder: [single_file.build(folder)],
    "deb": lambda folder: [debian.build(folder)],
}


@click.command()
@click.argument("kinds", nargs=-1, type=click.Choice(tuple(KINDS)))
@click.option(
    "--to", "folder", type=click.Path(path_type=Path), default=ROOT / "dist", help="Where they go; else dist."
)
def build(kinds: tuple[str, ...], folder: Path) -> None:
    """Make wheel and sdist, the single file and the Debian package, or those of them that are named."""
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for kind in kinds or KINDS:
            for made in KINDS[kind](folder):
                click.echo(
                    f"{hashlib.sha256(made.read_bytes()).hexdigest()}  {made.name}  {made.stat().st_size:,} bytes"
                )
    except (MissingError, FileNotFoundError) as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    build(prog_name="python -m hearth_packaging")
