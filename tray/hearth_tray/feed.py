"""The tray's one thread towards the daemon.

It follows the event feed, looks again when something has changed, and comes back when the daemon does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING

from msgspec import MsgspecError
from msgspec.structs import replace

from hearth.client import Client, ClientError
from hearth.told import Happening
from hearth_tray.facts import Facts, activity_told, look

if TYPE_CHECKING:
    from hearth_config.paths import Paths

LEAST_S = 1.0
"""So often at most the whole daemon is looked at, however much happens: the menu need not be newer than that."""
RETRY_S = (0.2, 0.5, 1.0, 2.0, 5.0)
"""How long to wait before a daemon that is away is looked for again; the last one for ever after."""


class Feed:
    """Follows one daemon. `show` gets each new state (None: away), `hear` each event; both in threads of the feed."""

    def __init__(self, paths: Paths, show: Callable[[Facts | None], None], hear: Callable[[Happening], None]) -> None:
        """Nothing is dialled before `start`."""
        self._paths = paths
        self._show = show
        self._hear = hear
        self._client: Client | None = None
        self._facts: Facts | None = None
        self._lock = threading.Lock()
        self._looking = threading.Lock()
        """Held while the daemon is asked: the client is closed by nobody else meanwhile."""
        self._looked_at = 0.0
        self._timer: threading.Timer | None = None
        self._poked = threading.Event()
        self._over = False
        self.thread = threading.Thread(target=self.run, name="hearth-feed", daemon=True)
        self.at_login: bool | None = None
        """Whether Hearth starts at login, told by whoever has asked; shown with the next look."""

    def start(self) -> None:
        """Follow the daemon in a thread, until `stop`."""
        self.thread.start()

    def stop(self) -> None:
        """End it; a connection that is open ends with the process."""
        self._over = True
        self._poked.set()

    @property
    def client(self) -> Client | None:
        """The client of the daemon that answers now; None while there is none."""
        return self._client

    def poke(self) -> None:
        """Look now: the user has just changed something, or started the daemon."""
        self._poked.set()
        client = self._client
        if client is not None:
            self._look(client)

    def run(self) -> None:
        """Follow the daemon, and find it again when it goes."""
        misses = 0
        while not self._over:
            came = False
            try:
                with Client(self._paths) as client:
                    try:
                        self._follow(client)
                    finally:
                        came = self._leave()
            except (ClientError, MsgspecError, ValueError):
                pass  # it has gone, or says what this icon cannot read: a newer one does after a restart
            misses = 0 if came else misses + 1
            if came or misses == 1:
                self._publish(None)
            self._poked.wait(RETRY_S[min(misses, len(RETRY_S) - 1)])
            self._poked.clear()

    def _leave(self) -> bool:
        """Let go of the client, once nobody looks through it any more; returns whether a daemon was there."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
        with self._looking:
            came = self._client is not None
            self._client = None
        return came

    def _follow(self, client: Client) -> None:
        """Read events until the daemon goes. Raises `ClientError` when it has."""

        def listening() -> None:
            if self._client is None:
                self._client = client
                self._look(client)

        for happening in client.events(listening):
            if self._over:
                return
            self._take(happening, client)

    def _take(self, happening: Happening, client: Client) -> None:
        if happening.kind == "activity":
            with self._lock:
                facts = self._facts
                self._facts = facts = facts and replace(facts, activity=activity_told(happening.facts))
            self._show(facts)
            return
        self._hear(happening)
        self._look_soon(client)

    def _look_soon(self, client: Client) -> None:
        """Look now, or when the last look is old enough: once for all that happens until then."""
        with self._lock:
            if self._timer is not None:
                return
            wait = max(self._looked_at + LEAST_S - monotonic(), 0.0)
            self._timer = threading.Timer(wait, self._look, (client,))
            self._timer.daemon = True
            self._timer.start()

    def _look(self, client: Client) -> None:
        with self._lock:
            self._timer = None
            self._looked_at = monotonic()
        with self._looking:
            if self._client is not client:
                return
            try:
                self._publish(look(client, datetime.now().astimezone(), at_login=self.at_login))
            except ClientError:
                return  # it has gone meanwhile, which the feed notices by itself

    def _publish(self, facts: Facts | None) -> None:
        with self._lock:
            self._facts = facts
        self._show(facts)
