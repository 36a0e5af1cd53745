"""How long and how large one exchange may be."""

from __future__ import annotations

from msgspec import Struct


class Limits(Struct, frozen=True):
    """Times in seconds, sizes in bytes; None means no limit.

    `first` runs from the moment the request begins to be sent until the first piece of the body has been read; if it is
    `strict`, until the first token, whatever signs of life come before it. `idle` is the longest silence after that,
    counted only while somebody waits for bytes. `life` is for how long signs of life alone may come (F12).
    """

    connect: float = 5.0
    tls: float = 10.0
    first: float | None = None
    idle: float = 60.0
    life: float = 600.0
    strict: bool = False
    total: float | None = None
    max_bytes: int = 1 << 30  # of one reply, framing included


QUIET_S = 30.0
"""How long an engine may be silent before anybody looks whether it lives; and between two looks."""
DEFAULT_LIMITS = Limits()
