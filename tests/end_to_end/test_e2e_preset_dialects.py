"""Presets whose provider speaks another dialect than OpenAI's chat, or makes vectors alone, each in use."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth.rehearsal.script import Kind
from hearth_home import running

T = TypeVar("T")
HELLO = "Hello! I am a small test model."
SKY = "Because of Rayleigh scattering."
KEY = "secret-of-the-provider"
CHATS = ("tools", "thinking", "completion")


class Row(NamedTuple):
    """One preset: whom the rehearsal plays, where below it, with which model, and the header its key goes in."""

    preset: str
    kind: Kind
    path: str
    model: str
    header: tuple[str, str]


GOOGLE = "/v1beta1/projects/mine/locations/here/publishers/google"
ROWS = (
    Row("anthropic", "anthropic", "", "claude-opus-5", ("x-api-key", KEY)),
    Row("minimax", "anthropic", "/anthropic", "MiniMax-M2.5", ("x-api-key", KEY)),
    Row("gemini", "gemini", "/v1beta", "gemini-3-pro", ("x-goog-api-key", KEY)),
    Row("vertex", "gemini", GOOGLE, "gemini-3-pro", ("authorization", f"Bearer {KEY}")),
    Row("cohere", "cohere", "", "command-a", ("authorization", f"Bearer {KEY}")),
)
BY_ROW = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.preset)


def played(row: Row, act: Callable[[httpx.AsyncClient, Rehearsal], Awaitable[T]], more: str = "") -> T:
    """Let an act call a daemon whose one provider `x` has this preset; the rehearsal knows one key alone."""
    models = (
        ModelScript(name=row.model, capabilities=CHATS, context_length=100_000),
        ModelScript(name="embedder", capabilities=("embedding",), embedding_length=16),
    )
    flavour: Any = "mistral" if row.preset == "voyage" else "openai"

    async def run() -> T:
        async with Rehearsal(Script(kind=row.kind, flavour=flavour, models=models, keys=(KEY,))) as far:
            where = f'[providers.x]\npreset = "{row.preset}"\naddress = "{far.url}{row.path}"\nplace = "cloud"\n'
            key = "" if "credentials" in more else 'key = "env:KEY"\n'
            config = where + key + more.replace("{far}", far.url)
            async with (
                running(config, {"KEY": KEY}) as home,
                httpx.AsyncClient(base_url=home.url, timeout=20) as client,
            ):
                seen = await act(client, far)
                assert not far.panics
                return seen

    return asyncio.run(run())


def user(text: str) -> dict[str, str]:
    """One turn."""
    return {"role": "user", "content": text}


@BY_ROW
def test_a_foreign_client_chats_thinks_and_streams(row: Row) -> None:
    """An OpenAI client's words, an Ollama client's thinking; the key goes where this provider looks for it."""

    async def act(client: httpx.AsyncClient, far: Rehearsal) -> tuple[Any, list[Any], str]:
        body = {"model": f"x/{row.model}", "messages": [user("Hello there")], "temperature": 0.5, "stop": ["END"]}
        whole = (await client.post("/v1/chat/completions", json=body)).json()
        thinking = {"model": f"x/{row.model}", "messages": [user("why is the sky blue?")], "think": True}
        lines = (await client.post("/api/chat", json=thinking)).text.splitlines()
        return whole, [json.loads(line) for line in lines], far.calls[-1].header(row.header[0])

    whole, lines, sent = played(row, act)

    assert whole["choices"][0]["message"]["content"] == HELLO
    assert whole["usage"]["completion_tokens"] > 0
    assert "".join(line["message"]["content"] for line in lines).strip() == SKY
    assert "".join(line["message"].get("thinking") or "" for line in lines).strip() == "The user asks why."
    assert lines[-1]["done_reason"] == "stop"
    assert sent == row.header[1]


@BY_ROW
def test_tools_are_called_and_answered(row: Row) -> None:
    """Two calls, their results, the answer: whatever this provider wants sealed or named on the way."""
    tool = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}

    async def act(client: httpx.AsyncClient, _: Rehearsal) -> tuple[list[Any], str]:
        body: dict[str, Any] = {"model": f"x/{row.model}", "messages": [user("both")], "tools": [tool]}
        message = (await client.post("/v1/chat/completions", json=body)).json()["choices"][0]["message"]
        calls = message["tool_calls"]
        body["messages"] += [message, *({"role": "tool", "tool_call_id": one["id"], "content": "21"} for one in calls)]
        answer = (await client.post("/v1/chat/completions", json=body)).json()
        return calls, answer["choices"][0]["message"]["content"]

    calls, answer = played(row, act)

    assert [json.loads(call["function"]["arguments"]) for call in calls] == [{"city": "Paris"}, {"city": "Rome"}]
    assert "sunny" in answer


@BY_ROW
def test_a_refused_key_and_a_missing_model_are_told(row: Row) -> None:
    """T16: both in the caller's dialect, naming the provider, with the key nowhere."""

    async def act(client: httpx.AsyncClient, far: Rehearsal) -> list[httpx.Response]:
        missing = await client.post("/v1/chat/completions", json={"model": "x/nonesuch", "messages": [user("Hello")]})
        far.rescript(keys=("another",))
        body = {"model": f"x/{row.model}", "messages": [user("Hello")]}
        return [missing, await client.post("/v1/chat/completions", json=body)]

    missing, refused = played(row, act)

    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "model_not_found")
    assert refused.status_code == httpx.codes.BAD_GATEWAY
    assert "x" in refused.json()["error"]["message"]
    assert KEY not in missing.text + refused.text


