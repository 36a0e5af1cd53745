"""The stand-in engine: the rehearsal answers for an Ollama that is not there, and leaves as soon as one answers.

Only `make run` and `hearth demo` start it, never a plain `hearth run`; it is named as such wherever its answers show.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from msgspec import structs

from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth_config.addresses import TcpAddress, parse_address
from hearth_config.load import Loaded
from hearth_config.settings import Provider

if TYPE_CHECKING:
    from hearth.daemon import Daemon

LOOK_S = 5.0
"""How often it looks whether the real engine has come."""
PROBE_S = 1.0
NAME = "rehearsal"
MODEL = "rehearsal:latest"


class StandIn:
    """Adds a provider called `rehearsal` to a daemon's config while no Ollama answers."""

    def __init__(self, daemon: Daemon, *, look_s: float = LOOK_S, probe_s: float = PROBE_S) -> None:
        """Nothing is started yet; every `look_s` seconds it will look whether an Ollama answers within `probe_s`."""
        self._daemon = daemon
        self._look_s = look_s
        self._probe_s = probe_s
        self._rehearsal: Rehearsal | None = None
        self._task: asyncio.Task[None] | None = None

    async def step_in(self) -> None:
        """Start the stand-in unless an Ollama of the config answers. Call before the daemon starts."""
        if await self._somebody_answers():
            return
        rehearsal = Rehearsal(Script(models=(ModelScript(name=MODEL),)), record=False)
        await rehearsal.start()
        self._rehearsal = rehearsal
        self._daemon.dress = self._dressed
        self._daemon.take_over(self._daemon.loaded, edited=False)
        self._daemon.core.stand_in = rehearsal.url
        self._task = asyncio.create_task(self._leave_in_time(), name="stand-in")

    def _dressed(self, loaded: Loaded) -> Loaded:
        """Return the config with the stand-in among its providers, and as the default where none is set."""
        rehearsal = self._rehearsal
        if rehearsal is None:
            return loaded
        provider = Provider(name=NAME, dialect="ollama", address=parse_address(rehearsal.url), auth="none")
        settings = loaded.settings
        dressed = structs.replace(
            settings,
            providers={**settings.providers, NAME: provider},
            default_model=settings.default_model or f"{NAME}/{MODEL}",
        )
        return structs.replace(loaded, settings=dressed)

    async def _leave_in_time(self) -> None:
        while not await self._somebody_answers():  # noqa: ASYNC110 -- there is no event to wait for
            await asyncio.sleep(self._look_s)  # nobody tells us when an Ollama starts
        await self.step_out()

    async def step_out(self) -> None:
        """Take the stand-in out again."""
        task, self._task = self._task, None
        rehearsal, self._rehearsal = self._rehearsal, None
        if task is not None and task is not asyncio.current_task():
            task.cancel()
        if rehearsal is None:
            return
        self._daemon.core.stand_in = ""
        if not self._daemon.stopping.is_set():
            self._daemon.dress = _plain
            self._daemon.take_over(self._daemon.undressed, edited=False)
            self._daemon.core.events.say("stand_in_left")
        await rehearsal.stop()

    async def _somebody_answers(self) -> bool:
        for provider in self._daemon.undressed.settings.providers.values():
            address = provider.address
            if provider.dialect == "ollama" and isinstance(address, TcpAddress) and await self._answers(provider.name):
                return True
        return False

    async def _answers(self, provider: str) -> bool:
        """Ask for the version, through the one dialler like everything else."""
        listing = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._probe_s):
                listing = await self._daemon.inventory.refresh(provider)
        return bool(listing is not None and listing.reachable)


def _plain(loaded: Loaded) -> Loaded:
    return loaded
