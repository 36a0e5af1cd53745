"""A virtual screen with a tray on it, an own message bus, a mouse and a camera, for tests that need a real icon."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from PIL import Image
from Xlib import X, display
from Xlib.ext import xtest

NEEDED = ("Xvfb", "trayer", "dbus-run-session")
SHOTS = Path(__file__).resolve().parents[2] / "screenshots" / "tray"
SIZE = (900, 700)
BAR = 40
"""The tray's bar is no higher than that, at the top of the screen."""
WAIT_S = 40.0


def missing() -> str:
    """Return what this machine lacks for it, "" when it has all."""
    lacking = [name for name in NEEDED if shutil.which(name) is None]
    return f"needs {', '.join(lacking)}: apt-get install xvfb trayer dbus" if lacking else ""


class Screen:
    """One virtual screen."""

    def __init__(self, number: str, environ: dict[str, str]) -> None:
        self.environ = environ
        self._display = display.Display(number)
        self._root = self._display.screen().root

    def shot(self, name: str = "") -> Image.Image:
        """Take a picture of all of it; with a name it is kept."""
        raw = self._root.get_image(0, 0, *SIZE, X.ZPixmap, 0xFFFFFFFF)
        picture = Image.frombuffer("RGB", SIZE, raw.data, "raw", "BGRX", 0, 1)
        if name:
            SHOTS.mkdir(parents=True, exist_ok=True)
            picture.save(SHOTS / f"{name}.png")
        return picture

    def icon(self, margin: int = 2) -> Image.Image | None:
        """Return the part of the bar that shows something, None while it is empty."""
        bar = self.shot().crop((0, 0, SIZE[0], BAR))
        box = bar.getbbox()
        return bar.crop((box[0], box[1], box[2] + margin, box[3])) if box else None

    def click(self, x: int, y: int, button: int) -> None:
        """Press and let go a button of the mouse: 1 the left one, 3 the right one."""
        xtest.fake_input(self._display, X.MotionNotify, x=x, y=y)
        for what in (X.ButtonPress, X.ButtonRelease):
            xtest.fake_input(self._display, what, button)
            self._display.sync()
            time.sleep(0.05)

    def click_icon(self, button: int) -> None:
        """Click into the middle of what the bar shows."""
        box = self.shot().crop((0, 0, SIZE[0], BAR)).getbbox()
        assert box, "there is no icon to click at"
        self.click((box[0] + box[2]) // 2, (box[1] + box[3]) // 2, button)

    def press(self, *keys: int) -> None:
        """Press keys, one after the other (Xlib.XK)."""
        for key in keys:
            code = self._display.keysym_to_keycode(key)
            for what in (X.KeyPress, X.KeyRelease):
                xtest.fake_input(self._display, what, code)
                self._display.sync()
                time.sleep(0.03)

    def close(self) -> None:
        """Let go of the screen."""
        self._display.close()


@contextmanager
def screen(*, bar: bool = True) -> Iterator[Screen]:
    """Turn on a screen whose bar holds an XEmbed tray, or one without a bar."""
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", f"{SIZE[0]}x{SIZE[1]}x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=(writer,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(writer)
    with os.fdopen(reader) as said:
        number = f":{said.readline().strip()}"
    environ = {**os.environ, "DISPLAY": number, "GDK_BACKEND": "x11", "NO_AT_BRIDGE": "1"}
    processes = [server]
    if bar:
        command = ["trayer", "--edge", "top", "--align", "right", "--widthtype", "request", "--height", "32"]
        output = subprocess.DEVNULL
        processes.insert(0, subprocess.Popen(command, env=environ, stdout=output, stderr=output))
    seen = Screen(number, environ)
    try:
        yield seen
    finally:
        with suppress(Exception):
            seen.close()
        for process in processes:
            process.terminate()
            process.wait(30)
