"""What choosing a line of the menu does: one method for each kind of action, all through the control API."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from hearth.client import Client, ClientError, DaemonAway
from hearth_tray.editors import opening
from hearth_tray.menu import Action, Doing
from hearth_tray.notices import Notice

if TYPE_CHECKING:
    from hearth_tray.feed import Feed
    from hearth_tray.programs import Programs

Tell = Callable[[Notice], None]


_ORDERS: dict[Doing, Callable[[Client, str], object]] = {
    "use": lambda client, model: client.use(model or None),
    "mode": lambda client, mode: client.set_mode(mode),
    "stop_leaving": lambda client, _: client.stop_leaving(),
    "lift_stop": lambda client, _: client.lift_stop(),
    "unload": lambda client, model: client.unload(model),
}
"""What the control API does by itself."""


class Doer:
    """Does what was chosen. What goes wrong is told in one sentence, never raised into a menu."""

    def __init__(
        self, feed: Feed, programs: Programs, config_file: Path, tell: Tell, leave: Callable[[], None]
    ) -> None:
        """`leave` ends the tray."""
        self._feed = feed
        self._programs = programs
        self._config_file = config_file
        self._tell = tell
        self._leave = leave

    def choose(self, action: Action) -> None:
        """Do it in a thread of its own: a menu that waits is a menu that hangs."""
        threading.Thread(target=self.do, args=(action,), name=f"hearth-{action.doing}", daemon=True).start()

    def do(self, action: Action) -> None:
        """Do it, and look again."""
        if action.doing == "quit":
            self._leave()
            return
        try:
            self._do(action)
        except (DaemonAway, RuntimeError):  # httpx says with a RuntimeError that the daemon went away meanwhile
            self._tell(Notice("Hearth is not running", "Choose Start Hearth first."))
        except ClientError as error:
            self._tell(Notice("That was not done", str(error)))
        self._feed.poke()

    def _do(self, action: Action) -> None:
        order = _ORDERS.get(action.doing)
        if order is not None:
            order(self._client(), action.what)
        elif action.doing == "dashboard":
            self._dashboard(action.what)
        elif action.doing == "config":
            self._config(action.what)
        elif action.doing in ("start", "stop"):  # commands, since a service manager may hold the sockets
            self._told("restart" if action.doing == "start" else "stop")
        else:
            self._login("install" if action.doing == "at_login" else "uninstall")

    def _client(self) -> Client:
        client = self._feed.client
        if client is None:
            raise DaemonAway
        return client

    def _dashboard(self, page: str) -> None:
        urls = self._client().ui_link().urls
        if not urls:
            self._tell(Notice("There is no dashboard", 'It needs tcp = "127.0.0.1:11430" under [listen].'))
            return
        self._programs.browse(f"{urls[0]}#{page}" if page else urls[0])

    def _config(self, line: str) -> None:
        """Open the config, at a line where one is named."""
        if not self._config_file.exists():
            self._tell(Notice("There is no config yet", f"`hearth config edit` begins one at {self._config_file}."))
        elif not self._programs.open(opening(self._config_file, line)):
            self._tell(Notice("The config was not opened", f"No editor was found for {self._config_file}."))

    def _login(self, word: str) -> None:
        self._told("service", word)
        self._feed.at_login = self._programs.runs_at_login()

    def _told(self, *command: str) -> None:
        said = self._programs.hearth(*command)
        if said:
            self._tell(Notice(f"hearth {' '.join(command)} did not work", said))
