"""Sums over many days for a page that must not wait: each past day is worked out once, the newest first, and kept."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from time import monotonic, time
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from hearth.ledger.reader import reading
from hearth.ledger.sums import Span, sums
from hearth.problems import BadRequest, Problem
from hearth.server.control import reports
from hearth.server.control.merging import merged
from hearth.server.control.savings import comparing
from hearth.status import Usage, UsageReport

if TYPE_CHECKING:
    from pathlib import Path

    from hearth.ledger.savings import Compare
    from hearth.server.core import Core

WAIT_S = 0.1
"""How long a question waits for sums that are being worked out."""
FRESH_S = 2.0
REST = 5.0
"""Today's sums are worked out anew after so many times as long as it took, and not before `FRESH_S`."""
CLOSED_S = 3600.0
"""So long after its end a day is taken for finished: a call counts when it began, and is written down when it ends."""
FORGET_S = 600.0
"""Nothing is kept for longer than this after the last question."""
MOST_DAYS = 400


class Day(Struct, frozen=True):
    """One local day, from its first moment to that of the next, as time.time()."""

    name: str
    since: float
    until: float


class Sums(Struct, frozen=True):
    """The sums of the last days, as far as they are worked out: `done` of `days`; `pending`: more is coming."""

    report: UsageReport
    at: float | None
    days: int
    done: int
    pending: bool
    problem: str = ""
    """Why some are missing, for people."""


class _Grouping:
    """What is known of one grouping: the rows of each day, and the work on more."""

    def __init__(self) -> None:
        self.rows: dict[Day, tuple[Usage, ...]] = {}
        self.at: float | None = None
        self.stale_at = 0.0
        self.problem = ""
        self.work: asyncio.Task[None] | None = None

    @property
    def pending(self) -> bool:
        return self.work is not None and not self.work.done()

    def wants(self, day: Day) -> bool:
        """Whether a day must be worked out: it was not yet, or it goes on and what is known of it is stale."""
        if day not in self.rows:
            return True
        return self.at is not None and day.until + CLOSED_S > self.at and monotonic() >= self.stale_at


class Reckoner:
    """Answers questions for sums from what it knows; one piece of work at a time, whoever asks."""

    def __init__(self, core: Core) -> None:
        """Nothing is known yet."""
        self._core = core
        self._known: dict[str, _Grouping] = {}
        self._reloads = 0
        self._turn = asyncio.Lock()
        self._forgetting: asyncio.TimerHandle | None = None

    def forget(self) -> None:
        """Know nothing any more: the log was emptied, or nobody has asked for a while."""
        self._known = {}

    async def sums(self, by: str, count: str) -> Sums:
        """Return the sums of the last so many local days, today included, within about `WAIT_S` seconds.

        Raises `BadRequest` for another grouping, or for days that are no number from 1 to `MOST_DAYS`.
        """
        if not count.isdecimal() or len(count) > 3 or not 1 <= int(count) <= MOST_DAYS:
            raise BadRequest(f"days is a whole number from 1 to {MOST_DAYS}.")
        reports.check_grouping(by)
        grouping, days = self._grouping(by), last_days(int(count))
        if not grouping.pending and any(map(grouping.wants, days)):
            grouping.work = asyncio.create_task(self._work(grouping, by, days), name="sums")
        if grouping.work is not None and grouping.pending:
            await asyncio.wait({grouping.work}, timeout=WAIT_S)
        return _told(grouping, by, days)

    def _grouping(self, by: str) -> _Grouping:
        if self._reloads != self._core.reloads:
            self._reloads = self._core.reloads
            self.forget()  # other prices make other savings
        if self._forgetting is not None:
            self._forgetting.cancel()
        self._forgetting = asyncio.get_running_loop().call_later(FORGET_S, self.forget)
        return self._known.setdefault(by, _Grouping())

    async def _work(self, grouping: _Grouping, by: str, days: tuple[Day, ...]) -> None:
        for day in reversed(days):
            if not grouping.wants(day):
                continue
            began, at = monotonic(), time()
            try:
                async with self._turn:
                    rows = await self._rows(by, day)
            except Problem as problem:
                grouping.problem = problem.text
                grouping.stale_at = monotonic() + FRESH_S
                return
            grouping.rows[day] = rows
            grouping.problem = ""
            if day == days[-1]:
                grouping.at = at
                grouping.stale_at = monotonic() + max(FRESH_S, (monotonic() - began) * REST)

    async def _rows(self, by: str, day: Day) -> tuple[Usage, ...]:
        core = self._core
        await core.till.read()
        compare = comparing(core.catalog, core.till.book.tag)
        return await asyncio.to_thread(_read, await reports.written(core), by, Span(day.since, day.until), compare)


def _read(path: Path, by: str, span: Span, compare: Compare) -> tuple[Usage, ...]:
    with reading(path) as connection:
        rows = sums(connection, by, span, compare) if connection is not None else []
    return tuple(structs.replace(row, trend=()) for row in rows)


def _told(grouping: _Grouping, by: str, days: tuple[Day, ...]) -> Sums:
    known = [(day, grouping.rows[day]) for day in days if day in grouping.rows]
    rows = [row for _, found in known for row in found]
    total = merged("total", rows) if by in ("day", "app") and rows else None
    shown = rows if by == "day" else _by_name(rows)
    report = UsageReport(by, days[0].since, None, tuple(shown), total=total)
    return Sums(report, grouping.at, len(days), len(known), grouping.pending, grouping.problem)


def _by_name(rows: Iterable[Usage]) -> list[Usage]:
    groups: dict[str, list[Usage]] = {}
    for row in rows:
        groups.setdefault(row.name, []).append(row)
    return sorted((merged(name, found) for name, found in groups.items()), key=lambda row: -row.calls)


def last_days(count: int, now: datetime | None = None) -> tuple[Day, ...]:
    """Return the last so many local days, oldest first; a day may have 23 or 25 hours."""
    today = (now or datetime.now().astimezone()).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    first = [today - timedelta(days=back) for back in range(count - 1, -2, -1)]
    moments = [day.astimezone().timestamp() for day in first]
    return tuple(
        Day(day.strftime("%Y-%m-%d"), since, until)
        for day, since, until in zip(first[:-1], moments[:-1], moments[1:], strict=True)
    )
