"""The single file `hearth-VERSION-SYSTEM.pyz`: Hearth and its libraries, for a machine that has just a Python."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import hearth
from hearth_packaging.fixed import environment, set_times
from hearth_packaging.notices import texts
from hearth_packaging.staging import fill

NOTICES = "THIRD-PARTY-NOTICES.txt"


def build(folder: Path) -> Path:
    """Write the file into a folder and return its path. It runs on this system's kind and on this Python version.

    It unpacks itself under `~/.shiv` (or SHIV_ROOT) when it is first started, since compiled libraries cannot be
    loaded out of an archive.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"hearth-{hearth.__version__}-{suffix()}.pyz"
    with tempfile.TemporaryDirectory() as temporary:
        site = Path(temporary) / "site-packages"
        libraries = fill(site, ())
        (site / NOTICES).write_text(texts(libraries), encoding="utf-8")
        set_times(site)
        _shiv(site, target)
    return target


def suffix() -> str:
    """Return for whom compiled libraries are built: "cp311-linux_x86_64"."""
    system = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    return f"cp{sys.version_info.major}{sys.version_info.minor}-{system}"


def _shiv(site: Path, target: Path) -> None:
    interpreter = f"/usr/bin/env python{sys.version_info.major}.{sys.version_info.minor}"
    how = ["--site-packages", str(site), "--console-script", "hearth", "--python", interpreter]
    more = ["--output-file", str(target), "--reproducible", "--extend-pythonpath", "--compile-pyc"]
    command = [sys.executable, "-m", "shiv.cli", *how, *more]
    subprocess.run(command, check=True, env=environment())
