"""The calls in flight: who asked what, where it stands, and how to end it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from time import monotonic_ns
from typing import TYPE_CHECKING

from msgspec import Struct

from hearth.status import CallStatus

if TYPE_CHECKING:
    from hearth.call import Call
    from hearth.outbound.egress import Egress
    from hearth.outbound.fallback import Answering
    from hearth.problems import Problem
    from hearth.record import Attempt
    from hearth.server.app_limits import Slip


class LiveCall(Struct, eq=False):
    """One call on its way, and the task that answers it. `kill` ends it with a problem in its own dialect."""

    call: Call
    task: asyncio.Task[object] | None
    answering: Answering | None = None
    killed_by: Problem | None = None
    hit: Attempt | None = None
    """Who answered, where nobody was asked: another call's answer was given again."""
    slip: Slip | None = None
    """What lets it in where its app has limits."""

    def kill(self, problem: Problem) -> None:
        """End the call: its handler gets a cancellation and finds the problem here."""
        if self.killed_by is None:
            self.killed_by = problem
            if self.task is not None:
                self.task.cancel()

    def view(self) -> CallStatus:
        """Return where it stands."""
        call, answering = self.call, self.answering
        current = answering.current if answering is not None else None
        target = current.candidate.target if current is not None else None
        return CallStatus(
            id=call.id,
            app=call.app.name or call.app.user_agent[:40],
            dialect=call.dialect,
            route=call.outline.route,
            asked=call.outline.model,
            target=target.name if target is not None else "",
            place=target.place if target is not None else "",
            phase=self._phase(),
            position=answering.ticket.position if answering is not None else 0,
            seconds=(monotonic_ns() - call.received_ns) / 1e9,
            output_tokens=current.meter.text_bytes // 4 if current is not None else 0,
        )

    def whereabouts(self) -> tuple[str, bool]:
        """Return at which place it is being asked, "" for none yet, and whether it waits in a queue."""
        answering = self.answering
        if answering is None:
            return "", False
        current = answering.current
        return current.candidate.target.place if current is not None else "", bool(answering.ticket.position)

    def _phase(self) -> str:
        answering = self.answering
        if answering is None:
            return "planning"
        if answering.ticket.position:
            return "queued"
        current = answering.current
        return "answering" if current is not None and current.meter.first_ns else "waiting"


def _nobody_asks() -> None:
    return None


class LiveCalls:
    """All calls in flight, by id."""

    def __init__(self) -> None:
        """Start with none."""
        self._calls: dict[str, LiveCall] = {}
        self.served = 0
        self.moved: Callable[[], None] = _nobody_asks
        """Called when one has begun or ended."""
        self._emptied = asyncio.Event()

    def __len__(self) -> int:
        """Count them."""
        return len(self._calls)

    def __iter__(self) -> Iterator[LiveCall]:
        """Yield a copy's worth, so that calls may end meanwhile."""
        return iter(list(self._calls.values()))

    def get(self, call_id: str) -> LiveCall | None:
        """Return a call in flight."""
        return self._calls.get(call_id)

    def add(self, live: LiveCall) -> None:
        """Note that a call has begun."""
        self._calls[live.call.id] = live
        self.served += 1
        self.moved()

    def end_forwarded(self, egress: Egress) -> int:
        """End the calls that an Ollama here forwards to where the mode forbids; returns how many (T31, F54)."""
        ended = 0
        for live in self:
            current = live.answering.current if live.answering is not None else None
            target = current.candidate.target if current is not None else None
            if target is not None and target.remote and not egress.allows(target.place):
                live.kill(egress.refusal(target.provider))
                ended += 1
        return ended

    def remove(self, call_id: str) -> None:
        """Note that a call has ended."""
        self._calls.pop(call_id, None)
        self.moved()
        if not self._calls:
            self._emptied.set()

    async def none_left(self, patience: float) -> None:
        """Wait until no call is in flight, for at most so many seconds."""
        self._emptied.clear()
        if self._calls:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await self._emptied.wait()
