"""`keep_alive`: seconds as a number, or a duration as the Go language writes it."""

from __future__ import annotations

import re

import msgspec

from hearth.dialects.ollama.fields import Fields
from hearth.problems import BadRequest

_decoder = msgspec.json.Decoder(int | float | str)
_DURATION = re.compile(r"[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)", re.ASCII)
_BARE = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)", re.ASCII)


def keep_alive(fields: Fields) -> str | float | None:
    """Return the caller's `keep_alive` as it came, None when absent. Raises `BadRequest` where Ollama does."""
    value: str | float | None = fields.decoded("keep_alive", _decoder, "api.Duration")
    if isinstance(value, str) and not _DURATION.fullmatch(value):
        fault = "missing unit in duration" if _BARE.fullmatch(value) else "invalid duration"
        raise BadRequest(f'time: {fault} "{value[:60]}"', param="keep_alive")
    return value


def is_zero(value: str | float | None) -> bool:
    """Say whether it asks for unloading: 0, "0", "0s", "0m0s"."""
    if isinstance(value, str):
        return not any(digit in value for digit in "123456789")
    return value == 0 and value is not None
