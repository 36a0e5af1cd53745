"""Routes that pass through: who is meant, what arrives there, what comes back, and what is written down."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import openai
import pytest

from hearth_home import Home
from server.far import KEY, Far, played, rows, sent

SOUND = bytes(range(256)) * 40
FORM = "multipart/form-data; boundary=XX"


def form(*parts: tuple[str, bytes], file: bytes | None = None) -> bytes:
    """A form with these fields, and a file behind them."""
    fields = [b'--XX\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (n.encode(), v) for n, v in parts]
    head = b'--XX\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n'
    tail = [head + file + b"\r\n"] if file is not None else []
    return b"".join([*fields, *tail]) + b"--XX--\r\n"


def test_json_goes_to_the_provider_that_the_model_names() -> None:
    """Under the provider's own name and with its own key; everything else as it came."""
    body = {"model": "far/tts-1", "input": "Hello", "voice": "alloy", "hearth": {"mode": "any"}}
    reply, far = sent("POST", "/v1/audio/speech?x=1", json=body)

    assert reply.status_code == 200
    assert reply.json() == {"ok": True}
    method, path, headers, arrived = far.asked[0]
    assert (method, path) == ("POST", "/v1/audio/speech?x=1")
    assert json.loads(arrived) == {"model": "tts-1", "input": "Hello", "voice": "alloy"}
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert reply.headers["X-Hearth-Target"] == "far/tts-1"
    assert reply.headers["X-Hearth-Place"] == "cloud"


@pytest.mark.parametrize(
    ("header", "place"), [("anthropic-version", ("error", "type")), ("x-goog-api-key", ("error", "status"))]
)
def test_files_of_other_providers_are_refused_in_the_form_of_their_clients(header: str, place: tuple[str, str]) -> None:
    """Anthropic's and Google's clients have files of their own at OpenAI's path: those go to nobody."""
    reply, far = sent("GET", "/v1/files", headers={header: "any"})

    assert reply.status_code == 404
    assert str(reply.json()[place[0]][place[1]]).lower().startswith("not_found")
    assert "inside the message" in reply.json()["error"]["message"]
    assert far.asked == []


def test_a_listed_model_needs_no_provider_before_it() -> None:
    """A name that a provider lists is found as anywhere else."""
    reply, far = sent("POST", "/v1/moderations", json={"model": "whisper-1", "input": "x"})

    assert reply.status_code == 200
    assert json.loads(far.asked[0][3])["model"] == "whisper-1"


@pytest.mark.parametrize("path", ["/v1/rerank", "/v1/images/generations", "/v1/moderations", "/v1/audio/speech"])
def test_a_request_without_a_model_goes_where_the_header_says(path: str) -> None:
    """The header alone will do, and the body stays as it came."""
    reply, far = sent("POST", path, json={"input": "x"}, headers={"X-Hearth-Provider": "far"})

    assert reply.status_code == 200
    assert far.asked[0][3] == b'{"input":"x"}'


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/files?purpose=batch"),
        ("GET", "/v1/files/file-abc/content"),
        ("DELETE", "/v1/files/file-abc"),
        ("GET", "/v1/batches/batch_1"),
        ("POST", "/v1/batches/batch_1/cancel"),
    ],
)
def test_files_and_batches_are_reached_by_the_header(method: str, path: str) -> None:
    """They name no model: method, path and query pass."""
    reply, far = sent(method, path, headers={"X-Hearth-Provider": "far"})

    assert reply.status_code == 200
    assert far.asked[0][:2] == (method, path)


def test_a_form_is_streamed_and_its_model_renamed() -> None:
    """The model stands before the file; the file's bytes arrive as they are, and the length fits."""
    body = form(("language", b"de"), ("model", b"far/whisper-1"), file=SOUND)
    reply, far = sent("POST", "/v1/audio/transcriptions", content=body, headers={"Content-Type": FORM})

    assert reply.status_code == 200
    _, _, headers, arrived = far.asked[0]
    assert arrived == form(("language", b"de"), ("model", b"whisper-1"), file=SOUND)
    assert headers["Content-Length"] == str(len(arrived))
    assert headers["Content-Type"] == FORM


