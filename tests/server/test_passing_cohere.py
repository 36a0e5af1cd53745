"""Cohere's routes beside chat and embeddings pass to a provider of Cohere's kind, and are refused by name elsewhere."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import cohere
import pytest

from server.far import KEY, Far, sent, staged

RANKED = {"id": "r", "results": [{"index": 1, "relevance_score": 0.9}], "meta": {"api_version": {"version": "2"}}}
TOKENS = {"tokens": [1, 2], "token_strings": ["a", "b"], "meta": {"api_version": {"version": "1"}}}


def by_its_client(says: object, act: Callable[[cohere.AsyncClientV2], Awaitable[Any]]) -> tuple[Any, Far]:
    """What Cohere's own client gets of a provider that says this, and what arrived there."""

    async def scene() -> tuple[Any, Far]:
        async with staged(dialect="cohere", prefix="") as (far, home, _):
            far.says = json.dumps(says).encode()
            async with cohere.AsyncClientV2(api_key="dummy", base_url=home.url) as client:
                return await act(client), far

    return asyncio.run(scene())


@pytest.mark.parametrize("model", ["far/rerank-v4.0", "rerank-v4.0"])
def test_ranking_goes_to_cohere(model: str) -> None:
    """A model that only ranks stands in no list: where one provider is Cohere's, that one is meant."""
    ranked, far = by_its_client(RANKED, lambda client: client.rerank(model=model, query="q", documents=["a", "b"]))

    assert [one.index for one in ranked.results] == [1]
    method, path, headers, body = far.asked[-1]
    assert (method, path, headers["Authorization"]) == ("POST", "/v2/rerank", f"Bearer {KEY}")
    assert json.loads(body)["model"] == "rerank-v4.0"


def test_tokens_are_cohere_s_own() -> None:
    """Its client asks for them at /v1, where the others have no such route."""
    made, far = by_its_client(TOKENS, lambda client: client.tokenize(text="ab", model="far/command-a", offline=False))

    assert made.tokens == [1, 2]
    assert far.asked[-1][:2] == ("POST", "/v1/tokenize")


def test_the_first_form_of_ranking_goes_to_whoever_is_named() -> None:
    """It is Cohere's old one, and everybody else's."""

    async def scene() -> tuple[int, str]:
        async with staged(dialect="cohere", prefix="") as (far, _, client):
            reply = await client.post("/v1/rerank", json={"model": "far/rerank-v4.0", "query": "q", "documents": ["a"]})
            return reply.status_code, far.asked[-1][1]

    reply, other = sent("POST", "/v1/rerank", json={"model": "far/rerank-2.5", "query": "q", "documents": ["a"]})

    assert asyncio.run(scene()) == (200, "/v1/rerank")
    assert (reply.status_code, other.asked[-1][1]) == (200, "/v1/rerank")


@pytest.mark.parametrize("path", ["/v2/rerank", "/v1/tokenize", "/v1/detokenize"])
@pytest.mark.parametrize(("model", "status"), [("far/whisper-1", 400), ("nonesuch", 404), ("", 400)])
def test_who_has_no_such_route_is_refused_by_name(path: str, model: str, status: int) -> None:
    """In Cohere's form, before anything is sent."""
    reply, far = sent("POST", path, json={"model": model, "query": "q", "documents": ["a"]})

    assert reply.status_code == status
    assert set(reply.json()) == {"message"}
    assert (f"no {path}" if "far" in model else model) in reply.json()["message"]
    assert far.asked == []


def test_a_route_that_cohere_s_clients_miss_is_told_in_their_form() -> None:
    """Classifying is not served: their client reads the words."""
    reply, _ = sent("POST", "/v2/classify", json={})

    assert reply.status_code == 404
    assert "Cohere's under /v2" in reply.json()["message"]
