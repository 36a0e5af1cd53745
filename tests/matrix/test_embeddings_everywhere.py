"""Vectors for every client that has a form for them, from every provider that makes them; the others refuse."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from end_to_end.callers import Answer, admin, call, calm
from hearth.rehearsal import ModelScript, Rehearsal
from hearth_home import running
from matrix.cast import PROVIDERS
from matrix.heard import Object

LENGTH = 16
WORDS = ["first words", "second words"]
MODELS = {"gemini": "gemini-embedding-001", "cohere": "embed-v4.0", "replicate": "acme/embedder"}
MAKERS = ("ollama", "openai_chat", "gemini", "cohere")
OTHERS = [name for name in PROVIDERS if name not in MAKERS]


class Form(NamedTuple):
    """How a client asks for vectors, and where they stand in the answer."""

    path: str
    body: Callable[[str], Object]
    read: Callable[[Any], list[list[float]]]


def _gemini(model: str) -> Object:
    named = {"model": f"models/{model}"}
    return {"requests": [named | {"content": {"parts": [{"text": words}]}} for words in WORDS]}


FORMS = {
    "ollama": Form("/api/embed", lambda model: {"model": model, "input": WORDS}, lambda found: found["embeddings"]),
    "openai_chat": Form(
        "/v1/embeddings",
        lambda model: {"model": model, "input": WORDS, "encoding_format": "float"},
        lambda found: [one["embedding"] for one in found["data"]],
    ),
    "gemini": Form(
        "/v1beta/models/{}:batchEmbedContents", _gemini, lambda found: [one["values"] for one in found["embeddings"]]
    ),
    "cohere": Form(
        "/v2/embed",
        lambda model: {
            "model": model, "texts": WORDS, "input_type": "search_document", "embedding_types": ["float"],
        },
        lambda found: found["embeddings"]["float"],
    ),
}  # fmt: skip


async def _asked(form: Form, called: str) -> tuple[Answer, Any, int]:
    """The answer, what was written down, and how often the provider was asked."""
    name = MODELS.get(called, "embedder")
    embedder = ModelScript(name=name, capabilities=("embedding",), embedding_length=LENGTH)
    provider = PROVIDERS[called]._replace(model=name)
    async with Rehearsal(provider.script()) as rehearsal:
        rehearsal.rescript(models=(embedder,))
        async with running(calm() + provider.config(called, rehearsal.url)) as home:
            model = f"{called}/{name}"
            answer = await call(home, form.path.format(model), form.body(model))
            (record,) = await admin(home, "/hearth/v1/calls?limit=1")
        assert not rehearsal.panics
        return answer, record, sum(one.method == "POST" and b"words" in one.body for one in rehearsal.calls)


@pytest.mark.parametrize("called", MAKERS)
@pytest.mark.parametrize("form", FORMS)
def test_every_client_gets_vectors_from_everybody_who_makes_them(form: str, called: str) -> None:
    """Two texts are two vectors of the model's length, in order; and their tokens are written down."""
    answer, record, _ = asyncio.run(_asked(FORMS[form], called))

    assert answer.status == 200, answer.body
    vectors = FORMS[form].read(answer.json())
    assert [len(one) for one in vectors] == [LENGTH, LENGTH]
    assert vectors[0] != vectors[1]
    assert record["ending"] == "complete"


@pytest.mark.parametrize("called", OTHERS)
@pytest.mark.parametrize("form", FORMS)
def test_who_makes_none_is_not_asked(form: str, called: str) -> None:
    """It is refused before anything is sent, with a reason."""
    answer, _, asked = asyncio.run(_asked(FORMS[form], called))

    assert 400 <= answer.status < 500, answer.body
    assert b"embed" in answer.body
    assert asked == 0
