"""Embeddings on the wire: lists of numbers, or base64 of little-endian 32-bit floats."""

from __future__ import annotations

import base64
import binascii
import struct
import sys
from array import array
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from hearth.dialects.dialect import Stamp
from hearth.dialects.forgiving import forgiving
from hearth.dialects.openai_chat.chunks import UsageWire
from hearth.dialects.openai_errors import envelope
from hearth.dialects.vectors_writer import Rows, VectorsWriter
from hearth.events import Event, Started, Usage, Vectors
from hearth.problems import Problem


class Row(Struct, gc=False):
    """One vector; rows may come in any order and then say their index."""

    embedding: list[float] | str
    index: int | None = None


class Table(Struct, gc=False):
    """A whole embeddings reply."""

    data: list[Row]
    model: str | None = None
    usage: UsageWire | None = None


_decode = forgiving(msgspec.json.Decoder(Table), ("usage",))


def read_vectors(body: bytes) -> list[Event]:
    """Return the events of an embeddings reply. Raises `ValueError` or `msgspec.DecodeError` for anything else."""
    table = _decode(body)
    rows = table.data
    if all(row.index is not None for row in rows):
        rows = sorted(rows, key=lambda row: row.index or 0)
    events: list[Event] = [Started(model=table.model or ""), Vectors(tuple(_floats(row.embedding) for row in rows))]
    if table.usage is not None and table.usage.prompt_tokens is not None:
        events.append(Usage(input=table.usage.prompt_tokens))
    return events


def _floats(embedding: list[float] | str) -> tuple[float, ...]:
    if isinstance(embedding, list):
        return tuple(embedding)
    try:
        data = base64.b64decode(embedding, validate=True)
        return struct.unpack(f"<{len(data) // 4}f", data)
    except (binascii.Error, struct.error) as error:
        raise ValueError(f"embedding: {error}") from None


def write_vectors(vectors: Sequence[Sequence[float]], encoding: str) -> list[dict[str, Any]]:
    """Return the rows of `data`, in "float" or "base64"."""
    return [
        {"object": "embedding", "index": number, "embedding": list(vector) if encoding == "float" else _base64(vector)}
        for number, vector in enumerate(vectors)
    ]


def _base64(vector: Sequence[float]) -> str:
    numbers = array("f", vector)
    if sys.byteorder == "big":
        numbers.byteswap()
    return base64.b64encode(numbers.tobytes()).decode()


class EmbeddingsWriter(VectorsWriter):
    """Writes one reply of `/v1/embeddings`."""

    def __init__(self, stamp: Stamp, encoding: str) -> None:
        """`encoding`: "float" or "base64"."""
        self._encoding = encoding
        self._model = stamp.model
        self._id = f"embd-{stamp.id}"  # Mistral's client wants one; OpenAI has none

    def _body(self, rows: Rows, tokens: int | None) -> bytes:
        """Return the list of vectors; an unknown count is written as 0: the field must be there and a number."""
        usage = {"prompt_tokens": tokens or 0, "total_tokens": tokens or 0}
        data = write_vectors(rows, self._encoding)
        return msgspec.json.encode(
            {"id": self._id, "object": "list", "data": data, "model": self._model, "usage": usage}
        )

    def failed(self, problem: Problem) -> bytes:
        """Return the error envelope."""
        return envelope(problem)
