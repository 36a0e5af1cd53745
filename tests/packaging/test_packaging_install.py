"""Wheel and sdist are installed into empty environments by pip, uv and pipx, without any network, and then run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
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


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The one place from which pip may take libraries."""
    folder = stock(tmp_path_factory.mktemp("wheels"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with our wheel and our sdist."""
    folder = tmp_path_factory.mktemp("made")
    subprocess.run([*built("wheel"), "--to", str(folder)], cwd=ROOT, check=True, capture_output=True)
    return folder


def _wheel(made: Path) -> Path:
    return next(made.glob("*.whl"))


def _empty(folder: Path) -> Path:
    """An environment with nothing in it, not even pip; returns its Python."""
    subprocess.run([interpreter(), "-m", "venv", "--without-pip", folder], check=True)
    return folder / "bin" / "python"


def _pip(python: Path, wheels: Path) -> list[str | Path]:
    """Pip from outside: it installs into the environment of that Python, from that folder alone."""
    quiet = ["--quiet", "--disable-pip-version-check", "--no-compile"]
    return [sys.executable, "-m", "pip", "--python", python, "install", *quiet, "--no-index", "--find-links", wheels]


def test_pip_installs_the_wheel_with_every_extra(tmp_path: Path, wheels: Path, made: Path) -> None:
    """All three extras resolve and install; both commands start, the demo plays, manual and completions are there."""
    python, home = _empty(tmp_path / "env"), tmp_path / "home"

    _do(*_pip(python, wheels), f"{_wheel(made)}[tray,keyring,google]", home=home)

    assert _do(python.parent / "hearth", "--version", home=home) == VERSION
    assert "icon" in _do(python.parent / "hearth-tray", "--help", home=home)
    assert "busy" in _do(python.parent / "hearth", "demo", home=home)
    for place in ("man/man1/hearth.1", "bash-completion/completions/hearth", "zsh/site-functions/_hearth"):
        assert (tmp_path / "env/share" / place).is_file()


def test_pip_makes_the_same_wheel_of_the_sdist(tmp_path: Path, wheels: Path, made: Path) -> None:
    """Whoever starts from the sdist, in isolation and without this checkout, gets the files that the wheel has."""
    home, sdist = tmp_path / "home", next(made.glob("*.tar.gz"))
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

    assert _contents(_wheel(tmp_path / "again")) == _contents(_wheel(made))


def _contents(wheel: Path) -> dict[str, int]:
    with ZipFile(wheel) as archive:
        return {each.filename: each.CRC for each in archive.infolist()}


@pytest.mark.skipif(UV is None, reason="uv is not installed here")
def test_uv_installs_it(tmp_path: Path, wheels: Path, made: Path) -> None:
    """`uv tool install` puts the command where uv puts commands, and it starts."""
    home = tmp_path / "home"
    folders = {
        "UV_TOOL_DIR": f"{tmp_path}/tools",
        "UV_TOOL_BIN_DIR": f"{tmp_path}/bin",
        "UV_CACHE_DIR": f"{tmp_path}/cache",
    }
    how: list[str | Path] = ["--quiet", "--offline", "--no-index", "--find-links", wheels, "--python", interpreter()]

    _do(str(UV), "tool", "install", *how, _wheel(made), home=home, **folders)

    assert _do(tmp_path / "bin" / "hearth", "--version", home=home) == VERSION


@pytest.mark.skipif(shutil.which("pipx") is None, reason="pipx is not installed here")
def test_pipx_installs_it(tmp_path: Path, wheels: Path, made: Path) -> None:
    """`pipx install` makes both commands, and the manual, its own."""
    home = tmp_path / "home"
    folders = {"PIPX_HOME": f"{tmp_path}/pipx", "PIPX_BIN_DIR": f"{tmp_path}/bin", "PIPX_MAN_DIR": f"{tmp_path}/man"}
    how = ["--pip-args", f"--no-index --find-links {wheels}", "--python", str(interpreter())]

    _do(str(shutil.which("pipx")), "install", *how, _wheel(made), home=home, PATH=os.environ["PATH"], **folders)

    assert _do(tmp_path / "bin" / "hearth", "--version", home=home) == VERSION
    assert (tmp_path / "man/man1/hearth.1").exists()
