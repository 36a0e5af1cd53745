"""The real icon on a virtual screen: each state in a picture, the menu in another, and clicks that the daemon feels."""

import asyncio
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("Xlib", reason="needs python-xlib, which pystray brings on Linux")

import psutil
from PIL import Image, ImageChops
from Xlib import XK

from hearth.rehearsal import Rehearsal
from hearth_config.locks import held
from hearth_home import beside, running
from hearth_tray.backends import borrow_gi
from hearth_tray.menu import ICON_STATES
from tray.screen import WAIT_S, Screen, missing, screen

pytestmark = [
    pytest.mark.skipif(bool(missing()), reason=missing() or "all is there"),
    pytest.mark.timeout(180),  # toolkits of desktops take their time where others want the cores
]
HAS_GI = importlib.util.find_spec("gi") is not None or borrow_gi() is not None
PATH = ":".join(sys.path)
TRIES = 8
"""A busy machine loses a key now and then."""
SHOWS_S = 8.0
"""A click or a key that does not show within so long was lost."""
SEEN = {"local": (240, 120, 32), "cloud": (58, 130, 246), "offline": (38, 158, 92), "config_error": (220, 48, 48)}
"""A colour that only this state has much of."""


def until(holds: Callable[[], Any]) -> Any:  # noqa: ANN401 -- whatever came
    """Wait for something to come true."""
    deadline = time.monotonic() + WAIT_S
    while not (found := holds()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)
    return found


def shows(picture: Image.Image | None, colour: tuple[int, int, int]) -> bool:
    """Whether a colour is on a picture."""
    if picture is None:
        return False
    data = picture.tobytes()
    pixels = zip(data[0::3], data[1::3], data[2::3], strict=True)
    return any(all(abs(one - other) < 40 for one, other in zip(pixel, colour, strict=True)) for pixel in pixels)


def _is_shown(seen: Screen, colour: tuple[int, int, int]) -> bool:
    return shows(seen.icon(), colour)


def _has_another(seen: Screen, known: Sequence[Image.Image | None]) -> bool:
    """Whether the bar shows something that it did not show before."""
    return seen.icon() not in known


def started(seen: Screen, *command: str, errors: int = subprocess.DEVNULL) -> "subprocess.Popen[str]":
    """Start a program on that screen, with a message bus of its own."""
    return subprocess.Popen(
        ["dbus-run-session", "--", sys.executable, *command],
        env={**seen.environ, "PYTHONPATH": PATH},
        start_new_session=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
    )  # fmt: skip


@pytest.mark.parametrize("bar", ["light", "dark"])
def test_each_state_has_a_picture_of_its_own(bar: str) -> None:
    """On a light and on a dark bar; no two states look the same."""
    pictures: dict[str, Image.Image] = {}
    with screen() as seen:
        parade = started(seen, str(Path(__file__).with_name("parade.py")), bar)
        assert parade.stdin and parade.stdout  # noqa: PT018 -- both were asked for
        kind = parade.stdout.readline().strip()
        until(seen.icon)
        for state in ICON_STATES:
            parade.stdin.write(f"{state}\n")
            parade.stdin.flush()
            assert parade.stdout.readline() == "shown\n"
            if state in SEEN:
                until(partial(_is_shown, seen, SEEN[state]))
            until(partial(_has_another, seen, [None, *pictures.values()]))
            _settle(seen)
            pictures[state] = until(seen.icon)
            seen.shot(f"{kind}-{bar}-{state}").close()
        parade.stdin.close()
        parade.wait(30)
        parade.stdout.close()

    for one in ICON_STATES:
        for other in ICON_STATES:
            same = pictures[one].size == pictures[other].size
            assert one == other or not same or ImageChops.difference(pictures[one], pictures[other]).getbbox()


@pytest.mark.skipif(not HAS_GI, reason="needs PyGObject of this Python's version: apt-get install python3-gi")
def test_the_menu_opens_and_stops_what_leaves_this_machine() -> None:
    """A right click, three steps down, Return: the daemon's kill switch is thrown."""

    async def play() -> bool:
        async with Rehearsal() as rehearsal, running(beside(rehearsal)) as home:
            core = home.daemon.core
            stopped = await asyncio.to_thread(
                _throw, home.folder, lambda: core.events.watched, lambda: core.switches.stopped
            )
            return bool(stopped)

    assert asyncio.run(play())


def _throw(folder: Path, watched: Callable[[], bool], stopped: Callable[[], bool]) -> bool:
    with screen() as seen:
        tray = started(seen, "-m", "hearth_tray", "--home", str(folder), "--light")
        until(seen.icon)
        until(watched)  # the menu is filled by the first look at the daemon
        time.sleep(1.0)
        for _ in range(TRIES):
            if _walk_to_the_switch(seen) and _soon(stopped):
                break
            seen.press(XK.XK_Escape, XK.XK_Escape)
            _settle(seen)
            if stopped():  # a key that was late: to walk once more would lift the switch again
                break
        found = stopped()
        os.killpg(tray.pid, signal.SIGTERM)
        tray.communicate(timeout=30)
        return found


