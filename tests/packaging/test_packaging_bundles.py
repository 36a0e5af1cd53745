"""The Debian package and the single file are built, installed and run as users would, and come out the same twice."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import hearth
from source_tree import ROOT
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


def _build(kind: str, folder: Path, **strange: str) -> Path:
    """Build by the command, as `make package` does; the folder then holds just that."""
    command = [*built(kind), "--to", str(folder), "--python", str(interpreter())]
    umask = 0o077 if strange else 0o022
    subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, env={**os.environ, **FIXED, **strange}, umask=umask
    )
    (made,) = folder.iterdir()
    return made


def _said(command: list[str | Path], home: Path, **more: str) -> str:
    home.mkdir(exist_ok=True, mode=0o700)
    done = subprocess.run(
        command, cwd=home, env=environment(home, **more), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg is not here: it is on Debian, Ubuntu and their like")
def test_the_debian_package_is_installed_run_and_removed(tmp_path: Path) -> None:
    """Debian's dpkg puts it into an empty system; its commands work there; removed, nothing is left;
    and a second build has the same bytes.
    """
    package, root, home = _build("deb", tmp_path / "made"), tmp_path / "system", tmp_path / "home"
    for folder in ("info", "updates", "triggers"):
        (root / "var/lib/dpkg" / folder).mkdir(parents=True)
    (root / "var/lib/dpkg/status").touch()
    dpkg = ["dpkg", f"--root={root}", "--force-not-root", "--force-depends", f"--log={tmp_path}/log"]

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

    second = _build("deb", tmp_path / "second", **STRANGE)

    assert package.read_bytes() == second.read_bytes()


def test_the_single_file_runs_and_comes_out_the_same(tmp_path: Path) -> None:
    """It needs a Python and nothing else; the demo starts a daemon out of it; a second build has the same bytes."""
    first = _build("single-file", tmp_path / "first")
    unpacked = {"SHIV_ROOT": str(tmp_path / "unpacked")}

    assert _said([interpreter(), first, "--version"], tmp_path / "home", **unpacked) == VERSION
    assert "busy" in _said([interpreter(), first, "demo"], tmp_path / "home", **unpacked)
    assert list((tmp_path / "unpacked").rglob("THIRD-PARTY-NOTICES.txt"))

    second = _build("single-file", tmp_path / "second", **STRANGE)

    assert first.read_bytes() == second.read_bytes()


def test_wheel_and_sdist_come_out_the_same(tmp_path: Path) -> None:
    """T29: whoever builds the same sources can compare hashes."""
    for folder, strange in (("first", {}), ("second", STRANGE)):
        command = [*built("wheel"), "--to", str(tmp_path / folder)]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env={**os.environ, **FIXED, **strange})

    first, second = (
        {file.name: file.read_bytes() for file in (tmp_path / name).iterdir()} for name in ("first", "second")
    )

    assert len(first) == 2
    assert first == second
