"""A look at an engine that keeps silent: one that is dead is given up early, one that works is waited for (F3).

A model may think or load for minutes before its first token, and hanging up makes Ollama begin again. So the engine is
asked beside the call what it has loaded, which a living one answers at once whatever else it does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import TYPE_CHECKING, Self

from hearth.dialects.ollama import probes
from hearth.outbound.limits import Limits
from hearth.problems import Problem, TimedOut, Unreachable

if TYPE_CHECKING:
    from hearth.outbound.alarms import Alarms
    from hearth.outbound.pool import Pool
    from hearth.outbound.upstream import Upstream

ANSWER_S = 2.0
MOST_MISSES = 2
"""So many looks in a row without an answer, and it is dead: one may fall into a moment of heavy paging."""

_SOON = Limits(connect=ANSWER_S, first=ANSWER_S, idle=ANSWER_S)
_NOBODY = nullcontext()
Look = Callable[[], Awaitable[object]]


class EngineWatch(AbstractContextManager["EngineWatch"]):
    """Watches over one wait. Leaving it raises `TimedOut` where the wait was ended because the engine is dead."""

    _waiting: asyncio.Task[object] | None = None
    _looking: asyncio.Task[None] | None = None
    _dead = False

    def __init__(self, who: str, look: Look, heard: Callable[[], object], alarms: Alarms) -> None:
        """`look` raises the `Problem` that kept it from an answer; `heard` says whether the wait is over.

        `alarms` says how long an engine may be silent before anybody looks, and between two looks.
        """
        self._who = who
        self._look = look
        self._heard = heard
        self._alarms = alarms

    def __enter__(self) -> Self:
        """Begin; until the first look this costs next to nothing."""
        self._waiting = asyncio.current_task()
        self._alarms.begin(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End, and tell a wait that we ended from one that somebody else did."""
        self._alarms.end(self)
        if self._looking is not None:
            self._looking.cancel()
        if self._dead and kind is asyncio.CancelledError and self._waiting is not None and not self._waiting.uncancel():
            raise TimedOut(
                "keeps silent, and does not answer what it has loaded either.",
                who=self._who,
                next_step="Look whether it hangs, and start it again.",
            ) from None

    def ring(self) -> None:
        """Begin to look, unless the answer has begun."""
        if not self._heard():
            self._looking = asyncio.ensure_future(self._watch())

    async def _watch(self) -> None:
        misses = 0
        while misses < MOST_MISSES:
            misses = 0 if await self._lives() else misses + 1
            if misses < MOST_MISSES:
                await asyncio.sleep(self._alarms.seconds)
            if self._heard():
                return
        if self._waiting is not None:
            self._dead = True
            self._waiting.cancel()

    async def _lives(self) -> bool:
        """Any answer is a sign of life, an error too."""
        try:
            await self._look()
        except (TimedOut, Unreachable):
            return False
        except Problem:
            return True
        return True


def watched(upstream: Upstream, pool: Pool) -> AbstractContextManager[object]:
    """Return what watches over one attempt: over an Ollama on this machine, and over nobody else."""
    target = upstream.candidate.target
    if target.dialect != "ollama" or target.place != "machine":
        return _NOBODY

    async def look() -> None:
        request = probes.loaded(upstream.destination)
        lines = upstream.target.header_lines(upstream.credential, request.headers)
        (await pool.send(upstream.target.origin, request.method, request.path, lines, b"", limits=_SOON)).close()

    return EngineWatch(target.provider, look, lambda: upstream.meter.first_ns, pool.silences)
