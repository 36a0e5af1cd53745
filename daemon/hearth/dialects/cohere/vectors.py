"""Embeddings: what they are for is chosen by the route, a text that is too long is refused there, never cut."""

from __future__ import annotations

from typing import Any

import msgspec

from hearth.chat import EmbedRequest, Members
from hearth.dialects.body import raw
from hearth.dialects.cohere.chunks import Embedded
from hearth.dialects.cohere.chunks import Vectors as VectorsWire
from hearth.dialects.dialect import Destination, Stamp
from hearth.dialects.vectors_writer import Rows, VectorsWriter
from hearth.events import Done, Event, Started, Usage, Vectors
from hearth.problems import Problem, Unsupported

MOST_INPUTS = 96
"""As many texts a request may hold (wire/providers §4.9)."""
EMBED_ONLY = frozenset({"input_type", "embedding_types", "output_dimension", "truncate"})
"""Members of the config's `extra` that belong to embeddings; all others belong to chat."""
_PURPOSES = frozenset({"search_document", "search_query", "classification", "clustering"})
DEFAULT_PURPOSE = "search_document"
"""What OpenAI's, Ollama's and Gemini's routes mean, none of which says what its vectors are for."""


def write_embed(request: EmbedRequest, to: Destination) -> Members:
    """Return the members of an embeddings request. Raises `Unsupported` for token ids and for too many texts.

    `input_type` is what the caller said by Cohere's own name, else what the config's `extra` says, else
    `search_document`. `truncate` is NONE: Cohere would else cut a long text without a word.
    """
    texts = [text for text in request.inputs if isinstance(text, str)]
    if len(texts) != len(request.inputs):
        raise Unsupported("Cohere embeds texts, not token ids.", next_step="Send the texts themselves.", param="input")
    if len(texts) > MOST_INPUTS:
        raise Unsupported(
            f"Cohere embeds at most {MOST_INPUTS} texts a request; this one has {len(texts)}.",
            next_step="Send them in several requests.",
            param="input",
        )
    members: Members = {
        "model": raw(to.model),
        "input_type": raw(DEFAULT_PURPOSE),
        "texts": raw(texts),
        "embedding_types": raw(["float"]),
        "truncate": raw("NONE"),
    }
    if request.dimensions is not None:
        members["output_dimension"] = raw(request.dimensions)
    members |= {name: given for name, given in to.extra.items() if name in EMBED_ONLY}
    purpose = request.unknown.get("input_type")
    if purpose is not None and _word(purpose) in _PURPOSES:
        members["input_type"] = purpose
    return members


def _word(found: msgspec.Raw) -> str:
    try:
        return msgspec.json.decode(found, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""


def read_vectors(reply: Embedded) -> list[Event]:
    """Return the events of an embeddings reply. Raises `ValueError` where it holds no floats."""
    found = reply.embeddings.floats if isinstance(reply.embeddings, VectorsWire) else reply.embeddings
    if found is None:
        raise ValueError
    events: list[Event] = [Started(reply.id or ""), Vectors(tuple(map(tuple, found)))]
    billed = reply.meta.billed_units if reply.meta is not None else None
    if billed is not None and billed.input_tokens is not None:
        events.append(Usage(input=int(billed.input_tokens), output=0))
    return [*events, Done()]


class EmbeddingsWriter(VectorsWriter):
    """Writes one reply of `/v2/embed`, as floats."""

    def __init__(self, stamp: Stamp) -> None:
        """The reply bears the call's id."""
        self._stamp = stamp

    def _body(self, rows: Rows, tokens: int | None) -> bytes:
        meta: dict[str, Any] = {"api_version": {"version": "2"}}
        if tokens is not None:
            meta["billed_units"] = {"input_tokens": tokens}
        kind = "embeddings_by_type"
        body = {"id": self._stamp.id, "embeddings": {"float": rows}, "meta": meta, "response_type": kind}
        return msgspec.json.encode(body)

    def failed(self, problem: Problem) -> bytes:
        """Return the error."""
        return msgspec.json.encode({"message": problem.text})
