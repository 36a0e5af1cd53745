"""The state of keys in words, a row each; pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from hearth.cli.words import UNKNOWN, clock, money, number, span

if TYPE_CHECKING:
    from hearth.status import Usage
    from hearth.status_keys import KeyStatus, RoomStatus

HEADINGS = ("KEY", "STATE", "ROOM LEFT", "USED", "SPENT TODAY", "LAST ERROR")
_STATES = {
    "key_refused": "refused",
    "rate_limited": "limited",
    "quota_spent": "quota spent",
    "missing": "cannot be had",
    "full": "at its limit",
    "spent": "money spent",
    "provider_error": "failing",
    "broken_reply": "failing",
    "tried": "tried by one call",
}


def rows(keys: Iterable[KeyStatus], spent: Iterable[Usage]) -> list[tuple[str, ...]]:
    """Return a row for each key, under `HEADINGS`; `spent` are today's sums by key."""
    costs = {row.name: money(row.costs, row.unknown_costs) for row in spent}
    return [_row(key, costs.get(f"{key.provider}/{key.id}", "0")) for key in keys]


def _row(key: KeyStatus, cost: str) -> tuple[str, ...]:
    error = f"{clock(key.last_error_at)} {key.last_error}" if key.last_error_at else ""
    room = ", ".join(map(_room, key.room)) or UNKNOWN
    return f"{key.provider}/{key.id}", state_in_words(key), room, number(key.uses), cost, error


def state_in_words(key: KeyStatus) -> str:
    """Return a key's state: "ready", "limited for 12.0 s", "ready, not for gpt-x, limited for gpt-y for 3.0 s"."""
    rests = f" for {span(key.rests_s)}" if key.rests_s else ""
    barred = f", not for {', '.join(key.barred)}" if key.barred else ""
    limited = "".join(f", limited for {model} for {span(seconds)}" for model, seconds in key.limited.items())
    return f"{_STATES.get(key.state, key.state)}{rests}{barred}{limited}"


def _room(room: RoomStatus) -> str:
    of = f" of {room.limit:,.0f}" if room.limit is not None else ""
    per = f" a {room.per}" if room.per else ""
    model = f" for {room.model}" if room.model else ""
    said = " (as its provider says)" if room.source == "provider" else ""
    return f"{room.left:,}{of} {room.what.replace('-', ' ')}{per}{model}{said}"
