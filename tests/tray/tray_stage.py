"""A daemon, a rehearsed Ollama behind it, and the tray's parts beside it, without an icon."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

from hearth_config.paths import Paths
from hearth_tray.doing import Doer
from hearth_tray.facts import Facts
from hearth_tray.feed import Feed
from hearth_tray.menu import View
from hearth_tray.notices import Announcer, Notice
from hearth_tray.programs import Programs
from hearth_tray.view import view

WAIT_S = 20.0


class Browser(Programs):
    """Programs that are written down instead of started; `hearth stop` is run."""

    def __init__(self, home: str) -> None:
        super().__init__(home)
        self.pages: list[str] = []
        self.opened: list[tuple[str, ...]] = []
        self.commands: list[tuple[str, ...]] = []

    def browse(self, url: str) -> bool:
        """Note the page."""
        self.pages.append(url)
        return True

    def open(self, command: tuple[str, ...]) -> bool:
        """Note the program."""
        self.opened.append(command)
        return True

    def hearth(self, *arguments: str) -> str:
        """Note the command; "service" is one that goes wrong here."""
        self.commands.append(arguments)
        if arguments[0] == "stop":
            return super().hearth(*arguments)
        return "there is no systemd here" if arguments[0] == "service" else ""

    def runs_at_login(self) -> bool | None:
        """Nobody can say."""
        return None


class Desk:
    """Somebody at the tray: what is shown to them, what is told, and what they may choose."""

    def __init__(self, folder: Path) -> None:
        paths = Paths.find(str(folder), {})
        self.views: list[View] = []
        self.facts: list[Facts | None] = []
        self.notices: list[Notice] = []
        self.left = threading.Event()
        self.announcer = Announcer()
        self.browser = Browser(str(folder))
        self.feed = Feed(paths, self._show, self._hear)
        self.config_file = paths.config_file
        self.doer = Doer(self.feed, self.browser, self.config_file, self.notices.append, self.left.set)

    def _show(self, facts: Facts | None) -> None:
        self.facts.append(facts)
        self.views.append(view(facts))

    def _hear(self, happening: object) -> None:
        notice = self.announcer.hear(happening)  # type: ignore[arg-type]  # the feed's own type
        if notice is not None:
            self.notices.append(notice)

    async def sees(self, wanted: Callable[[View], bool]) -> float:
        """Wait until the view is as wanted; returns the seconds that took."""
        begun = monotonic()
        while not (self.views and wanted(self.views[-1])):
            assert monotonic() - begun < WAIT_S, self.views[-1:] and self.views[-1].lines
            await asyncio.sleep(0.005)
        return monotonic() - begun


@asynccontextmanager
async def desk(folder: Path) -> AsyncIterator[Desk]:
    """Sit down at the tray of the daemon in that folder, which may not run yet."""
    made = Desk(folder)
    made.feed.start()
    try:
        yield made
    finally:
        made.feed.stop()
        await asyncio.to_thread(made.feed.thread.join, WAIT_S)
