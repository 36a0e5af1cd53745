"""Sums over many days for a page that must not wait: the last ones at once, while newer ones are worked out beside."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from time import monotonic, time
from typing import TYPE_CHECKING

from msgspec import Struct

from hearth.problems import BadRequest, Problem
from hearth.server.control import reports

if TYPE_CHECKING:
    from hearth.server.core import Core
    from hearth.status import UsageReport

WAIT_S = 0.12
"""How long a question waits for sums that are being worked out."""
FRESH_S = 2.0
REST = 5.0
"""Sums are worked out anew after so many times as long as it took, and not before `FRESH_S`."""
MOST_DAYS = 400
_MOST_KEPT = 64


class Sums(Struct, frozen=True):
    """A usage report as of `at` (time.time()); None while the first is worked out. `pending`: a newer one is coming."""

    report: UsageReport | None
    at: float | None
    pending: bool
    problem: str = ""
    """Why there is none, for people."""


class _Kept:
    """The newest sums of one question, and the work on newer ones."""

    def __init__(self) -> None:
        self.report: UsageReport | None = None
        self.at: float | None = None
        self.problem = ""
        self.stale_at = 0.0
        self.work: asyncio.Task[None] | None = None

    @property
    def pending(self) -> bool:
        return self.work is not None and not self.work.done()


class Reckoner:
    """Answers questions for sums from what it knows; one piece of work a question, whoever asks."""

    def __init__(self, core: Core) -> None:
        """Nothing is known yet."""
        self._core = core
        self._kept: dict[tuple[str, str], _Kept] = {}

    async def sums(self, by: str, days: str) -> Sums:
        """Return the sums of the last so many local days, today included, within about `WAIT_S` seconds.

        Raises `BadRequest` for another grouping, or for days that are no number from 1 to `MOST_DAYS`.
        """
        if not days.isdecimal() or len(days) > 3 or not 1 <= int(days) <= MOST_DAYS:
            raise BadRequest(f"days is a whole number from 1 to {MOST_DAYS}.")
        since = first_moment(int(days))
        reports.check_grouping(by)
        kept = self._kept_for((by, since))
        if not kept.pending and monotonic() >= kept.stale_at:
            kept.work = asyncio.create_task(self._work(kept, by, since), name="sums")
        if kept.work is not None and kept.pending:
            await asyncio.wait({kept.work}, timeout=WAIT_S)
        return Sums(kept.report, kept.at, kept.pending, kept.problem)

    def _kept_for(self, key: tuple[str, str]) -> _Kept:
        kept = self._kept.pop(key, None) or _Kept()
        self._kept[key] = kept
        while len(self._kept) > _MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        return kept

    async def _work(self, kept: _Kept, by: str, since: str) -> None:
        began, at = monotonic(), time()
        try:
            report = await reports.usage(self._core, {"by": by, "since": since})
        except Problem as problem:
            kept.problem = problem.text
        else:
            kept.report, kept.at, kept.problem = report, at, ""
        took = monotonic() - began
        kept.stale_at = monotonic() + max(FRESH_S, took * REST)


def first_moment(days: int, now: datetime | None = None) -> str:
    """Return the local midnight with which the last so many days begin, as a time.time() in words."""
    today = (now or datetime.now().astimezone()).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    return str((today - timedelta(days=days - 1)).astimezone().timestamp())
