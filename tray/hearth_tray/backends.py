"""Which kind of tray there is: pystray's backends, what each can do, and which one would run here.

On Linux the good ones need PyGObject, which a virtual environment does not see. Where the distribution's was built for
this very Python, it is borrowed (pain 47).
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Mapping
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec, PathFinder
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from hearth_tray.host import has_host
from hearth_tray.spare import without_gl

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

_DISTRIBUTIONS = (
    "/usr/lib/python3/dist-packages",
    f"/usr/lib64/python3.{sys.version_info.minor}/site-packages",
    f"/usr/lib/python3.{sys.version_info.minor}/site-packages",
)
_BORROWED = ("gi", "cairo")


class Backend(Struct, frozen=True):
    """One kind of tray. `limit` says what it cannot do, "" when it can do all."""

    name: str
    limit: str = ""
    has_menu: bool = True


BACKENDS = {
    "appindicator": Backend("appindicator", "a click opens the menu and nothing else"),
    "gtk": Backend("gtk", "shown only where a tray for X11 icons runs"),
    "xorg": Backend("xorg", "no menu: a click opens the dashboard", has_menu=False),
    "win32": Backend("win32"),
    "darwin": Backend("darwin", "a click opens the menu and nothing else"),
}
NO_TRAY = "Hearth shows itself in the terminal instead: hearth status --watch"


class NoTray(Exception):
    """There is no tray here. Its text says why, and what to do instead."""


def has_display(environ: Mapping[str, str] = os.environ, system: str = sys.platform) -> bool:
    """Return whether there is a desktop at all."""
    return system in ("win32", "darwin") or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


def borrow_gi(folders: Sequence[str] = _DISTRIBUTIONS) -> Path | None:
    """Make the distribution's PyGObject importable if there is none of our own and it fits; returns its folder.

    Only `gi` and `cairo` are taken from there, never anything else.
    """
    if importlib.util.find_spec("gi") is not None:
        return None
    for folder in map(Path, folders):
        if any((folder / "gi" / f"_gi{suffix}").exists() for suffix in EXTENSION_SUFFIXES):
            sys.meta_path.append(_Borrowing(folder))
            return folder
    return None


class _Borrowing:
    """Finds the borrowed packages, and nothing else, in the distribution's folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module of the borrowed packages."""
        if path is None and name in _BORROWED:
            return PathFinder.find_spec(name, [self._folder], target)
        return None


def has_session_bus(environ: Mapping[str, str]) -> bool:
    """Return whether the desktop's message bus can be found, which PyGObject's trays cannot do without."""
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    return bool(environ.get("DBUS_SESSION_BUS_ADDRESS")) or (bool(runtime) and Path(runtime, "bus").exists())


def _prepare_linux(environ: Mapping[str, str]) -> None:
    """Make PyGObject importable where it can be used; without a message bus only the plain X11 icon works."""
    if has_session_bus(environ):
        borrow_gi()
    elif "PYSTRAY_BACKEND" not in environ:
        os.environ["PYSTRAY_BACKEND"] = "xorg"


def choose(environ: Mapping[str, str] = os.environ, *, patience_s: float = 0.0) -> Backend:
    """Return the backend that pystray uses here, its module imported. Raises `NoTray`.

    `patience_s` is how long a desktop that is still starting may take to show icons.
    """
    if not has_display(environ):
        raise NoTray(f"There is no display here. {NO_TRAY}")
    if sys.platform == "linux":
        _prepare_linux(environ)
    try:
        with without_gl():
            import pystray
    except ImportError:
        raise NoTray(f'The tray needs Hearth\'s extra "tray" (pystray, Pillow). {NO_TRAY}') from None
    except Exception as error:  # noqa: BLE001 -- Xlib raises errors of its own for a display that it cannot open
        raise NoTray(f"The display cannot be opened ({type(error).__name__}). {NO_TRAY}") from None
    if sys.platform == "linux" and not has_host(patience_s):
        raise NoTray(f"Nobody shows icons on this desktop; GNOME needs the extension AppIndicator for it. {NO_TRAY}")
    name = pystray.Icon.__module__.rpartition("._")[2]
    return BACKENDS.get(name, Backend(name))
