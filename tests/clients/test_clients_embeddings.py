"""Embeddings in OpenAI's and Ollama's forms, over targets that have them in other forms, fewer, or not at all."""

import asyncio
import base64
import json
import struct
from typing import Any, NamedTuple

import httpx
import pytest

from hearth.rehearsal import Rehearsal, Script
from hearth_home import beside, running

LLAMA = Script(kind="openai", flavour="llama-server")
GENERIC = Script(kind="openai")


class Seen(NamedTuple):
    """A reply, and what the provider was asked."""

    status: int
    said: Any
    sent: dict[str, Any] | None


def asked(part: Script, path: str, body: dict[str, object], quirks: str = "") -> Seen:
    """What comes of one request for vectors of the model `embedder`."""

    async def act() -> Seen:
        async with Rehearsal(part) as rehearsal:
            known = 'preset = "llama-server"' if part is LLAMA else 'dialect = "openai_chat"'
            box = f'[providers.box]\n{known}\naddress = "{rehearsal.url}/v1"\n[providers.box.quirks]\n{quirks}\n'
            config = beside(rehearsal) if part.kind == "ollama" else box
            async with running(config) as home, httpx.AsyncClient(base_url=home.url) as client:
                reply = await client.post(path, json={"model": "embedder", **body})
            calls = [call for call in rehearsal.calls if "embed" in call.path]
            return Seen(reply.status_code, reply.json(), calls[-1].json() if calls else None)

    return asyncio.run(act())


def numbers(row: Any) -> list[float]:  # noqa: ANN401 -- a row as it came
    """The vector of a row, whichever form it has."""
    found = row["embedding"]
    if isinstance(found, list):
        return found
    data = base64.b64decode(found)
    return list(struct.unpack(f"<{len(data) // 4}f", data))


@pytest.mark.parametrize("part", [Script(), LLAMA, GENERIC], ids=["ollama", "llama-server", "generic"])
@pytest.mark.parametrize("form", ["float", "base64"])
def test_a_caller_gets_the_form_it_asks_for(part: Script, form: str) -> None:
    """Over an Ollama, which knows numbers alone, too."""
    rows = asked(part, "/v1/embeddings", {"input": ["the day", ""], "encoding_format": form}).said["data"]

    assert [row["index"] for row in rows] == [0, 1]
    assert {type(row["embedding"]) for row in rows} == {str if form == "base64" else list}
    assert [len(numbers(row)) for row in rows] == [16, 16]


def test_a_server_without_base64_is_asked_for_numbers() -> None:
    """The base64 is written for it, and the numbers are the same."""
    quirk = "embeddings_base64 = false"
    packed = asked(GENERIC, "/v1/embeddings", {"input": "the day", "encoding_format": "base64"}, quirk)
    plain = asked(GENERIC, "/v1/embeddings", {"input": "the day"}, quirk)

    assert packed.sent is not None
    assert "encoding_format" not in packed.sent
    assert isinstance(packed.said["data"][0]["embedding"], str)
    assert numbers(packed.said["data"][0]) == pytest.approx(numbers(plain.said["data"][0]), abs=1e-6)


@pytest.mark.parametrize(
    ("path", "body", "read"),
    [
        ("/api/embed", {"input": ["the day", "the year"]}, lambda said: said["embeddings"]),
        ("/api/embed", {"input": "the day"}, lambda said: said["embeddings"]),
        ("/api/embeddings", {"prompt": "the day"}, lambda said: [said["embedding"]]),
    ],
)
def test_ollamas_forms_are_answered_by_others(path: str, body: dict[str, object], read: Any) -> None:  # noqa: ANN401
    """Both its routes, over an OpenAI-compatible server."""
    seen = asked(GENERIC, path, body)

    assert seen.status == 200
    assert [len(vector) for vector in read(seen.said)] == [16] * len(read(seen.said))


@pytest.mark.parametrize("given", [[1, 2, 3], [[1, 2], [3]]])
def test_token_ids_go_to_who_takes_them(given: list[object]) -> None:
    """A server of OpenAI's kind does (recording llama-token-array), an Ollama does not and is refused by name."""
    taken = asked(LLAMA, "/v1/embeddings", {"input": given})
    refused = asked(Script(), "/v1/embeddings", {"input": given})

    assert taken.status == 200
    assert taken.sent is not None
    assert taken.sent["input"] == given
    assert (refused.status, refused.sent) == (400, None)
    assert "ollama/embedder" in refused.said["error"]["message"]
    assert "token ids" in refused.said["error"]["message"]


@pytest.mark.parametrize(("path", "form"), [("/v1/embeddings", "error"), ("/api/embed", "")])
def test_shorter_vectors_are_refused_where_they_cannot_be_had(path: str, form: str) -> None:
    """A llama-server would ignore `dimensions` without a word (recording llama-dimensions): nobody is asked."""
    seen = asked(LLAMA, path, {"input": "the day", "dimensions": 4})

    assert (seen.status, seen.sent) == (400, None)
    assert "dimensions" in json.dumps(seen.said["error"])
    assert isinstance(seen.said["error"], dict) is bool(form)


@pytest.mark.parametrize("path", ["/v1/embeddings", "/api/embed"])
def test_shorter_vectors_are_asked_for_in_the_servers_word(path: str) -> None:
    """Mistral and Voyage call it `output_dimension` (wire/providers §4.2, §4.12)."""
    seen = asked(GENERIC, path, {"input": "the day", "dimensions": 4}, 'dimensions_field = "output_dimension"')

    assert seen.sent is not None
    assert seen.sent["output_dimension"] == 4
    assert "dimensions" not in seen.sent
