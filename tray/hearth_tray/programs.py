"""Other programs the tray starts: the `hearth` command beside it, an editor, a browser."""

from __future__ import annotations

import subprocess
import sys
import webbrowser
from pathlib import Path

import msgspec

ANSWER_S = 60.0
"""Longer than a daemon takes that finishes its calls before it stops."""


class Programs:
    """Starts programs for one Hearth. `home` is its `--home`, "" for the folders of the system."""

    def __init__(self, home: str = "") -> None:
        """Nothing is started yet."""
        self._hearth = (sys.executable, "-P", "-m", "hearth", *(("--home", home) if home else ()))

    def hearth(self, *arguments: str) -> str:
        """Run a `hearth` command to its end; returns "" when it went well, else what it said."""
        try:
            done = subprocess.run(
                (*self._hearth, *arguments),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=ANSWER_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"hearth {arguments[0]}: {type(error).__name__}"
        return "" if done.returncode == 0 else done.stderr.decode(errors="replace").strip()[-300:] or "it failed"

    def runs_at_login(self) -> bool | None:
        """Return whether Hearth starts at login; None where that cannot be said."""
        try:
            done = subprocess.run(
                (*self._hearth, "service", "status", "--json"),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=ANSWER_S,
                check=False,
            )
            said = msgspec.json.decode(done.stdout, type=dict[str, object])
        except (OSError, subprocess.TimeoutExpired, msgspec.DecodeError):
            return None
        installed = said.get("installed")
        return installed if isinstance(installed, bool) else None

    def open(self, command: tuple[str, ...]) -> bool:
        """Start a program and leave it alone; False when there is none."""
        if not command:
            return False
        try:
            subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=Path.home(),
                start_new_session=True,
            )
        except OSError:
            return False
        return True

    def browse(self, url: str) -> bool:
        """Open a page in the user's browser."""
        return webbrowser.open(url)
