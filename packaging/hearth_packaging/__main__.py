"""`python -m hearth_packaging [wheel|single-file|deb …]`: make what is handed out, and say its hash."""

from __future__ import annotations

import hashlib
from pathlib import Path

import click

from hearth_packaging import debian, single_file
from hearth_packaging.closure import MissingError
from hearth_packaging.staging import ROOT, hatch

KINDS = ("wheel", "single-file", "deb")


@click.command()
@click.argument("kinds", nargs=-1, type=click.Choice(KINDS))
@click.option(
    "--to", "folder", type=click.Path(path_type=Path), default=ROOT / "dist", help="Where they go; else dist."
)
@click.option("--python", default=debian.SYSTEM_PYTHON, help="The interpreter that the Debian package runs on.")
def build(kinds: tuple[str, ...], folder: Path, python: str) -> None:
    """Make wheel and sdist, the single file and the Debian package, or those of them that are named."""
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for kind in kinds or KINDS:
            for made in _make(kind, folder, python):
                digest = hashlib.sha256(made.read_bytes()).hexdigest()
                click.echo(f"{digest}  {made.name}  {made.stat().st_size:,} bytes")
    except (MissingError, FileNotFoundError) as error:
        raise click.ClickException(str(error)) from error


def _make(kind: str, folder: Path, python: str) -> list[Path]:
    if kind == "single-file":
        return [single_file.build(folder)]
    if kind == "deb":
        return [debian.build(folder, python)]
    return _wheel_and_sdist(folder)


def _wheel_and_sdist(folder: Path) -> list[Path]:
    hatch(folder)
    return sorted([*folder.glob("hearthd-*.whl"), *folder.glob("hearthd-*.tar.gz")])


if __name__ == "__main__":
    build(prog_name="python -m hearth_packaging")
