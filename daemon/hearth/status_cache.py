"""What `hearth status` and `hearth cache stats` say of the answers that are kept."""

from __future__ import annotations

from msgspec import Struct


class CacheStatus(Struct, frozen=True):
    """The answer cache since start, and what lies on disk where that was asked for.

    `answers` and `embeddings` are what the config says. A hit was answered from disk, a shared call together with the
    same call of somebody else, a batched one together with others for the same model; `saved_tokens` are what hits and
    shared calls would have taken. `note` says why nothing is kept now. `kept` counts the answers on disk, `size` their
    bytes (at most `limit`), `oldest` is time.time(), `ttl` in seconds.
    """

    answers: str
    embeddings: str
    path: str
    limit: int
    ttl: float
    hits: int = 0
    shared: int = 0
    batched: int = 0
    misses: int = 0
    saved_tokens: int = 0
    note: str = ""
    kept: int | None = None
    size: int | None = None
    oldest: float | None = None


class Cleared(Struct, frozen=True):
    """What was deleted: so many answers, of so many bytes."""

    answers: int
    size: int
