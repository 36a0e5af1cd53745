"""What `hearth doctor` found: a fact, how bad it is, and what to do about it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Finding(Struct, frozen=True):
    """One result. "note" is worth knowing, "bad" stands in the way; both may have a next step."""

    state: Literal["ok", "note", "bad"]
    text: str
    next_step: str = ""
