"""How this very Hearth is started again, by a restart or at login."""

from __future__ import annotations

import sys
from pathlib import Path
from zipfile import is_zipfile


def own_command() -> tuple[str, ...]:
    """Return the command without its arguments: the single file it was started from, else the module of this Python.

    Where the single file has unpacked itself is left out of it: a newer file unpacks elsewhere.
    """
    started = Path(sys.argv[0]).absolute()
    if started.suffix == ".pyz" and is_zipfile(started):
        return sys.executable, "-P", str(started)
    return sys.executable, "-P", "-m", "hearth"
