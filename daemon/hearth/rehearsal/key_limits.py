"""Limits of keys, held as providers hold them: 429 for what is over, and headers that say what is left."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Literal

import msgspec

from hearth.rehearsal.http import HeaderList, Request

Said = Literal["openai", "anthropic", "plain", "nothing"]


class KeyLimit(msgspec.Struct, frozen=True, kw_only=True):
    """What one key (its secret; "" is every key without a limit of its own) may do in so many seconds.

    `said` is the form of the headers (wire/providers §3). With `counts` "bucket" the limit refills steadily, as
    OpenAI's and Anthropic's does; with "sliding" no stretch of that many seconds may hold more, which is the strictest
    a provider can be. A 429 brings Retry-After unless `silent`.
    """

    key: str = ""
    requests: int | None = None
    tokens: int | None = None
    seconds: float = 60.0
    said: Said = "openai"
    counts: Literal["bucket", "sliding"] = "bucket"
    silent: bool = False


class KeyBook(msgspec.Struct):
    """What came with one key: requests that were let through, and those that were over a limit."""

    passed: int = 0
    over: int = 0
    tokens: int = 0
    most: int = 0
    """The most requests that any stretch of the limit's seconds held."""


class Meter:
    """One limit of one key: what is left of it now, and when there is room again."""

    def __init__(self, size: int, limit: KeyLimit) -> None:
        self.size = size
        self._limit = limit
        self._level = float(size)
        self._at = 0.0
        self._taken: deque[tuple[float, int]] = deque()

    def left(self, now: float) -> int:
        """How much is left now."""
        if self._limit.counts == "bucket":
            self._level = min(self.size, self._level + (now - self._at) * self.size / self._limit.seconds)
            self._at = now
            return int(self._level)
        while self._taken and self._taken[0][0] <= now - self._limit.seconds:
            self._taken.popleft()
        return self.size - sum(amount for _, amount in self._taken)

    def take(self, amount: int, now: float) -> None:
        """Let so much through."""
        self._level -= amount
        self._taken.append((now, amount))

    def wait(self, amount: int, now: float) -> float:
        """Seconds until there is room for so much."""
        short = amount - self.left(now)
        if short <= 0:
            return 0.0
        if self._limit.counts == "bucket":
            return (amount - self._level) * self._limit.seconds / self.size
        for at, taken in self._taken:
            short -= taken
            if short <= 0:
                return at + self._limit.seconds - now
        return self._limit.seconds

    def whole_in(self, now: float) -> float:
        """Seconds until all of it is there again."""
        return self.wait(self.size, now)


class KeyLimits:
    """The limits of all keys, and the books that are kept of them."""

    def __init__(self) -> None:
        self.books: dict[str, KeyBook] = {}
        self._meters: dict[tuple[str, str, KeyLimit], Meter] = {}
        self._stretches: dict[str, deque[float]] = {}

    def judge(self, limits: tuple[KeyLimit, ...], request: Request) -> tuple[bool, HeaderList]:
        """Whether a request is over a limit of its key, and the headers that say how things stand."""
        key = key_of(request)
        limit = next((one for wanted in (key, "") for one in limits if one.key == wanted), None)
        if limit is None:
            return False, []
        now, tokens = time.monotonic(), _tokens(request)
        meters = self._of(key, limit, tokens)
        wait = max((meter.wait(amount, now) for _, meter, amount in meters), default=0.0)
        book = self.books.setdefault(key, KeyBook())
        if wait <= 0:
            for _, meter, amount in meters:
                meter.take(amount, now)
            self._note(book, key, limit, tokens, now)
        else:
            book.over += 1
        headers = [pair for what, meter, _ in meters for pair in _stated(what, meter, limit, now)]
        if wait > 0 and not limit.silent:
            headers.append(("Retry-After", str(ceil(wait))))
        return wait > 0, headers

    def _of(self, key: str, limit: KeyLimit, tokens: int) -> list[tuple[str, Meter, int]]:
        sizes = (("requests", limit.requests, 1), ("tokens", limit.tokens, tokens))
        return [
            (what, self._meters.setdefault((key, what, limit), Meter(size, limit)), amount)
            for what, size, amount in sizes
            if size is not None
        ]

    def _note(self, book: KeyBook, key: str, limit: KeyLimit, tokens: int, now: float) -> None:
        stretch = self._stretches.setdefault(key, deque())
        stretch.append(now)
        while stretch[0] <= now - limit.seconds:
            stretch.popleft()
        book.passed += 1
        book.tokens += tokens
        book.most = max(book.most, len(stretch))


def key_of(request: Request) -> str:
    """The key that a request came with, wherever its dialect puts it."""
    bearer = request.header("Authorization").partition(" ")[2]
    return bearer or request.header("api-key") or request.header("x-api-key") or request.header("x-goog-api-key")


class _Asked(msgspec.Struct):
    max_tokens: int | None = None
    max_completion_tokens: int | None = None


def _tokens(request: Request) -> int:
    """What a request counts for when it comes: its body, at four bytes a token, and the answer it asks for."""
    try:
        asked = msgspec.json.decode(request.body, type=_Asked)
    except msgspec.DecodeError:
        asked = _Asked()
    return len(request.body) // 4 + (asked.max_tokens or asked.max_completion_tokens or 0)


def _stated(what: str, meter: Meter, limit: KeyLimit, now: float) -> Iterator[tuple[str, str]]:
    size, left, whole = str(meter.size), str(max(meter.left(now), 0)), meter.whole_in(now)
    if limit.said == "openai":
        yield from zip(
            (f"x-ratelimit-{part}-{what}" for part in ("limit", "remaining", "reset")),
            (size, left, f"{round(whole * 1000)}ms" if whole < 1 else f"{whole:.3f}s"),
            strict=True,
        )
    elif limit.said == "anthropic":
        reset = (datetime.now(UTC) + timedelta(seconds=whole)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        parts = zip(("limit", "remaining", "reset"), (size, left, reset), strict=True)
        yield from ((f"anthropic-ratelimit-{what}-{part}", value) for part, value in parts)
    elif limit.said == "plain" and what == "requests":
        reset = str(round((time.time() + whole) * 1000))
        parts = zip(("Limit", "Remaining", "Reset"), (size, left, reset), strict=True)
        yield from ((f"X-RateLimit-{part}", value) for part, value in parts)
