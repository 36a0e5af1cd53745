"""What a reply's headers say of a key's limits: every provider's own spelling, read as one kind of value; pure."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from hearth.dialects.dialect import Head

What: TypeAlias = Literal["requests", "tokens", "input-tokens", "output-tokens"]
_WHATS: Final[dict[str, What]] = {
    "requests": "requests", "tokens": "tokens", "input-tokens": "input-tokens", "output-tokens": "output-tokens",
}  # fmt: skip

_NAMED = re.compile(
    r"x-ratelimit-(?P<part>limit|remaining|reset)-(?P<what>requests|tokens)(?P<per>-minute|-hour|-day)?"
)
_ANTHROPIC = re.compile(
    r"anthropic-ratelimit-(?P<what>requests|tokens|input-tokens|output-tokens)-(?P<part>limit|remaining|reset)"
)
_PLAIN = re.compile(r"(?:x-)?ratelimit-(?P<part>limit|remaining|reset)")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|us|µs|ns|s|m|h|d)", re.ASCII)
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_EPOCH_S = 1e9
_EPOCH_MS = 1e11
_LONGEST_S = 366 * 86_400.0
_LONGEST_TEXT = 64


class Told(Struct, frozen=True):
    """One limit as a reply states it; a part that is None was not said, or not sensibly.

    `reset_s` is counted from the reply: where the limit `refills`, it is full again by then, having filled steadily;
    else nothing comes before that moment, and all of it then.
    """

    what: What
    limit: float | None = None
    remaining: float | None = None
    reset_s: float | None = None
    refills: bool = True
    per: str = ""
    """"minute", "hour" or "day" where the header's name says so."""
    by_model: bool = True
    """Whether it is the limit of the model that was asked, rather than of all that the key may be used for."""


def read_limits(head: Head, now: float) -> tuple[Told, ...]:
    """Return the limits that a reply states; `now` is time.time(), for replies without a date of their own.

    Known (wire/providers §3) are OpenAI's `x-ratelimit-{limit,remaining,reset}-{requests,tokens}` (Azure, Groq and
    others; a reset is a duration such as "6m0s"; Cerebras adds `-minute` or `-day`), Anthropic's
    `anthropic-ratelimit-*` (a reset is a moment, RFC 3339), and the plain `x-ratelimit-*` of Together and OpenRouter
    (seconds, or a moment in s or ms since 1970). OpenAI and those like it, and Anthropic, limit each model by itself;
    the plain ones are of the key. Raises nothing: what makes no sense is left out.
    """
    found: dict[tuple[What, str, bool], dict[str, str]] = {}
    for name, value in head.headers:
        lowered = name.lower()
        if "ratelimit" not in lowered:
            continue
        named = _NAMED.fullmatch(lowered) or _ANTHROPIC.fullmatch(lowered)
        if named is not None:
            per = named["per"] if named.re is _NAMED and named["per"] else ""
            found.setdefault((_WHATS[named["what"]], per[1:], True), {})[named["part"]] = value
        elif (plain := _PLAIN.fullmatch(lowered)) is not None:
            found.setdefault(("requests", "", False), {})[plain["part"]] = value
    if not found:
        return ()
    clock = _said_now(head.get("date"), now)
    told = (_told(what, per, parts, clock, named=named) for (what, per, named), parts in found.items())
    return tuple(one for one in told if one.remaining is not None or one.limit is not None)


def _told(what: What, per: str, parts: dict[str, str], clock: float, *, named: bool) -> Told:
    limit, remaining = number(parts.get("limit", "")), number(parts.get("remaining", ""))
    if limit is not None and remaining is not None:
        remaining = min(remaining, limit)
    return Told(what, limit, remaining, read_reset(parts.get("reset", ""), clock), named, per, by_model=named)


def number(text: str) -> float | None:
    """Return a number that is not negative; None for anything else."""
    text = text.strip()
    if not text.isascii() or len(text) > _LONGEST_TEXT:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def read_reset(text: str, now: float) -> float | None:
    """Return in how many seconds a limit is whole again; 0 for a moment that has passed, None for what says nothing.

    It may be seconds, a duration ("120ms", "6m0s"), a moment in s or ms since 1970, or an RFC 3339 moment.
    """
    text = text.strip()
    plain = number(text)
    if plain is not None:
        moment = plain / 1000 if plain >= _EPOCH_MS else plain
        return _bounded(moment - now if moment >= _EPOCH_S else moment)
    if not text or len(text) > _LONGEST_TEXT:
        return None
    parts = _DURATION.findall(text)
    if parts and "".join(amount + unit for amount, unit in parts) == text:
        return _bounded(sum(float(amount) * _SECONDS[unit] for amount, unit in parts))
    return _until(text, now)


def _until(text: str, now: float) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
        return _bounded((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now)
    except (ValueError, OverflowError, OSError):
        return None


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), _LONGEST_S)


def _said_now(date: str, now: float) -> float:
    """Return the moment of the reply by its own clock, so that a clock that is wrong here does no harm."""
    try:
        return parsedate_to_datetime(date).timestamp() if date else now
    except (ValueError, TypeError, IndexError, OverflowError, OSError):
        return now
