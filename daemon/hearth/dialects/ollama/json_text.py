"""JSON as Ollama's server escapes it, so that clients which split lines on more than LF stay whole."""

from __future__ import annotations

import re

import msgspec

_encode = msgspec.json.Encoder().encode
_SPECIAL = re.compile(rb"[<>&]|\xe2\x80[\xa8\xa9]|\xc2\x85")
_ESCAPES = {
    b"<": rb"\u003c",
    b">": rb"\u003e",
    b"&": rb"\u0026",
    b"\xe2\x80\xa8": rb"\u2028",
    b"\xe2\x80\xa9": rb"\u2029",
    b"\xc2\x85": rb"\u0085",
}
"""Go escapes the first five. U+0085 is ours: httpx takes it, like U+2028, for a line's end; ollama-python breaks."""


def escaped(json: bytes) -> bytes:
    """Return JSON text with those characters escaped; in valid JSON they stand inside strings only."""
    return _SPECIAL.sub(_escape, json) if _SPECIAL.search(json) else json


def one_line(json: bytes) -> bytes:
    """Return JSON without white space between its parts, escaped; a line break in it would end the record."""
    return escaped(msgspec.json.format(json, indent=-1))


def quoted(text: str) -> bytes:
    """Return text as a JSON string. Half of a surrogate pair, which UTF-8 cannot carry, becomes U+FFFD."""
    try:
        return escaped(_encode(text))
    except UnicodeEncodeError:
        return escaped(_encode(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")))


def _escape(match: re.Match[bytes]) -> bytes:
    return _ESCAPES[match.group()]
