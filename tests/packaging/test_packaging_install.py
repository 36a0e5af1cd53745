"""Wheel and sdist are installed into empty environments by pip, uv and pipx, without any network, and then run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

import hearth
from source_tree import ROOT
from wheelhouse import built, environment, interpreter, stock

VERSION = f"hearth, version {hearth.__version__}\n"
_OWN_UV = ROOT / ".lock-venv" / "bin" / "uv"
UV = shutil.which("uv") or (str(_OWN_UV) if _OWN_UV.is_file() else None)
pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def _do(*command: str | Path, home: Path, **more: str) -> str:
    home.mkdir(exist_ok=True, mode=0o700)
    done = subprocess.run(
        command, cwd=home, env=environment(home, **more), capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _made(folder: Path, pattern: str) -> Path:
    subprocess.run([*built("wheel"), "--to", str(folder)], cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob(pattern))


def _empty(folder: Path) -> Path:
    """An environment with nothing in it, not even pip; returns its Python."""
    subprocess.run([interpreter(), "-m", "venv", "--without-pip", folder], check=True)
    return folder / "bin" / "python"


def _pip(python: Path, wheels: Path) -> list[str | Path]:
    """Pip from outside: it installs into the environment of that Python, from that folder alone."""
    quiet = ["--quiet", "--disable-pip-version-check", "--no-compile"]
    return [sys.executable, "-m", "pip", "--python", python, "install", *quiet, "--no-index", "--find-links", wheels]


def test_pip_installs_the_wheel_with_every_extra(tmp_path: Path) -> None:
    """All three extras resolve and install; both commands start, the demo plays, manual and completions are there."""
    wheels, python, home = stock(tmp_path / "wheels"), _empty(tmp_path / "env"), tmp_path / "home"
    wheel = _made(tmp_path / "made", "*.whl")

    _do(*_pip(python, wheels), f"{wheel}[tray,keyring,google]", home=home)

    assert _do(python.parent / "hearth", "--version", home=home) == VERSION
    assert "icon" in _do(python.parent / "hearth-tray", "--help", home=home)
    assert "busy" in _do(python.parent / "hearth", "demo", home=home)
    for place in ("man/man1/hearth.1", "bash-completion/completions/hearth", "zsh/site-functions/_hearth"):
        assert (tmp_path / "env/share" / place).is_file()


def test_pip_makes_the_same_wheel_of_the_sdist(tmp_path: Path) -> None:
    """Whoever starts from the sdist, in isolation and without this checkout, gets the files that the wheel has."""
    wheels, home = stock(tmp_path / "wheels"), tmp_path / "home"
    sdist = _made(tmp_path / "made", "*.tar.gz")
    how: list[str | Path] = [
        "--quiet",
        "--no-deps",
        "--no-index",
        "--find-links",
        wheels,
        "--wheel-dir",
        tmp_path / "again",
    ]

    _do(sys.executable, "-m", "pip", "wheel", *how, sdist, home=home)

    ours, theirs = next((tmp_path / "made").glob("*.whl")), next((tmp_path / "again").glob("*.whl"))
    assert _contents(theirs) == _contents(ours)


def _contents(wheel: Path) -> dict[str, int]:
    with ZipFile(wheel) as archive:
        return {each.filename: each.CRC for each in archive.infolist()}


@pytest.mark.skipif(UV is None, reason="uv is not installed here")
def test_uv_installs_it(tmp_path: Path) -> None:
    """`uv tool install` puts the command where uv puts commands, and it starts."""
    wheels, home, wheel = stock(tmp_path / "wheels"), tmp_path / "home", _made(tmp_path / "made", "*.whl")
    folders = {
        "UV_TOOL_DIR": f"{tmp_path}/tools",
        "UV_TOOL_BIN_DIR": f"{tmp_path}/bin",
        "UV_CACHE_DIR": f"{tmp_path}/cache",
    }
    how: list[str | Path] = ["--quiet", "--offline", "--no-index", "--find-links", wheels, "--python", interpreter()]

    _do(str(UV), "tool", "install", *how, wheel, home=home, **folders)

    assert _do(tmp_path / "bin" / "hearth", "--version", home=home) == VERSION


@pytest.mark.skipif(shutil.which("pipx") is None, reason="pipx is not installed here")
def test_pipx_installs_it(tmp_path: Path) -> None:
    """`pipx install` makes both commands, and the manual, its own."""
    wheels, home, wheel = stock(tmp_path / "wheels"), tmp_path / "home", _made(tmp_path / "made", "*.whl")
    folders = {"PIPX_HOME": f"{tmp_path}/pipx", "PIPX_BIN_DIR": f"{tmp_path}/bin", "PIPX_MAN_DIR": f"{tmp_path}/man"}
    how = ["--pip-args", f"--no-index --find-links {wheels}", "--python", str(interpreter())]

    _do(str(shutil.which("pipx")), "install", *how, wheel, home=home, PATH=os.environ["PATH"], **folders)

    assert _do(tmp_path / "bin" / "hearth", "--version", home=home) == VERSION
    assert (tmp_path / "man/man1/hearth.1").exists()
