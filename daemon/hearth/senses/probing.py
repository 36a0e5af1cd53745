"""Looks at providers from time to time: does it answer, how fast, and do its models in doubt still write a word.

A healthy model is left alone: a probe would push the prompt it has cached out of its slot, and wake a sleeping GPU.
Only a model whose last calls failed is asked for one token, if it is loaded and idle; that ends its rest early.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Protocol

from msgspec import Struct

from hearth.call import Place
from hearth.problems import Problem

AT_HOME_S = 60.0
"""How often a provider on this machine is looked at unless the config says; others are not."""
LEAST_S = 1.0
_FOR_EVER_S = 3600.0
log = logging.getLogger("hearth.probing")


class Check(Struct, frozen=True):
    """One look: when (time.time()), what was asked ("list" or "token"), how long it took, and what went wrong."""

    at: float
    what: str
    took_ms: float
    error: str = ""


class Doubted(Protocol):
    """A model whose last calls failed."""

    @property
    def name(self) -> str: ...  # noqa: D102


class Patients(Protocol):
    """What is looked at, and how."""

    def intervals(self) -> Mapping[str, float]:
        """Return each provider that is to be looked at, with the seconds between two looks."""
        ...

    async def look(self, provider: str) -> str:
        """Ask a provider what it has; returns what went wrong, "" for nothing. Raises the `Problem` it ended in."""
        ...

    def doubted(self, provider: str) -> Iterable[Doubted]:
        """Return the provider's models that are in doubt, loaded and idle."""
        ...

    async def ask_a_token(self, target: str) -> bool:
        """Ask a model for one token; returns whether it was asked. Raises the `Problem` it ended in."""
        ...


def interval_of(configured: float | None, place: Place) -> float | None:
    """Return the seconds between two looks; None for never. `configured` None: as the place says; 0: never."""
    if configured is None:
        return AT_HOME_S if place == "machine" else None
    return max(configured, LEAST_S) if configured else None


class Prober:
    """Looks at all patients, each in its own time. One task; asleep for as long as nobody is due."""

    def __init__(
        self,
        patients: Patients,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """Nothing is asked before `run`."""
        self._patients = patients
        self._clock = clock
        self._wall = wall
        self._began = clock()
        self._looked_at: dict[str, float] = {}
        self._changed = asyncio.Event()
        self.checks: dict[str, Check] = {}
        """The last look at each provider, and at each model that was asked for a token, by name."""

    def wake(self) -> None:
        """Say that the intervals have changed: a reload."""
        self._changed.set()

    async def run(self) -> None:
        """Look, until cancelled."""
        while True:
            self._changed.clear()
            due, pause = self.due()
            await asyncio.gather(*(self.look(name) for name in due))
            if not due:
                try:
                    async with asyncio.timeout(pause):
                        await self._changed.wait()
                except TimeoutError:
                    continue

    def due(self) -> tuple[list[str], float]:
        """Return who is due now, and the seconds until the next one is."""
        now, intervals = self._clock(), self._patients.intervals()
        self._looked_at = {name: at for name, at in self._looked_at.items() if name in intervals}
        next_at = {name: self._looked_at.get(name, self._began) + every for name, every in intervals.items()}
        due = [name for name, at in next_at.items() if at <= now]
        return due, min((at - now for at in next_at.values() if at > now), default=_FOR_EVER_S)

    async def look(self, provider: str) -> None:
        """Look at one provider now, and at its models in doubt. Never raises."""
        self._looked_at[provider] = self._clock()
        error = await self._timed(provider, "list", partial(self._patients.look, provider))
        if error:
            return
        for target in self._patients.doubted(provider):
            await self._timed(target.name, "token", partial(self._patients.ask_a_token, target.name))

    async def _timed(self, name: str, what: str, ask: Callable[[], Awaitable[str | bool]]) -> str:
        began, error = self._clock(), ""
        try:
            said = await ask()
        except Problem as problem:
            error = problem.text
        except Exception:
            log.exception("looking at %s failed inside Hearth", name)
            error = "Hearth failed to ask; its log has more."
        else:
            if said is False:
                return ""
            error = said if isinstance(said, str) else ""
        self.checks[name] = Check(self._wall(), what, (self._clock() - began) * 1000, error)
        return error
