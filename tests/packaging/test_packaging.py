"""What is shipped and what it needs: few dependencies with reasons, all pinned by hash, and a whole wheel."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

from source_tree import ROOT

MOST_DEPENDENCIES = 14


def _project() -> str:
    return (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def _name(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9_.-]", requirement, maxsplit=1)[0].lower()


def _pins() -> list[str]:
    """The lock file's entries: one pinned requirement each, its hashes on the lines that continue it."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    return [entry for entry in "\n".join(lines).replace("\\\n", " ").splitlines() if entry.strip()]


def test_dependencies_are_few_and_each_has_its_reason() -> None:
    """T29: at most 14 direct run-time dependencies, and each line says what it is for."""
    project = tomllib.loads(_project())["project"]
    wanted = project["dependencies"]
    optional = [each for extra in project["optional-dependencies"].values() for each in extra]

    unexplained = [
        each for each in wanted + optional if not re.search(re.escape(f'"{each}",') + r"\s+# \w+", _project())
    ]

    assert len(wanted) <= MOST_DEPENDENCIES
    assert not unexplained


def test_everything_is_pinned_by_hash() -> None:
    """T29: each entry of the lock file is one exact version with at least one hash."""
    loose = [entry for entry in _pins() if not re.match(r"^[\w.-]+==[^ ]+ .*--hash=sha256:[0-9a-f]{64}", entry)]

    assert not loose


def test_the_lock_file_covers_what_the_project_asks_for() -> None:
    """A dependency that was added without `make lock` is found here, not by the next fresh install."""
    data = tomllib.loads(_project())
    asked = [
        *data["project"]["dependencies"],
        *(each for group in data["dependency-groups"].values() for each in group),
    ]

    missing = {_name(each) for each in asked if isinstance(each, str)} - {_name(entry) for entry in _pins()}

    assert not missing, "run `make lock`"


def test_the_wheel_holds_every_file_of_the_packages(tmp_path: Path) -> None:
    """T29: a wheel carries each package whole, presets and type marker included, and no file that runs at start."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=150)

    (wheel,) = tmp_path.glob("*.whl")
    shipped = set(ZipFile(wheel).namelist())

    assert not _package_files() - shipped
    assert not {name for name in shipped if name.endswith(".pth")}


def _package_files() -> set[str]:
    """Every file of the packages that the wheel is said to hold, by its name in there."""
    packages = tomllib.loads(_project())["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    return {
        file.relative_to((ROOT / package).parent).as_posix()
        for package in packages
        for file in (ROOT / package).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
