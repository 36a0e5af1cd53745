"""Today's sums and the last calls as facts: what the tray shows too, for a terminal; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from hearth.cli.words import clock, counted, money, span, where

if TYPE_CHECKING:
    from hearth.record import CallRecord
    from hearth.status import UsageReport

MOST_CALLS = 5


def facts_of_day(today: UsageReport, lately: Sequence[CallRecord]) -> Iterator[tuple[str, str]]:
    """Yield what was answered since midnight and what it cost, then the newest calls, the newest first."""
    total = today.total
    if total is None or not total.calls:
        yield "today", "no calls yet"
    else:
        tokens = total.input_tokens + total.output_tokens
        yield "today", f"{counted(total.calls, 'call')}, {tokens:,} tokens, {money(total.costs, total.unknown_costs)}"
    yield from (("last", _call(one)) for one in lately)


def _call(call: CallRecord) -> str:
    place = where(call.place) or "nobody"
    ended = "" if call.ending == "complete" else f", {call.ending}"
    target = call.target or call.asked
    return f"{clock(call.time)} {target} ({place}, {call.reason or call.problem}) {span(call.total_ms / 1000)}{ended}"