def test_a_form_that_says_its_model_too_late_needs_the_header() -> None:
    """Behind a file it is not looked for: the refusal says so, and the header helps."""
    late = form(file=SOUND).removesuffix(b"--XX--\r\n") + form(("model", b"far/whisper-1"))
    alone, nobody = sent("POST", "/v1/audio/transcriptions", content=late, headers={"Content-Type": FORM})
    headers = {"Content-Type": FORM, "X-Hearth-Provider": "far"}
    named, far = sent("POST", "/v1/audio/transcriptions", content=late, headers=headers)

    assert alone.status_code == 400
    assert "X-Hearth-Provider" in alone.json()["error"]["message"]
    assert nobody.asked == []
    assert named.status_code == 200
    assert far.asked[0][3] == late


def test_an_upload_is_never_held_as_a_whole() -> None:
    """The provider has its first bytes before the client has sent its last."""

    async def act(far: Far, home: Home, client: httpx.AsyncClient) -> tuple[int, int]:
        async def body() -> AsyncIterator[bytes]:
            whole = form(("model", b"far/whisper-1"), file=SOUND * 100)
            yield whole[:70_000]
            await asyncio.wait_for(far.begun.wait(), 20)
            yield whole[70_000:]

        reply = await client.post("/v1/audio/transcriptions", content=body(), headers={"Content-Type": FORM})
        return reply.status_code, len(far.asked[0][3])

    status, length = played(act)

    assert status == 200
    assert length == len(form(("model", b"whisper-1"), file=SOUND * 100))


def test_an_upload_over_the_limit_is_refused() -> None:
    """The body limit holds for what is streamed too, announced or not."""

    async def act(far: Far, home: Home, client: httpx.AsyncClient) -> list[int]:
        whole = form(("model", b"far/whisper-1"), file=b"x" * 2_000_000)

        async def body() -> AsyncIterator[bytes]:
            yield whole

        statuses = []
        for content in (whole, body()):
            reply = await client.post("/v1/audio/transcriptions", content=content, headers={"Content-Type": FORM})
            statuses.append(reply.status_code)
        return statuses

    assert played(act, '[listen]\ntcp = "127.0.0.1:0"\nbody_limit = "1MB"\n') == [413, 413]


@pytest.mark.parametrize(
    ("body", "headers", "status", "words"),
    [
        ({"model": "ollama/scripted"}, {}, 400, "speaks another dialect, which has no /v1/audio/speech"),
        ({"model": "nobody-has-this"}, {}, 404, "No provider lists the model"),
        ({"model": "gpt-4o-mini-tts"}, {}, 404, "No provider lists the model"),
        ({"model": "scripted"}, {}, 400, "speaks another dialect"),
        ({}, {}, 400, "Nobody knows which provider is meant"),
        ({}, {"X-Hearth-Provider": "nobody"}, 400, "no provider is called 'nobody'"),
        ({"model": "far/x"}, {"X-Hearth-Mode": "offline"}, 403, "far/x"),
        ({"model": "far/x"}, {"X-Hearth-Mode": "lan"}, 403, "far/x"),
    ],
)
def test_who_cannot_or_may_not_be_asked_is_not_asked(
    body: dict[str, str], headers: dict[str, str], status: int, words: str
) -> None:
    """G2, T33: the mode holds here too; a default or a shipped name never stands in for who was meant."""
    reply, far = sent("POST", "/v1/audio/speech", json=body, headers=headers)

    assert reply.status_code == status
    assert words in reply.json()["error"]["message"]
    assert far.asked == []


def test_a_path_that_climbs_is_none() -> None:
    """T23: nothing outside the routes is reached with the provider's key."""
    reply, far = sent("GET", "/v1/files/%2e%2e/%2e%2e/admin", headers={"X-Hearth-Provider": "far"})

    assert reply.status_code == 404
    assert far.asked == []


