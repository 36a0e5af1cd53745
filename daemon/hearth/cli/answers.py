"""An answer as it streams in from /v1/chat/completions; a cut one is never taken for a whole one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Struct

from hearth.client import Refused


class Piece(Struct, frozen=True):
    """Some text of an answer, or of the thinking before it."""

    text: str
    thinking: bool = False


class _Delta(Struct):
    content: str | None = None
    reasoning: str | None = None
    reasoning_content: str | None = None


class _Choice(Struct):
    delta: _Delta = msgspec.field(default_factory=_Delta)
    finish_reason: str | None = None


class _Error(Struct):
    message: str = "The answer ended in an error."
    type: str | None = None


class _Chunk(Struct):
    choices: tuple[_Choice, ...] = ()
    error: _Error | None = None


_read = msgspec.json.Decoder(_Chunk).decode


def pieces(lines: Iterable[str]) -> Iterator[Piece]:
    """Yield an answer's pieces from the lines of its event stream.

    Raises `Refused` for an error inside the stream, and for a stream that ends before its [DONE].
    """
    for line in lines:
        data = line.removeprefix("data:").strip()
        if not line.startswith("data:"):
            continue
        if data == "[DONE]":
            return
        try:
            chunk = _read(data)
        except msgspec.DecodeError:
            raise Refused("broken_reply", "The answer cannot be read.", "See `hearth why last`.") from None
        if chunk.error is not None:
            raise Refused(chunk.error.type or "failed", chunk.error.message, "See `hearth why last`.")
        for choice in chunk.choices:
            yield from _said(choice.delta)
    raise Refused("cut", "The answer was cut off.", "See `hearth why last`.")


def _said(delta: _Delta) -> Iterator[Piece]:
    if thought := delta.reasoning or delta.reasoning_content:
        yield Piece(thought, thinking=True)
    if delta.content:
        yield Piece(delta.content)
