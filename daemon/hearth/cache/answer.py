"""An answer as it is kept: what it means, its bytes where they may be sent again, and who gave it; pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import msgspec
from msgspec import Struct

from hearth.events import Event, Failed, Finished, Frame, ThinkingSealed, ToolCallDelta

_KINDS: dict[str, type[Event]] = {kind.__name__: kind for kind in get_args(Event) if kind is not Failed}
_ENDED_WELL = frozenset({"stop", "length", "tool_calls"})
_encode = msgspec.json.Encoder().encode


class Form(Struct, frozen=True):
    """How a reply was sent. Bytes are good again for a caller that wants the same form; any other gets the meaning."""

    stream: bool
    usage: bool
    """Whether a stream was to tell its usage at the end."""


class Answer(Struct, frozen=True):
    """One whole answer.

    `passthrough`: the frames hold the provider's bytes, in the dialect of the question. `made_by` is a digest of
    everything that decides what this target answers; `content_type` is its head's.
    """

    target: str
    place: str
    made_by: bytes
    form: Form
    passthrough: bool
    content_type: str
    frames: tuple[Frame, ...]
    input_tokens: int | None = None
    output_tokens: int | None = None


class _Packed(Struct, frozen=True, array_like=True):
    """An answer with its events as JSON beside their names: they are of many kinds, and some hold raw JSON."""

    target: str
    place: str
    made_by: bytes
    form: tuple[bool, bool]
    passthrough: bool
    content_type: str
    frames: tuple[tuple[bytes, tuple[tuple[str, bytes], ...]], ...]
    input_tokens: int | None
    output_tokens: int | None


_unpack = msgspec.msgpack.Decoder(_Packed).decode


def is_whole(frames: Sequence[Frame]) -> bool:
    """Say whether these are all frames of an answer that is worth keeping.

    One that a filter stopped, that failed, or that holds what only its own conversation may give back, is not.
    """
    events = [event for frame in frames for event in frame.events]
    if any(isinstance(event, Failed | ThinkingSealed) for event in events):
        return False
    if any(isinstance(event, ToolCallDelta) and event.opaque for event in events):
        return False
    return all(event.reason in _ENDED_WELL for event in events if isinstance(event, Finished))


def pack(answer: Answer) -> bytes:
    """Return an answer as bytes. Raises `UnicodeEncodeError` for text that is none."""
    frames = tuple(
        (frame.raw, tuple((type(event).__name__, _encode(event)) for event in frame.events)) for frame in answer.frames
    )
    form = (answer.form.stream, answer.form.usage)
    return msgspec.msgpack.encode(
        _Packed(
            answer.target,
            answer.place,
            answer.made_by,
            form,
            answer.passthrough,
            answer.content_type,
            frames,
            answer.input_tokens,
            answer.output_tokens,
        )
    )


def unpack(data: bytes) -> Answer:
    """Return the answer that these bytes are of. Raises `ValueError`."""
    try:
        packed = _unpack(data)
        frames = tuple(
            Frame(raw, tuple(msgspec.json.decode(body, type=_KINDS[kind]) for kind, body in events))
            for raw, events in packed.frames
        )
    except (msgspec.DecodeError, KeyError) as error:
        raise ValueError("These bytes are no answer.") from error
    return Answer(
        packed.target,
        packed.place,
        packed.made_by,
        Form(*packed.form),
        packed.passthrough,
        packed.content_type,
        frames,
        packed.input_tokens,
        packed.output_tokens,
    )
