"""The Debian package: one folder of libraries under /usr/lib/hearth that runs on the system's own Python."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import Distribution
from pathlib import Path

import hearth
from hearth_packaging.closure import DESKTOP
from hearth_packaging.completions import PLACES, script
from hearth_packaging.fixed import environment, set_times
from hearth_packaging.manual import page
from hearth_packaging.notices import texts
from hearth_packaging.staging import ROOT, compile_all, fill

HOME = "usr/lib/hearth"
PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
SYSTEM_PYTHON = f"/usr/bin/{PYTHON}"
COMMANDS = {"hearth": "hearth", "hearth-tray": "hearth_tray"}
"""The commands in /usr/bin, and the modules they start."""

_CONTROL = """\
Package: hearthd
Version: {version}
Architecture: {architecture}
Maintainer: The Hearth authors <hearthd@localhost>
Installed-Size: {kilobytes}
Depends: {python}
Recommends: python3-gi, gir1.2-ayatanaappindicator3-0.1
Section: utils
Priority: optional
Description: local-first LLM daemon
 Hearth listens on this machine alone, speaks the dialects that editors and agents
 already speak, answers from local models whenever it can, and asks a cloud provider
 only where you allow it.
 .
 Nothing is started by the installation: `hearth service install` starts it at login.
"""
_WRAPPER = """\
#!/bin/sh
# {name}, on the libraries that came with it. The folder is found from this file, so that a moved tree works too.
here=$(dirname "$(readlink -f "$0")")
exec "$here/../lib/hearth/bin/python3" -P -m {module} "$@"
"""


def build(folder: Path, interpreter: str = SYSTEM_PYTHON) -> Path:
    """Write `hearthd_VERSION_ARCH.deb` into a folder and return its path.

    The package holds the extras for a desktop. It runs on `interpreter`, which must be of the version that builds.
    """
    folder.mkdir(parents=True, exist_ok=True)
    architecture = _dpkg_architecture()
    target = folder / f"hearthd_{hearth.__version__}_{architecture}.deb"
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary) / "root"
        libraries = _libraries(root, interpreter)
        _commands(root)
        _shared(root, libraries)
        _control(root, architecture)
        set_times(root)
        command = ["dpkg-deb", "--root-owner-group", "-Zzstd", "--build", str(root), str(target)]
        subprocess.run(command, check=True, env=environment(), stdout=subprocess.DEVNULL)
    return target


def _libraries(root: Path, interpreter: str) -> list[Distribution]:
    """Lay out what Python takes for an environment of its own: interpreter, a note beside it, modules."""
    home = root / HOME
    site = home / "lib" / PYTHON / "site-packages"
    libraries = fill(site, DESKTOP)
    compile_all(site, f"/{HOME}/lib/{PYTHON}/site-packages")
    (home / "bin").mkdir()
    (home / "bin" / "python3").symlink_to(interpreter)
    note = f"home = {Path(interpreter).parent}\ninclude-system-site-packages = false\n"
    (home / "pyvenv.cfg").write_text(note, encoding="utf-8")
    return libraries


def _commands(root: Path) -> None:
    for name, module in COMMANDS.items():
        _write(root / "usr/bin" / name, _WRAPPER.format(name=name, module=module))
        (root / "usr/bin" / name).chmod(0o755)


def _shared(root: Path, libraries: list[Distribution]) -> None:
    """Put manual, completions and papers where Debian keeps them."""
    for shell, place in PLACES.items():
        _write(root / "usr" / place.replace("zsh/site-functions", "zsh/vendor-completions"), script(shell))
    _compressed(root / "usr/share/man/man1/hearth.1.gz", page())
    papers = root / "usr/share/doc/hearthd"
    _compressed(papers / "changelog.gz", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    _compressed(papers / "third-party-notices.gz", texts(libraries))
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    _write(
        papers / "copyright",
        f"{licence}\nThe libraries under /{HOME} have licences of their own: third-party-notices.gz.\n",
    )


def _control(root: Path, architecture: str) -> None:
    files = [path for path in sorted(root.rglob("*")) if path.is_file() and not path.is_symlink()]
    kilobytes = sum(path.stat().st_size for path in files) // 1024
    sums = (f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(root)}\n" for path in files)  # noqa: S324 -- dpkg's own format, no protection
    _write(root / "DEBIAN/md5sums", "".join(sums))
    facts = {"version": hearth.__version__, "architecture": architecture, "kilobytes": kilobytes, "python": PYTHON}
    _write(root / "DEBIAN/control", _CONTROL.format(**facts))


def _dpkg_architecture() -> str:
    if shutil.which("dpkg-deb") is None:
        raise FileNotFoundError("dpkg-deb is not here: a Debian package is built on Debian, Ubuntu or their like.")
    done = subprocess.run(["dpkg", "--print-architecture"], check=True, capture_output=True, text=True)  # noqa: S607 -- the tool that is on PATH
    return done.stdout.strip()


def _compressed(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode(), mtime=0))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
