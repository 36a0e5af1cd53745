"""The tray at login on Linux: an entry of the desktop's autostart folder (XDG autostart specification)."""

from __future__ import annotations

from pathlib import Path

from hearth_service.plan import Command, File
from hearth_service.templates import text

_RESERVED = " \t\n\"'\\><~|&;$*?#()`"
"""Characters that make quotes necessary in Exec= (Desktop Entry Specification, the Exec key)."""


def tray_file(tray: Command, config: Path) -> File:
    """Return the entry below the user's configuration folder."""
    return File(config / "autostart" / "hearth-tray.desktop", text("hearth-tray.desktop", command=quoted(tray)))


def quoted(command: Command) -> str:
    """Return a command as Exec= reads it: doubled percents, quotes with a backslash before what is special in them."""
    return " ".join(_word(word) for word in command)


def _word(word: str) -> str:
    plain = word.replace("%", "%%")
    if not any(char in _RESERVED for char in plain):
        return plain
    inner = "".join(f"\\{char}" if char in '"`$\\' else char for char in plain)
    return f'"{inner}"'.replace("\\", "\\\\")
