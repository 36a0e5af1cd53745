"""Replicate's models that make text: its own collection of them, since all its models would be tens of thousands."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from hearth.dialects.dialect import ModelInfo
from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import BrokenReply

PATH = "collections/language-models"


class _Model(Struct):
    owner: str = ""
    name: str = ""


class _Collection(Struct):
    """A collection has `models`; a page of a plain list has `results`."""

    models: list[_Model] | None = None
    results: list[_Model] | None = None


_decode = msgspec.json.Decoder(_Collection).decode


def read_models(body: bytes) -> tuple[ModelInfo, ...]:
    """Return the models of a collection; what they can do is not said there. Raises `BrokenReply`."""
    try:
        found = _decode(body)
    except UNREADABLE:
        raise BrokenReply("The list of models has an unknown shape.") from None
    listed = found.models if found.models is not None else found.results
    if listed is None:
        raise BrokenReply("The list of models has an unknown shape.")
    return tuple(ModelInfo(f"{model.owner}/{model.name}") for model in listed if model.owner and model.name)