@pytest.mark.skipif(not HAS_GI, reason="needs PyGObject of this Python's version: apt-get install python3-gi")
def test_a_notification_reaches_the_desktop_as_plain_text(tmp_path: Path) -> None:
    """T18: a mistake in the config is told, and what stands in the file is no markup of the desktop's."""

    async def play() -> list[str]:
        async with Rehearsal() as rehearsal, running(beside(rehearsal)) as home:
            return await asyncio.to_thread(_tell, home.folder, tmp_path / "told")

    title, text = asyncio.run(play())

    assert title == "The config has a mistake"
    assert "&lt;b&gt;" in text, text
    assert "<" not in text


def _tell(folder: Path, told: Path) -> list[str]:
    """Break the config beside the icon; returns title and text of the notification."""
    with screen() as seen:
        herald = str(Path(__file__).with_name("herald.py"))
        tray = started(seen, herald, str(told), sys.executable, "-m", "hearth_tray", "--home", str(folder), "--light")
        until(seen.icon)
        file = folder / "hearth.toml"
        good = file.read_text("utf-8")
        for turn in range(8):  # the icon is there before it listens
            file.write_text(f'"<b>{turn}" = 1\n{good}', encoding="utf-8")
            if _soon(lambda: told.exists() and told.read_text("utf-8").endswith("\n")):
                break
        os.killpg(tray.pid, signal.SIGTERM)
        tray.communicate(timeout=30)
        found: list[str] = json.loads(told.read_text("utf-8").splitlines()[0])
        return found


MOST_KB = 80_000
"""The tray may hold 80 MB, all pages that it shares with others counted as its own."""


def test_the_icon_stays_small() -> None:
    """With a daemon, an open menu and every page it shares counted, it holds 80 MB at most."""

    async def play() -> int:
        async with Rehearsal() as rehearsal, running(beside(rehearsal)) as home:
            return await asyncio.to_thread(_weigh, home.folder)

    assert asyncio.run(play()) <= MOST_KB


def _weigh(folder: Path) -> int:
    """Return what the tray holds, in KB, after its menu was opened."""
    with screen() as seen:
        tray = started(seen, "-m", "hearth_tray", "--home", str(folder), "--light")
        until(seen.icon)
        time.sleep(2.0)
        seen.click_icon(3)
        _settle(seen)
        process = next(one for one in psutil.Process(tray.pid).children() if "hearth_tray" in one.cmdline())
        held = process.memory_info().rss // 1000
        os.killpg(tray.pid, signal.SIGTERM)
        tray.communicate(timeout=30)
        return held


def _walk_to_the_switch(seen: Screen) -> bool:
    """Open the menu, look into the models, and go down to the third line that can be chosen; False where a key is lost.

    A key that comes before the last one has shown goes to whatever had the keyboard until then.
    """
    if not _does(seen, lambda: seen.click_icon(3)):
        return False
    seen.shot("menu")
    if not all(_does(seen, partial(seen.press, key)) for key in (XK.XK_Down, XK.XK_Right)):
        return False
    seen.shot("menu-models")
    return all(_does(seen, partial(seen.press, key)) for key in (XK.XK_Left, XK.XK_Down, XK.XK_Down, XK.XK_Return))


def _does(seen: Screen, act: Callable[[], None]) -> bool:
    """Do something and wait until it shows and the screen stands still again; returns whether it did show."""
    before, deadline = seen.shot(), time.monotonic() + SHOWS_S
    act()
    while not ImageChops.difference(before, seen.shot()).getbbox():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    _settle(seen)
    return True


def _soon(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 5.0
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.05)
    return holds()


def _settle(seen: Screen) -> None:
    """Wait until the screen stands still."""
    last = seen.shot()
    while True:
        time.sleep(0.4)
        now = seen.shot()
        if not ImageChops.difference(last, now).getbbox():
            return
        last = now


def test_a_second_icon_of_the_same_hearth_says_so_and_leaves(tmp_path: Path) -> None:
    """Started at login, and by hand once more: one icon; another Hearth's is another icon."""
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    with screen() as seen:
        first = started(seen, "-m", "hearth_tray", "--home", str(tmp_path / "one"), "--light")
        until(lambda: any(held(file) for file in (tmp_path / "one").glob("tray*.lock")))
        until(seen.icon)
        again = started(seen, "-m", "hearth_tray", "--home", str(tmp_path / "one"))
        assert again.stdout
        said = again.stdout.readline()
        other = started(seen, "-m", "hearth_tray", "--home", str(tmp_path / "other"), "--light")
        icon = until(seen.icon)
        until(lambda: (seen.icon() or icon).width > icon.width)
        for tray in (first, again, other):
            with suppress(ProcessLookupError):
                os.killpg(tray.pid, signal.SIGTERM)
            tray.communicate(timeout=30)

    assert said == "The icon is shown already.\n"


def test_a_desktop_that_shows_no_icons_is_told_from_one_that_does() -> None:
    """GNOME without its extension: a sentence and the view in the terminal, no icon that nobody sees (pain 47)."""
    with screen(bar=False) as seen:
        tray = started(seen, "-m", "hearth_tray", "--home", "/nonexistent", "--wait", "0", errors=subprocess.STDOUT)
        said, _ = tray.communicate(timeout=60)

    assert tray.returncode == 1
    assert "Nobody shows icons on this desktop" in said
    assert "hearth status --watch" in said
    assert "Traceback" not in said
