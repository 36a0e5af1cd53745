"""What the tray knows of the daemon at one moment, as one frozen value; all of it comes from the control API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from hearth.client import Client
from hearth.record import CallRecord
from hearth.status import CallStatus, ModelStatus, Status, UsageReport
from hearth.told import DefaultModel

MOST_CALLS = 8
"""How many of the last calls a menu shows."""


class Activity(Struct, frozen=True):
    """Calls in flight: `here` on this machine, `away` at other ones, `queued` waiting for a slot."""

    here: int = 0
    away: int = 0
    queued: int = 0


class Facts(Struct, frozen=True):
    """One look at a daemon that runs.

    `models` are all that may be asked for, `today` the sums by place since midnight, `lately` the newest calls, newest
    first. `at_login` is None where nobody can say.
    """

    status: Status
    models: tuple[ModelStatus, ...] = ()
    default: DefaultModel = DefaultModel(None)
    today: UsageReport | None = None
    lately: tuple[CallRecord, ...] = ()
    activity: Activity = Activity()
    at_login: bool | None = None


def look(client: Client, now: datetime, *, at_login: bool | None = None) -> Facts:
    """Ask a daemon for all of it. `now` says when today began. Raises `ClientError`."""
    status = client.status()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return Facts(
        status,
        client.models().models,
        client.default_model(),
        client.usage("place", midnight.timestamp()),
        client.calls(MOST_CALLS),
        activity_of(status.calls),
        at_login,
    )


def activity_of(calls: tuple[CallStatus, ...]) -> Activity:
    """Return what goes on from the calls in flight."""
    queued = sum(call.phase == "queued" for call in calls)
    away = sum(call.place in ("lan", "cloud") for call in calls)
    here = sum(call.place == "machine" and call.phase != "queued" for call in calls)
    return Activity(here, away, queued)


def activity_told(facts: Mapping[str, Any]) -> Activity:
    """Return what goes on from the daemon's own event; figures it leaves out are 0."""
    here, away, queued = (facts.get(name, 0) for name in ("here", "away", "queued"))
    return Activity(*(number if isinstance(number, int) else 0 for number in (here, away, queued)))
