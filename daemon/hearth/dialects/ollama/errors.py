"""Problems as clients of Ollama know them: `{"error": "text"}`, in Ollama's own words where clients look for them."""

from __future__ import annotations

import re

import msgspec
from msgspec import Struct

from hearth.dialects.dialect import Rendered
from hearth.dialects.errors import retry_after
from hearth.dialects.ollama.json_text import quoted
from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import Problem, QueueFull, UnknownModel

JSON = (("Content-Type", "application/json; charset=utf-8"),)
QUEUE_FULL = "server busy, please try again.  maximum pending requests exceeded"
_NUMBERS_OF_PYTHON = ("NaN", "Infinity", "-Infinity")
"""What Python's json reads besides JSON."""
_QUOTED_NAME = re.compile(r"""(["'])(.+)\1""")


class _Plain(Struct):
    """Ollama's envelope with nothing but a text in it."""

    error: str


_plain = msgspec.json.Decoder(_Plain)


def render(problem: Problem, route: str) -> Rendered:
    """Render a problem. An Ollama's own plain error passes unchanged where its status does too."""
    headers, status = (*JSON, *retry_after(problem)), problem.http_status
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
        return not _reads_as_json(_plain.decode(raw).error)
    except UNREADABLE:
        return False


def _reads_as_json(text: str) -> bool:
    """ollama-python tries to read error texts as JSON, and dies on a bare number."""
    try:
        msgspec.json.decode(text)
    except UNREADABLE:
        return text.lstrip().startswith(("{", "[")) or text.strip() in _NUMBERS_OF_PYTHON
    return True
