"""What makes two builds of the same sources the same: one time for everything, one order, one hash seed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_NO_HISTORY = 1577836800
"""2020-01-01: where the sources have no history, as in an unpacked sdist."""


def epoch() -> int:
    """Return the time that all files get, in seconds: SOURCE_DATE_EPOCH, else that of the newest commit."""
    said = os.environ.get("SOURCE_DATE_EPOCH", "")
    return int(said) if said.isdigit() else _newest_commit()


def environment() -> dict[str, str]:
    """Return the environment in which every tool of a build runs."""
    return {**os.environ, "SOURCE_DATE_EPOCH": str(epoch()), "PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def set_times(folder: Path) -> None:
    """Give a folder and every file below it the one time, and the modes that files have in a package."""
    moment = epoch()
    for path in [folder, *sorted(folder.rglob("*"))]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        os.utime(path, (moment, moment), follow_symlinks=False)


def _newest_commit() -> int:
    command = ["git", "log", "-1", "--format=%ct"]
    here = Path(__file__).resolve().parent
    try:
        done = subprocess.run(command, cwd=here, check=True, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return _NO_HISTORY
    return int(done.stdout) if done.stdout.strip().isdigit() else _NO_HISTORY
