"""A folder of wheels made of what is installed here, so that pip can install without any network."""

from __future__ import annotations

import sys
from email.parser import HeaderParser
from importlib.metadata import Distribution
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

from packaging.utils import canonicalize_name

from hearth_packaging.closure import DESKTOP, needed

BUILDERS = ("hatchling", "editables")
"""What pip fetches to build an sdist, besides what these need."""


def stock(folder: Path) -> Path:
    """Fill a folder with the wheels that Hearth, its extras and its build need, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    found = [*needed(DESKTOP), *map(Distribution.from_name, BUILDERS)]
    found += [one for builder in BUILDERS for one in needed(by=builder)]
    for one in {each.name: each for each in found}.values():
        _repack(one, folder)
    return folder


def interpreter() -> Path:
    """The Python under the environment that runs the tests."""
    return Path(getattr(sys, "_base_executable", sys.executable)).resolve()


def environment(home: Path, **more: str) -> dict[str, str]:
    """An environment in which nothing of this checkout or of this user is seen."""
    return {"PATH": "/usr/bin:/bin", "HOME": str(home), "XDG_RUNTIME_DIR": str(home), "LC_ALL": "C.UTF-8", **more}


def built(kind: str) -> list[str]:
    """The command that makes one kind of package, to be followed by options."""
    return [sys.executable, "-m", "hearth_packaging", kind]


def _repack(one: Distribution, folder: Path) -> None:
    name = f"{canonicalize_name(one.name).replace('-', '_')}-{one.version}-{_tag(one)}.whl"
    with ZipFile(folder / name, "w", ZIP_STORED) as archive:
        for file in one.files or ():
            if ".." not in file.parts and "__pycache__" not in file.parts:
                archive.write(Path(str(file.locate())), file.as_posix())


def _tag(one: Distribution) -> str:
    """The wheel's tag as a file name has it: `py2.py3-none-any`."""
    tags = HeaderParser().parsestr(one.read_text("WHEEL") or "").get_all("Tag") or ["py3-none-any"]
    parts = [tag.strip().split("-", 2) for tag in tags]
    return "-".join(".".join(sorted({part[place] for part in parts})) for place in range(3))
