"""The Debian package and the single file are built, installed and run as users would, and come out the same twice."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import hearth
from source_tree import COMPONENTS, ROOT
from wheelhouse import built, environment, interpreter

STRANGE = {"TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7"}
"""What differs from one builder to the next; the mask of new files does too."""

FIXED = {"SOURCE_DATE_EPOCH": "1700000000"}
VERSION = f"hearth, version {hearth.__version__}\n"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(400),
    pytest.mark.skipif(sys.platform != "linux", reason="the packages are made and tried on Linux"),
]


def _two_copies(place: Path) -> tuple[Path, Path]:
    """Copy what is built from into two folders, so that nobody edits it between two builds."""
    first, second = place / "first", place / "second"
    for component in COMPONENTS:
        shutil.copytree(ROOT / component, first / component, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md"):
        shutil.copyfile(ROOT / name, first / name)
    shutil.copytree(first, second)
    return first, second


def _build(kind: str, sources: Path, **strange: str) -> Path:
    """Build by the command, as `make package` does, and return the folder of what was made."""
    command = [*built(kind), "--to", "made", "--python", str(interpreter())]
    environ = {**os.environ, **FIXED, **strange, "PYTHONPATH": os.pathsep.join(COMPONENTS)}
    umask = 0o077 if strange else 0o022
    subprocess.run(command, cwd=sources, check=True, capture_output=True, env=environ, umask=umask)
    return sources / "made"


def _bytes(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def _said(command: Sequence[str | Path], home: Path, **more: str) -> str:
    home.mkdir(exist_ok=True, mode=0o700)
    done = subprocess.run(
        command, cwd=home, env=environment(home, **more), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _command_after_restart(hearth: list[str], place: Path, **more: str) -> str:
    """Start a daemon in the background by `hearth restart`, and return how that process was started."""
    home = place / "daemon"
    home.mkdir(mode=0o700)
    (home / "hearth.toml").write_text('[listen]\ntcp = "off"\n')
    command = [*hearth, "--home", str(home)]
    _said([*command, "restart"], home, **more)
    try:
        pid = json.loads(_said([*command, "status", "--json"], home, **more))["pid"]
        return Path(f"/proc/{pid}/cmdline").read_text()
    finally:
        _said([*command, "stop"], home, **more)


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg is not here: it is on Debian, Ubuntu and their like")
def test_the_debian_package_is_installed_run_and_removed(tmp_path: Path) -> None:
    """Debian's dpkg puts it into an empty system; its commands work there; removed, nothing is left;
    and a second build has the same bytes.
    """
    sources, again = _two_copies(tmp_path)
    first, root, home = _build("deb", sources), tmp_path / "system", tmp_path / "home"
    (package,) = first.iterdir()
    for folder in ("info", "updates", "triggers"):
        (root / "var/lib/dpkg" / folder).mkdir(parents=True)
    (root / "var/lib/dpkg/status").touch()
    dpkg = [
        "dpkg",
        f"--root={root}",
        "--force-not-root",
        "--force-depends",
        "--force-unsafe-io",
        f"--log={tmp_path}/log",
    ]

    subprocess.run([*dpkg, "--install", package], check=True, capture_output=True)
    page = gzip.decompress((root / "usr/share/man/man1/hearth.1.gz").read_bytes())
    notices = gzip.decompress((root / "usr/share/doc/hearthd/third-party-notices.gz").read_bytes())

    assert _said([root / "usr/bin/hearth", "--version"], home) == VERSION
    assert "icon" in _said([root / "usr/bin/hearth-tray", "--help"], home)
    assert "busy" in _said([root / "usr/bin/hearth", "demo"], home)
    assert str(root) in _said(
        [root / "usr/lib/hearth/bin/python3", "-c", "import keyring; print(keyring.__file__)"], home
    )
    assert b".SH COMMANDS" in page
    assert b"aiohttp" in notices
    assert (root / "usr/share/bash-completion/completions/hearth").is_file()

    subprocess.run([*dpkg, "--purge", "hearthd"], check=True, capture_output=True)

    assert not [path for path in (root / "usr").rglob("*") if path.is_file()]

    second = _build("deb", again, **STRANGE)

    assert _bytes(first) == _bytes(second)


def test_the_single_file_runs_and_comes_out_the_same(tmp_path: Path) -> None:
    """It needs a Python and nothing else; the demo starts a daemon out of it; a second build has the same bytes."""
    sources, again = _two_copies(tmp_path)
    first = _build("single-file", sources)
    (file,) = first.iterdir()
    unpacked = {"SHIV_ROOT": str(tmp_path / "unpacked")}

    assert _said([interpreter(), file, "--version"], tmp_path / "home", **unpacked) == VERSION
    assert "busy" in _said([interpreter(), file, "demo"], tmp_path / "home", **unpacked)
    assert list((tmp_path / "unpacked").rglob("THIRD-PARTY-NOTICES.txt"))
    assert str(file) in _command_after_restart([str(interpreter()), str(file)], tmp_path, **unpacked)

    second = _build("single-file", again, **STRANGE)

    assert _bytes(first) == _bytes(second)


def test_wheel_and_sdist_come_out_the_same(tmp_path: Path) -> None:
    """T29: whoever builds the same sources can compare hashes."""
    sources, again = _two_copies(tmp_path)

    first, second = _build("wheel", sources), _build("wheel", again, **STRANGE)

    assert len(_bytes(first)) == 2
    assert _bytes(first) == _bytes(second)
