"""Embeddings on the wire: one vector, a batch of them, or Vertex's predictions."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from hearth.chat import EmbedRequest, Members
from hearth.dialects.body import raw
from hearth.dialects.dialect import Destination
from hearth.dialects.gemini.errors import envelope
from hearth.dialects.gemini.names import is_vertex
from hearth.dialects.gemini.usage import UsageWire, read_usage
from hearth.dialects.vectors_writer import Rows, VectorsWriter
from hearth.events import Event, Started, Usage, Vectors
from hearth.problems import Problem, Unsupported

PREDICTED = ("gemini-embedding-001", "text-embedding-", "text-multilingual-embedding-")
"""Models that Vertex embeds with by `:predict`, an older form (§4.3)."""


class Values(Struct, gc=False):
    """One vector."""

    values: list[float]


class Statistics(Struct, gc=False):
    """What Vertex counts of one text."""

    token_count: float | None = None


class Predicted(Struct):
    """Vertex's own form of a vector."""

    values: list[float]
    statistics: Statistics | None = None


class Prediction(Struct):
    """One of Vertex's predictions."""

    embeddings: Predicted


class VectorsWire(Struct, rename="camel"):
    """A whole reply, in whichever form."""

    embedding: Values | None = None
    embeddings: list[Values] | None = None
    predictions: list[Prediction] | None = None
    usage_metadata: UsageWire | None = None


_decode = msgspec.json.Decoder(VectorsWire).decode


def read_vectors(body: bytes) -> list[Event]:
    """Return the events of a reply. Raises `ValueError` or `msgspec.DecodeError` for anything else."""
    wire = _decode(body)
    usage = read_usage(wire.usage_metadata) if wire.usage_metadata is not None else None
    if wire.predictions is not None:
        rows = [prediction.embeddings.values for prediction in wire.predictions]
        counts = [one.embeddings.statistics.token_count for one in wire.predictions if one.embeddings.statistics]
        if counts and all(count is not None for count in counts):
            usage = Usage(input=int(sum(count or 0 for count in counts)))
    elif wire.embeddings is not None:
        rows = [one.values for one in wire.embeddings]
    elif wire.embedding is not None:
        rows = [wire.embedding.values]
    else:
        raise ValueError("the reply holds no vectors")
    events: list[Event] = [Started(), Vectors(tuple(map(tuple, rows)))]
    return [*events, usage] if usage is not None else events


def write_embed(request: EmbedRequest, to: Destination) -> tuple[str, Members]:
    """Return the method and the members of a request for vectors. Raises `Unsupported` for token ids."""
    texts = [text for text in request.inputs if isinstance(text, str)]
    if len(texts) != len(request.inputs):
        raise Unsupported("A Gemini embeds text, not token ids.", next_step="Send the text.", param="input")
    size = request.dimensions
    if is_vertex(to) and to.model.startswith(PREDICTED):
        members = {"instances": raw([{"content": text} for text in texts])}
        return "predict", members if size is None else members | {"parameters": raw({"outputDimensionality": size})}
    rows = [_row(text, to, size) for text in texts]
    return "batchEmbedContents", {"requests": raw(rows)}


def _row(text: str, to: Destination, size: int | None) -> dict[str, Any]:
    row: dict[str, Any] = {"model": model_path(to), "content": {"parts": [{"text": text}]}}
    return row if size is None else row | {"outputDimensionality": size}


def model_path(to: Destination) -> str:
    """Return the name a model has in a body."""
    return to.model if to.model.startswith(("models/", "tunedModels/")) else f"models/{to.model}"


class EmbeddingsWriter(VectorsWriter):
    """Writes the vectors of one reply, in the form of the method that was called."""

    content_type = "application/json; charset=UTF-8"

    def __init__(self, route: str) -> None:
        """One method has one vector, the others have many."""
        self._one = route == "embedContent"

    def _body(self, rows: Rows, tokens: int | None) -> bytes:
        values = [{"values": row} for row in rows]
        body: dict[str, Any] = {"embedding": values[0] if values else {}} if self._one else {"embeddings": values}
        if tokens is not None:
            body["usageMetadata"] = {"promptTokenCount": tokens}
        return msgspec.json.encode(body)

    def failed(self, problem: Problem) -> bytes:
        """Return the error as a body."""
        return envelope(problem)
