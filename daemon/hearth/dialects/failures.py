"""A provider's error as one Problem: words fit to show, what a status means, what to do next; the same for everyone."""

from __future__ import annotations

import re

from hearth.dialects.dialect import Head
from hearth.problems import (
    BrokenReply,
    KeyRefused,
    NotPermitted,
    Overloaded,
    Problem,
    ProviderFault,
    ProviderRefusal,
    QuotaSpent,
    RateLimited,
    TimedOut,
)

MAX_MESSAGE = 500
"""The most characters of a provider's words that are shown."""
MAX_RAW = 65_536
"""The most bytes of an error body that are kept, to be passed on to a caller of the same dialect."""
STATUSES: dict[int, type[Problem]] = {
    401: KeyRefused,
    402: QuotaSpent,
    403: NotPermitted,
    408: TimedOut,
    429: RateLimited,
    503: Overloaded,
    504: TimedOut,
}
"""What a status means at all of them (RFC 9110 §15.5, §15.6; RFC 6585 §4); a dialect adds its own to these."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_SECRET = re.compile(
    r"\b(?:sk|gsk|hf|xai|pk|key|tgp|csk)[-_][\w*.-]{6,}|\bAIza[\w-]{10,}|\bya29\.[\w.-]+|\bAQ\.[\w.-]{10,}",
    re.IGNORECASE,
)
"""How keys of providers begin: those with a mark before a dash, then Google's keys, tokens and express keys."""
_SENTENCE_ENDS = ".!?…"


def clean(words: str) -> str:
    """Return a message fit for people and logs: one line, no control characters, nothing that looks like a key."""
    line = _SECRET.sub("[key]", _CONTROL.sub(" ", words[: 4 * MAX_MESSAGE])).strip()
    return line if len(line) <= MAX_MESSAGE else f"{line[: MAX_MESSAGE - 1]}…"


def readable(body: bytes) -> str:
    """Return the words of an error body that is in no envelope; "" for a web page."""
    return "" if body.lstrip()[:1] == b"<" else body[: 4 * MAX_MESSAGE].decode("utf-8", "replace")


def redirected(head: Head, provider: str) -> BrokenReply | None:
    """Return the problem of a reply that points elsewhere, where key and prompt never go (T11); None for another."""
    if not 300 <= head.status < 400:
        return None
    return BrokenReply(
        f"It redirects (status {head.status}), which is never followed.",
        who=provider,
        next_step=f"Set the final address of providers.{provider}.",
        upstream_status=head.status,
    )


def by_status(status: int | None, known: dict[int, type[Problem]]) -> type[Problem]:
    """Return the class that a status has in a dialect's table; else a 4xx is a refusal, and the rest a fault."""
    if status is None:
        return ProviderFault
    return known.get(status) or (ProviderRefusal if 400 <= status < 500 else ProviderFault)


def next_step(kind: type[Problem], status: int | None, provider: str) -> str:
    """Return what the owner of Hearth can do about a problem; "" where nothing but waiting or asking otherwise."""
    if kind is KeyRefused:
        return f"Check the key of providers.{provider}."
    if kind is NotPermitted:
        return f"See at {provider} what the key of providers.{provider} may use."
    if kind is QuotaSpent:
        return f"Add credit at {provider}, or give it another key."
    if kind is ProviderFault and status in (404, 405, 410):
        return f"Check the address of providers.{provider}."
    return ""


def as_sentence(words: str, status: int | None, step: str) -> str:
    """Return a provider's words cleaned, with something in their place where there are none.

    A full stop parts them from a next step.
    """
    said = clean(words) or (f"It answered with status {status}." if status else "It failed without saying why.")
    return f"{said}." if step and said[-1] not in _SENTENCE_ENDS else said
