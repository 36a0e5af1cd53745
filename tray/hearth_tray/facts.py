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
    """Calls in flight: `here`, in the user's network (`lan`), `away` in the cloud, and `queued` for a slot."""

    here: int = 0
    lan: int = 0
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
    away = sum(call.place == "cloud" for call in calls)
    here, lan = (sum(call.place == place and call.phase != "queued" for call in calls) for place in ("machine", "lan"))
    return Activity(here, lan, away, queued)


def activity_told(facts: Mapping[str, Any]) -> Activity:
    """Return what goes on from the daemon's own event; figures it leaves out are 0."""
    found = (facts.get(name, 0) for name in Activity.__struct_fields__)
    return Activity(*(number if isinstance(number, int) else 0 for number in found))
