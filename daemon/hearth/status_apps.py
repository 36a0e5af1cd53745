"""What `hearth status` says of apps that have limits."""

from __future__ import annotations

from msgspec import Struct


class AppStatus(Struct, frozen=True):
    """One app: its calls under way, and what it used of its limits in the last minute. A limit of None is none.

    `tokens` holds what is kept for calls under way; `refused` counts the calls that were turned away since start.
    """

    name: str
    in_flight: int
    parallel: int | None
    requests: int
    requests_per_minute: int | None
    tokens: int
    tokens_per_minute: int | None
    refused: int
