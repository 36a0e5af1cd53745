"""What the control API says besides `status`, as its client reads it: switches, one call, one event, a link."""

from __future__ import annotations

from typing import Any

from msgspec import Raw, Struct

from hearth.record import Attempt, CallRecord
from hearth.status import CallStatus
from hearth.status_bodies import Said


class ModeState(Struct, frozen=True):
    """The mode that holds, the file's, and the run-time switch (None: left to the file)."""

    mode: str
    ceiling: str = ""
    switched: str | None = None
    ended: int = 0  # how many calls a switch has ended


class DefaultModel(Struct, frozen=True):
    """What a client gets that names no model; `chosen` when `hearth use` said so, with a `note` on that choice."""

    model: str | None
    chosen: bool = False
    note: str = ""


class Told(Struct, frozen=True):
    """One call: in flight (`live`), or as it was written down. `plan` is JSON, null where it was plain.

    `said` is what was asked and answered, where that was asked for and kept.
    """

    live: CallStatus | None = None
    call: CallRecord | None = None
    attempts: tuple[Attempt, ...] = ()
    plan: Raw = Raw(b"null")
    said: Said | None = None


class Happening(Struct, frozen=True):
    """One event: when (time.time()), what kind, and its facts."""

    at: float
    kind: str
    facts: dict[str, Any] = {}


class Link(Struct, frozen=True):
    """A way into the dashboard: a path that signs one browser in, once, and the addresses it stands under."""

    path: str
    addresses: tuple[str, ...]
    seconds: float

    @property
    def urls(self) -> tuple[str, ...]:
        """The link, one for each address."""
        return tuple(f"{address}{self.path}" for address in self.addresses)
