"""What is written down of a call: counts, names, times and reasons, never what was said."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Ending = Literal["complete", "refused", "failed", "truncated", "client_gone", "killed"]
"""How a call or an attempt ended.

"refused": before anything was asked upstream; "killed": by the mode, a command or shutdown.
"""


class Attempt(Struct, frozen=True):
    """One try at one target.

    Times are milliseconds; `first_token_ms` and token counts are None when unknown, never 0.
    """

    call_id: str
    number: int
    target: str
    provider: str
    model: str
    place: str
    key_id: str
    started: float
    """time.time() when the try began."""
    ending: Ending
    problem: str = ""
    """The kind of the problem it ended in, "" when it ended well."""
    detail: str = ""
    """The problem's words for people, at most 300 characters, no key, no prompt."""
    upstream_status: int | None = None
    connect_ms: float | None = None
    first_token_ms: float | None = None
    total_ms: float = 0.0
    load_ms: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    estimated: bool = False
    """True when the counts are ours (a cut stream, a provider that does not count)."""
    cost: float | None = None
    currency: str = ""
    cost_source: str = ""
    reason: str = ""
    """Why this target: local, busy, missing, down, listed, …"""
    address: str = ""
    """What was dialled: host:port or a socket's path."""
    bytes_out: int = 0
    bytes_in: int = 0


class CallRecord(Struct, frozen=True):
    """One call from head to end, with the sums a person asks for."""

    id: str
    time: float
    app: str
    dialect: str
    route: str
    task: str
    asked: str
    """The model as the caller named it."""
    mode: str
    stream: bool
    target: str
    place: str
    reason: str
    attempts: int
    ending: Ending
    problem: str = ""
    detail: str = ""
    status: int = 0
    """The HTTP status the caller saw; 0 when it left before one was sent."""
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    estimated: bool = False
    cost: float | None = None
    currency: str = ""
    queue_ms: float = 0.0
    first_token_ms: float | None = None
    total_ms: float = 0.0
    overhead_ms: float = 0.0
    """Our own time before the first byte went to the caller, queue and upstream left out."""
    user_agent: str = ""
    plan: str = ""
    """The plan as JSON: every candidate with its verdicts, for `hearth why`."""


class Spending(Struct, frozen=True):
    """A sum of money by local day ("2026-11-21") and by whom it was spent on; `target` is "provider/model"."""

    day: str
    provider: str
    target: str
    key_id: str
    app: str
    currency: str
    amount: float


class Hold(Struct, frozen=True):
    """Money set aside for an attempt under way: what a kill leaves of it. It ends when its call is written down."""

    call_id: str
    number: int
    spending: Spending


class Entry(Struct, frozen=True):
    """What the ledger is handed: a call with its attempts."""

    call: CallRecord
    attempts: tuple[Attempt, ...] = ()
