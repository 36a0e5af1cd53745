"""Questions to the usage log, asked in a thread: the event loop never waits for a disk."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from time import time
from typing import TYPE_CHECKING, NamedTuple, get_args

from hearth.call import Place
from hearth.ledger import reports
from hearth.ledger.sums import By
from hearth.problems import BadRequest
from hearth.record import Ending
from hearth.server.control.savings import comparing
from hearth.status import UsageReport

if TYPE_CHECKING:
    from pathlib import Path

    from hearth.record import CallRecord, Entry
    from hearth.server.core import Core

FLUSH_S = 1.0
DEFAULT_ROWS = 20
MOST_ROWS = 1000
_GROUPINGS: tuple[By, ...] = get_args(By)


class Listed(NamedTuple):
    """Past calls, newest first; `behind` says that others have ended which the disk has not taken yet."""

    calls: tuple[CallRecord, ...]
    behind: bool


async def written(core: Core) -> Path:
    """Have written down what waits, for `FLUSH_S` seconds at most; returns the usage log's file."""
    await _all_written(core)
    return core.ledger.path


async def _all_written(core: Core) -> bool:
    return await asyncio.to_thread(core.ledger.flush, FLUSH_S)


async def usage(core: Core, query: Mapping[str, str]) -> UsageReport:
    """Return sums by model, provider, key, app, place or day. Raises `BadRequest` for another grouping."""
    by = check_grouping(query.get("by", "model"))
    since, until = moment(query, "since"), moment(query, "until")
    await core.till.read()
    compare = comparing(core.catalog, core.till.book.tag)
    return await asyncio.to_thread(reports.usage, await written(core), by, since, until, compare)


def check_grouping(asked: str) -> By:
    """Return what usage is to be grouped by. Raises `BadRequest` for what it cannot be."""
    by = next((one for one in _GROUPINGS if one == asked), None)
    if by is None:
        raise BadRequest(f"Usage cannot be grouped by {asked[:40]!r}.", next_step=f"Use {', '.join(_GROUPINGS)}.")
    return by


async def log(core: Core, query: Mapping[str, str]) -> Listed:
    """Return the newest calls that are on disk. Raises `BadRequest` for a filter that can match nothing."""
    try:
        limit = max(1, min(int(query.get("limit", DEFAULT_ROWS)), MOST_ROWS))
    except ValueError:
        raise BadRequest("limit is a whole number.") from None
    filters = _filters(query)
    behind = not await _all_written(core)
    found = await asyncio.to_thread(reports.log, core.ledger.path, limit, query.get("after", ""), filters)
    return Listed(found, behind)


def _filters(query: Mapping[str, str]) -> reports.Filters:
    return reports.Filters(
        app=query.get("app"),
        target=query.get("target") or None,
        place=_one_of("place", query.get("place"), get_args(Place)),
        ending=_one_of("ending", query.get("ending"), get_args(Ending)),
        since=moment(query, "since"),
        until=moment(query, "until"),
    )


def _one_of(name: str, asked: str | None, known: tuple[str, ...]) -> str | None:
    if asked and asked not in known:
        raise BadRequest(f"No call has the {name} {asked[:40]!r}.", next_step=f"Use {', '.join(known)}.")
    return asked or None


async def call(core: Core, call_id: str) -> Entry | None:
    """Return one call with its attempts; "last" is the newest."""
    path = await written(core)
    if call_id == "last":
        newest = await asyncio.to_thread(reports.log, path, 1)
        if not newest:
            return None
        call_id = newest[0].id
    return await asyncio.to_thread(reports.call, path, call_id)


async def purge(core: Core) -> int:
    """Empty the usage log; returns how many calls it held."""
    return await asyncio.to_thread(core.ledger.purge)


def moment(query: Mapping[str, str], name: str) -> float | None:
    """Return a time of a query, as time.time(); None where there is none. Raises `BadRequest`."""
    text = query.get(name)
    if not text:
        return None
    try:
        when = float(text)
    except ValueError:
        raise BadRequest(f"{name} is a time in seconds since 1970.") from None
    return time() + when if when < 0 else when