@pytest.mark.parametrize("row", [row for row in ROWS if row.kind in ("gemini", "cohere")], ids=lambda row: row.preset)
def test_vectors_are_made(row: Row) -> None:
    """Those that make vectors: two texts, one vector each, shorter ones where they are asked for."""

    async def act(client: httpx.AsyncClient, _: Rehearsal) -> list[int]:
        body = {"model": "x/embedder", "input": ["a", "b"], "dimensions": 8}
        made = (await client.post("/v1/embeddings", json=body)).json()
        return [len(one["embedding"]) for one in made["data"]]

    assert played(row, act) == [8, 8]


def test_voyage_makes_vectors_and_nothing_else() -> None:
    """Under its own word for their size; a chat is refused by name, and nothing is sent."""
    voyage = Row("voyage", "openai", "/v1", "voyage-3.5", ("authorization", f"Bearer {KEY}"))

    async def act(client: httpx.AsyncClient, far: Rehearsal) -> tuple[Any, Any, httpx.Response, int]:
        body = {"model": "x/embedder", "input": ["a", "b"], "dimensions": 8}
        made = (await client.post("/v1/embeddings", json=body)).json()
        sent = json.loads(far.calls[-1].body)
        asked = len(far.calls)
        chat = await client.post("/v1/chat/completions", json={"model": "x/voyage-3.5", "messages": [user("Hello")]})
        return made, sent, chat, len(far.calls) - asked

    made, sent, chat, asked = played(voyage, act, 'extra = { input_type = "document" }\n')

    assert [len(one["embedding"]) for one in made["data"]] == [8, 8]
    assert (sent["output_dimension"], sent["input_type"]) == (8, "document")
    assert (chat.status_code, asked) == (400, 0)


def test_a_vertex_takes_a_service_account(tmp_path: Path) -> None:
    """The file signs for a token, once for several calls; project and location stand in the address."""
    pem = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    vertex = next(row for row in ROWS if row.preset == "vertex")
    file = tmp_path / "account.json"
    file.touch(mode=0o600)

    async def act(client: httpx.AsyncClient, far: Rehearsal) -> tuple[list[int], list[str], str]:
        account = {"type": "service_account", "client_email": "robot@mine.example", "private_key": pem.decode()}
        file.write_text(json.dumps({**account, "private_key_id": "k1", "token_uri": f"{far.url}/token"}))
        body = {"model": f"x/{vertex.model}", "messages": [user("Hello there")]}
        replies = [await client.post("/v1/chat/completions", json=body) for _ in range(2)]
        tokens = [call.path for call in far.calls if call.path == "/token"]
        return [reply.status_code for reply in replies], tokens, far.calls[-1].path

    statuses, tokens, path = played(vertex, act, f'credentials = "{file}"\n')

    assert statuses == [200, 200]
    assert tokens == ["/token"]
    assert path.startswith(f"{GOOGLE}/models/")