def test_any_bytes_come_back_as_they_are() -> None:
    """Sound is no JSON."""

    async def act(far: Far, home: Home, client: httpx.AsyncClient) -> httpx.Response:
        far.says, far.content_type = SOUND, "audio/wav"
        return await client.post("/v1/audio/speech", json={"model": "far/tts-1"})

    reply = played(act)

    assert reply.content == SOUND
    assert reply.headers["Content-Type"] == "audio/wav"


def test_a_cut_reply_is_cut_for_the_client_too() -> None:
    """F6: half a file never looks like a whole one."""

    async def act(far: Far, home: Home, client: httpx.AsyncClient) -> str:
        far.says, far.cut_after = SOUND, 5000
        with pytest.raises(httpx.RemoteProtocolError):
            await client.post("/v1/audio/speech", json={"model": "far/tts-1"})
        return str((await rows(home))[-1]["ending"])

    assert played(act) == "truncated"


def test_a_providers_refusal_of_the_key_is_its_own_affair() -> None:
    """A client never reads 401 for a key that is not its own; and the key is not shown."""

    async def act(far: Far, home: Home, client: httpx.AsyncClient) -> httpx.Response:
        far.status, far.says = 401, b'{"error":{"message":"Incorrect API key","type":"x","code":"invalid_api_key"}}'
        return await client.post("/v1/audio/speech", json={"model": "far/tts-1"})

    reply = played(act)

    assert reply.status_code == 502
    assert KEY not in reply.text


def test_each_is_written_down_without_tokens_and_at_an_unknown_cost() -> None:
    """Route and target, no tokens, no invented price; ids of files are no part of a route's name."""

    async def act(far: Far, home: Home, client: httpx.AsyncClient) -> list[dict[str, Any]]:
        await client.get("/v1/files/file-abc1/content", headers={"X-Hearth-Provider": "far"})
        return await rows(home)

    (row,) = played(act)

    assert (row["route"], row["target"], row["place"]) == ("files/content", "far/files/content", "cloud")
    assert (row["input_tokens"], row["output_tokens"], row["cost"]) == (None, None, None)
    assert (row["ending"], row["status"]) == ("complete", 200)


def test_the_official_sdk_reaches_all_of_it() -> None:
    """Its uploads put the fields before the file."""

    async def act(far: Far, home: Home, client: httpx.AsyncClient) -> list[tuple[str, str]]:
        headers = {"X-Hearth-Provider": "far"}
        async with openai.AsyncOpenAI(base_url=f"{home.url}/v1", api_key="x", max_retries=0) as sdk:
            far.says = b'{"text":"hello"}'
            heard = await sdk.audio.transcriptions.create(model="far/whisper-1", file=("a.wav", io.BytesIO(SOUND)))
            assert heard.text == "hello"
            far.says = b'{"created":1,"data":[{"b64_json":"aGk="}]}'
            drawn = await sdk.images.generate(model="far/gpt-image-1", prompt="a cat")
            assert drawn.data is not None
            await sdk.images.edit(model="far/gpt-image-1", prompt="a dog", image=("a.png", io.BytesIO(SOUND)))
            far.says = b'{"id":"file-1","object":"file","bytes":3,"created_at":1,"filename":"a","purpose":"batch"}'
            await sdk.files.create(file=("a.jsonl", b"{}\n"), purpose="batch", extra_headers=headers)
            far.says, far.content_type = SOUND, "application/octet-stream"
            content = await sdk.files.content("file-1", extra_headers=headers)
            assert content.content == SOUND
        return [asked[:2] for asked in far.asked]

    assert played(act) == [
        ("POST", "/v1/audio/transcriptions"),
        ("POST", "/v1/images/generations"),
        ("POST", "/v1/images/edits"),
        ("POST", "/v1/files"),
        ("GET", "/v1/files/file-1/content"),
    ]
