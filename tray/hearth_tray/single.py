"""One icon for a Hearth and a screen: who comes second says so and leaves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

from hearth_config.locks import take
from hearth_config.paths import Paths


class ShownAlready(Exception):
    """Another process shows the icon of this Hearth on this screen."""


def lock_file(paths: Paths, environ: Mapping[str, str]) -> Path:
    """Return the file that whoever shows the icon holds: one for each screen, beside the daemon's own."""
    screen = environ.get("WAYLAND_DISPLAY") or environ.get("DISPLAY") or ""
    return paths.lock_file.with_name(f"tray{re.sub('[^A-Za-z0-9]', '-', screen)}.lock")


def hold(path: Path, *, make: bool) -> IO[str] | None:
    """Take the lock until the file returned is closed, its folder made or not; None where that cannot be.

    Raises `ShownAlready`.
    """
    with suppress(OSError):
        if make:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = path.open("a", encoding="ascii")
        try:
            take(file)
        except OSError:
            file.close()
            raise ShownAlready from None
        return file
    return None
