"""Opening a file at a line: editors with a window differ in how they are told the line."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

Which = Callable[[str], str | None]

_AT_LINE: dict[str, tuple[str, ...]] = {
    "code": ("--goto", "{file}:{line}"),
    "codium": ("--goto", "{file}:{line}"),
    "zed": ("{file}:{line}",),
    "zeditor": ("{file}:{line}",),
    "subl": ("{file}:{line}",),
    "kate": ("--line", "{line}", "{file}"),
    "gedit": ("+{line}", "{file}"),
    "xed": ("+{line}", "{file}"),
    "pluma": ("+{line}", "{file}"),
    "mousepad": ("--line={line}", "{file}"),
    "gvim": ("+{line}", "{file}"),
    "mate": ("--line", "{line}", "{file}"),
    "notepad++": ("-n{line}", "{file}"),
}
"""Editors that open a window of their own, and how each is told the line (their manual pages)."""


def opening(file: Path, line: str = "", which: Which = shutil.which, system: str = sys.platform) -> tuple[str, ...]:
    """Return the command that opens a file, at a line where an editor is found that can be told one.

    Without such an editor it is what the system opens text files with.
    """
    if line:
        for name, arguments in _AT_LINE.items():
            if which(name):
                return (name, *(part.format(file=file, line=line) for part in arguments))
    return _by_system(file, which, system)


def _by_system(file: Path, which: Which, system: str) -> tuple[str, ...]:
    if system == "darwin":
        return ("open", "-t", str(file))
    if system == "win32":
        return ("notepad", str(file))
    for name in ("xdg-open", "gio"):
        if which(name):
            return (name, "open", str(file)) if name == "gio" else (name, str(file))
    return ()
