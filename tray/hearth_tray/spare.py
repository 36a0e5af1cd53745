"""What libraries would load that a tray never uses: left out, since an icon that stays all day should be small."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager


def skip_the_terminal() -> None:
    """Keep httpx from importing its own command, which brings rich and pygments: 5 MB.

    httpx does without where these are not installed; None says so for one module (the import system's reference).
    """
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # what the reference says means "not there"


@contextmanager
def without_gl(environ: MutableMapping[str, str] = os.environ) -> Iterator[None]:
    """Keep GTK, while it starts, from loading OpenGL, and with it LLVM where no graphics card is: 55 MB.

    Menus need none of it. GTK reads GDK_GL as it starts (its manual, "Running GTK applications"); what the tray starts
    later, a browser or an editor, must not find it.
    """
    if "GDK_GL" in environ:
        yield
        return
    environ["GDK_GL"] = "disable"
    try:
        yield
    finally:
        del environ["GDK_GL"]
