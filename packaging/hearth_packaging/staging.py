"""A folder with everything a bundle runs from: Hearth's own wheel, unpacked, and the libraries it needs."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from importlib.metadata import Distribution, PackagePath
from pathlib import Path
from zipfile import ZipFile

from hearth_packaging.closure import needed
from hearth_packaging.fixed import environment

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = ("pip",)
"""sqlite-utils names pip for a command of its own that Hearth never runs; it is a third of all files."""
_OF_THE_INSTALLER = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")


def hatch(folder: Path, *how: str) -> None:
    """Build wheel and sdist, or what `how` says, into a folder: without any network, with the hatchling beside us."""
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder), *how]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env=environment())


def wheel(folder: Path) -> Path:
    """Build Hearth's wheel into a folder and return its path."""
    hatch(folder, "--target", "wheel")
    (made,) = folder.glob("*.whl")
    return made


def fill(site: Path, extras: Iterable[str]) -> list[Distribution]:
    """Fill the folder `site` as site-packages, and return the libraries that now are in it."""
    libraries = [one for one in needed(extras) if one.name not in LEFT_OUT]
    for one in libraries:
        copy(one, site)
    with tempfile.TemporaryDirectory() as folder, ZipFile(wheel(Path(folder))) as archive:
        archive.extractall(site, [name for name in archive.namelist() if ".data/" not in name])
    return libraries


def copy(library: Distribution, site: Path) -> None:
    """Copy what one installed distribution imports and says of itself; scripts and caches stay behind."""
    for file in library.files or ():
        if _belongs(file):
            target = site / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path(str(file.locate())), target)


def compile_all(site: Path, installed_as: str) -> None:
    """Compile every module as found under the folder `installed_as` later; the same sources give the same bytes."""
    how = ["-q", "-j", "1", "--invalidation-mode", "unchecked-hash", "-s", str(site), "-p", installed_as]
    subprocess.run([sys.executable, "-m", "compileall", *how, str(site)], check=True, env=environment())


def _belongs(file: PackagePath) -> bool:
    if file.name in _OF_THE_INSTALLER and file.parent.name.endswith(".dist-info"):
        return False
    return ".." not in file.parts and "__pycache__" not in file.parts and not file.is_absolute()
