"""Whether the bar behind the icon is dark, as far as a system tells."""

from __future__ import annotations

import subprocess
import sys

_ASK_S = 2.0


def is_dark(system: str = sys.platform) -> bool:
    """Return what the desktop says of its bar; dark where it says nothing, as most bars are."""
    if system == "win32":
        return not _windows_light()
    if system == "darwin":
        return _says(("defaults", "read", "-g", "AppleInterfaceStyle")) == "Dark"
    scheme = _says(("gsettings", "get", "org.gnome.desktop.interface", "color-scheme"))
    return "light" not in scheme


def _says(command: tuple[str, ...]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, timeout=_ASK_S, check=False, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace").strip()


def _windows_light() -> bool:
    place = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Themes\Personalize"
    return _says(("reg", "query", place, "/v", "SystemUsesLightTheme")).endswith("0x1")
