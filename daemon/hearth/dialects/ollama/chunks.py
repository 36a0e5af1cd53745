"""What an Ollama sends: the lines of chat and generate, whole replies, vectors; all in one shape (wire/ollama §2)."""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct

from hearth.dialects.forgiving import forgiving
from hearth.events import Usage

ABSENT = Raw(b"")
NOTHING = (ABSENT, Raw(b"null"))


class Function(Struct, gc=False):
    """What is called; the arguments are an object here, and never come in pieces."""

    name: str = ""
    arguments: Raw = Raw(b"{}")


class Call(Struct, gc=False):
    """A call of a tool."""

    function: Function
    id: str = ""


class Message(Struct, gc=False):
    """A piece of the answer of chat, or the whole one."""

    content: str | None = None
    thinking: str | None = None
    tool_calls: list[Call] | None = None


class Chunk(Struct, gc=False):
    """Every field that a line of chat, generate or an embedding reply may have."""

    model: str = ""
    created_at: str = ""
    message: Message | None = None
    response: str | None = None
    thinking: str | None = None
    tool_calls: list[Call] | None = None
    done: bool = False
    done_reason: str = ""
    logprobs: Raw = ABSENT
    error: Raw = ABSENT
    remote_host: str = ""
    remote_model: str = ""
    total_duration: int | None = None
    load_duration: int | None = None
    prompt_eval_count: int | None = None
    prompt_eval_duration: int | None = None
    eval_count: int | None = None
    eval_duration: int | None = None
    embeddings: tuple[tuple[float, ...], ...] | None = None
    embedding: tuple[float, ...] | None = None
    debug: Raw = msgspec.field(default=ABSENT, name="_debug_info")


decode_chunk = forgiving(
    msgspec.json.Decoder(Chunk),
    ("total_duration",),
    ("load_duration",),
    ("prompt_eval_count",),
    ("prompt_eval_duration",),
    ("eval_count",),
    ("eval_duration",),
)
_decode_text = msgspec.json.Decoder(str).decode


def read_usage(chunk: Chunk) -> Usage | None:
    """Return the figures. Ollama drops those that are 0, so an absent one is unknown; a load has none at all."""
    if chunk.total_duration is None and chunk.prompt_eval_count is None and chunk.eval_count is None:
        return None
    return Usage(
        input=chunk.prompt_eval_count,
        output=chunk.eval_count,
        total_ns=chunk.total_duration,
        load_ns=chunk.load_duration,
        input_ns=chunk.prompt_eval_duration,
        output_ns=chunk.eval_duration,
    )


def read_arguments(found: Raw) -> str:
    """Return a call's arguments as JSON text; servers that only resemble Ollama send that text as a string."""
    text = bytes(found)
    if text == b"null":
        return "{}"
    return _decode_text(text) if text.startswith(b'"') else text.decode()
