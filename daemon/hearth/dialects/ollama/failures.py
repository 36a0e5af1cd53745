"""An Ollama's error as the problem it is: its envelope is `{"error": "text"}`, and its statuses are loose.

Texts and statuses: recordings `error-*`, `chat-too-long-*`, `runner-dies-*`. Errors of llama-server arrive as JSON
inside the text.
"""

from __future__ import annotations

import re

import msgspec
from msgspec import Raw, Struct

from hearth.dialects import failures
from hearth.dialects.dialect import Head
from hearth.dialects.ollama.names import without_local
from hearth.dialects.retry_after import read_retry_after
from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import (
    ContextTooLong,
    ModelMissing,
    Overloaded,
    Problem,
    ProviderFault,
    ProviderRefusal,
)

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
_STATUSES: dict[int, type[Problem]] = {**failures.STATUSES, 404: ProviderFault}


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
    redirect = failures.redirected(head, provider)
    if redirect is not None:
        return redirect
    text, kind = _said(body)
    return classify(text, kind, head.status, provider, raw=body, retry_after=read_retry_after(head))


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
    return failures.by_status(status, _STATUSES)
