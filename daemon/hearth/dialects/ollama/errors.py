"""Errors in Ollama's envelope `{"error": "text"}`: what they say about the provider, and how ours are written.

Texts and statuses: recordings `error-*`, `chat-too-long-*`, `runner-dies-*`. Errors of llama-server arrive as JSON
inside the text.
"""

from __future__ import annotations

import math
import re

import msgspec
from msgspec import Raw, Struct

from hearth.dialects.dialect import Head, Rendered
from hearth.dialects.ollama.json_text import quoted
from hearth.dialects.ollama.names import without_local
from hearth.dialects.retry_after import read_retry_after
from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import (
    BrokenReply,
    ContextTooLong,
    KeyRefused,
    ModelMissing,
    NotPermitted,
    Overloaded,
    Problem,
    ProviderFault,
    ProviderProblem,
    ProviderRefusal,
    QueueFull,
    QuotaSpent,
    RateLimited,
    TimedOut,
    UnknownModel,
)

JSON = (("Content-Type", "application/json; charset=utf-8"),)
QUEUE_FULL = "server busy, please try again.  maximum pending requests exceeded"
_LONGEST_TEXT = 2000
_TOO_LONG = (
    "exceed_context_size_error",
    "exceeds the available context size",
    "longer than the context length",
    "exceeds the context length",
    "exceeds the model's maximum context length",
)
_REFUSED = (
    "does not support",
    "is not supported",
    'option "',
    "invalid format",
    "invalid model name",
    "illegal base64",
    "json: cannot unmarshal",
)
_MISSING = re.compile(r"model ['\"].*['\"] not found|file does not exist|no such model")
_BY_STATUS: dict[int, type[ProviderProblem]] = {
    401: KeyRefused,
    402: QuotaSpent,
    403: NotPermitted,
    408: TimedOut,
    429: RateLimited,
    503: Overloaded,
    504: TimedOut,
}
_QUOTED_NAME = re.compile(r"""(["'])(.+)\1""")


class _Envelope(Struct):
    """Any of the forms an error takes; `error` is text, or an object from servers that only resemble Ollama."""

    error: Raw = Raw(b"")


class _Inner(Struct):
    """What llama-server says inside Ollama's text."""

    message: str = ""
    type: str = ""


class _Nested(Struct):
    error: _Inner


_envelope = msgspec.json.Decoder(_Envelope)
_nested = msgspec.json.Decoder(_Nested)
_inner = msgspec.json.Decoder(_Inner)
_text = msgspec.json.Decoder(str)


def read_problem(head: Head, body: bytes, provider: str) -> Problem:
    """Return the problem an error reply stands for."""
    status = head.status
    if 300 <= status < 400:
        return BrokenReply(
            f"answered with a redirect ({status}), which is never followed.",
            who=provider,
            next_step="Set its address in hearth.toml to where it really is.",
            upstream_status=status,
        )
    text, kind = _said(body)
    return classify(text, kind, status, provider, raw=body, retry_after=read_retry_after(head))


def classify(
    text: str, kind: str, status: int | None, provider: str, *, raw: bytes = b"", retry_after: float | None = None
) -> Problem:
    """Return the problem that a text stands for; `status` is None for an error inside a stream that had begun well."""
    message = without_local(text)[:_LONGEST_TEXT] or f"answered {status} without saying why."
    problem = _class_of(message, kind, status)
    return problem(message, who=provider, raw=raw, retry_after=retry_after, upstream_status=status)


def error_text(error: Raw) -> tuple[str, str]:
    """Return the text and llama-server's type ("" if none) of an `error` member, nested JSON opened."""
    try:
        if bytes(error).startswith(b"{"):
            inner = _inner.decode(error)
            return inner.message, inner.type
        text = _text.decode(error)
    except UNREADABLE:
        return bytes(error).decode(errors="replace"), ""
    if not text.startswith("{"):
        return text, ""
    try:
        nested = _nested.decode(text)
    except UNREADABLE:
        return text, ""
    return nested.error.message, nested.error.type


def write_problem(problem: Problem, route: str) -> Rendered:
    """Render a problem. An Ollama's own plain error passes unchanged where its status does too."""
    headers: tuple[tuple[str, str], ...] = JSON
    if problem.retry_after is not None and math.isfinite(problem.retry_after):
        headers = (*JSON, ("Retry-After", str(max(0, math.ceil(problem.retry_after)))))
    status = problem.http_status
    if problem.upstream_status == status and _passes(problem.raw):
        return Rendered(status, headers, problem.raw)
    return Rendered(status, headers, b'{"error":%b}' % quoted(words(problem, route)))


def write_in_band(problem: Problem) -> bytes:
    """Return the last line of a stream that failed."""
    return b'{"error":%b}\n' % quoted(words(problem))


def words(problem: Problem, route: str = "") -> str:
    """Return the text for a problem: Ollama's own where clients look for it, never something that reads as JSON."""
    if isinstance(problem, QueueFull):
        return QUEUE_FULL
    text = _unknown_model(problem, route) if isinstance(problem, UnknownModel) else problem.text
    return f"error: {text}" if _reads_as_json(text) else text


def _unknown_model(problem: UnknownModel, route: str) -> str:
    """Return Ollama's own sentence, which clients search for, and our next step; the message has the name in quotes."""
    named = _QUOTED_NAME.search(problem.message)
    if named is None:
        return problem.text
    name = named.group(2)
    said = f'model "{name}" not found, try pulling it first' if "embed" in route else f"model '{name}' not found"
    return f"{said}. {problem.next_step}" if problem.next_step else said


def _passes(raw: bytes) -> bool:
    """Say whether an error body is Ollama's envelope with a plain text in it, and nothing of ours to hide."""
    if not raw or b":local" in raw:
        return False
    try:
        text = _text.decode(_envelope.decode(raw).error)
    except UNREADABLE:
        return False
    return not _reads_as_json(text)


def _reads_as_json(text: str) -> bool:
    """ollama-python tries to read error texts as JSON, and dies on a bare number."""
    try:
        msgspec.json.decode(text)
    except UNREADABLE:
        return text.lstrip().startswith(("{", "["))
    except UnicodeEncodeError:
        return False
    return True


def _said(body: bytes) -> tuple[str, str]:
    """Return what an error body says, and llama-server's type for it."""
    try:
        error = _envelope.decode(body).error
    except UNREADABLE:
        text = body.decode(errors="replace").strip()
        return ("" if text.startswith("<") else text), ""
    return error_text(error) if bytes(error) else ("", "")


def _class_of(text: str, kind: str, status: int | None) -> type[Problem]:
    """Sort by what the text says, since statuses of Ollama are loose (a wrong option is a 500), then by status."""
    if kind in _TOO_LONG or any(words in text for words in _TOO_LONG):
        return ContextTooLong
    if _MISSING.search(text) and status in {None, 404}:
        return ModelMissing
    if "server busy" in text:
        return Overloaded
    if "cloud is disabled" in text:
        return ProviderFault
    if any(words in text for words in _REFUSED):
        return ProviderRefusal
    if status is None or status >= 500 or status == 404:
        return _BY_STATUS.get(status or 0, ProviderFault)
    return _BY_STATUS.get(status, ProviderRefusal)
