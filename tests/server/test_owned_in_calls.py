"""Files and responses that a provider keeps, named in a call: it goes to whoever keeps them, with their key."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from hearth_home import Home
from server.far import KEY, Far, played
from server.test_owned import FORM, HERE, TWO_KEYS, keys_asked, made

CHAT = made("chat.completion", "c1", model="m")[:-1] + (
    b',"created":1,"choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"Read."}}]}'
)
RESPONSE = json.dumps(
    {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": "m",
        "status": "completed",
        "output": [
            {
                "id": "msg_1",
                "type": "message",
                "role": "assistant",
                "status": "completed",
                "content": [{"type": "output_text", "text": "Read.", "annotations": []}],
            }
        ],
        "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2},
    }
).encode()
ELSEWHERE = (
    '[providers.other]\ndialect = "openai_chat"\naddress = "http://127.0.0.1:9/v1"\nplace = "cloud"\n'
    '[models.both]\nuse = ["other/m", "far/m"]\nstrategy = "as_listed"\n'
)


def reading(*files: str, model: str = "far/m") -> dict[str, Any]:
    """A chat about these files."""
    parts = [{"type": "file", "file": {"file_id": one}} for one in files]
    return {"model": model, "messages": [{"role": "user", "content": [{"type": "text", "text": "?"}, *parts]}]}


async def uploaded(far: Far, home: Home, client: httpx.AsyncClient, name: str, *, spare: bool = True) -> None:
    """Have a file belong to the second key, or to the first."""
    if spare:
        far.refuses[KEY] = 429
        await client.get("/v1/files", headers=HERE)
    far.refuses.clear()
    far.says = made("file", name)
    assert (await client.post("/v1/files", headers=HERE, **FORM)).status_code == 200
    home.daemon.core.keys.trust("far", "a")
    await asyncio.sleep(0)
    far.asked.clear()
    far.says = CHAT


def test_a_call_that_names_a_file_goes_with_the_key_that_uploaded_it() -> None:
    """Each time, though the other key would have its turn: that one has never heard of the file."""

    async def act(far: Far, home: Home, client: httpx.AsyncClient) -> tuple[list[int], str, Any]:
        await uploaded(far, home, client, "file-1")
        found = [(await client.post("/v1/chat/completions", json=reading("file-1"))).status_code for _ in "123"]
        return found, keys_asked(far), json.loads(far.asked[-1][3])["messages"][0]["content"][1]

    assert played(act, keys=TWO_KEYS) == ([200] * 3, "bbb", {"type": "file", "file": {"file_id": "file-1"}})


def test_a_call_that_names_a_file_goes_to_the_provider_that_keeps_it() -> None:
    """Whoever comes first in the list: of another provider the file is not."""

    async def act(far: Far, home: Home, client: httpx.AsyncClient) -> tuple[int, str, str]:
        await uploaded(far, home, client, "file-1", spare=False)
        answer = await client.post("/v1/chat/completions", json=reading("file-1", model="both"))
        nobody = await client.post("/v1/chat/completions", json=reading("file-1", model="other/m"))
        return answer.status_code, answer.headers["X-Hearth-Target"], nobody.json()["error"]["message"]

    status, target, refused = played(act, more=ELSEWHERE)

    assert (status, target) == (200, "far/m")
    assert "other/m does not have 'file-1', which is kept at far" in refused


def test_while_the_key_of_a_file_is_out_of_use_the_caller_hears_of_that() -> None:
    """Another key would say that there is no such file."""

    async def act(far: Far, home: Home, client: httpx.AsyncClient) -> tuple[list[int], str, str]:
        await uploaded(far, home, client, "file-1")
        far.refuses = {"sk-spare-0123456789": 401}
        answers = [await client.post("/v1/chat/completions", json=reading("file-1")) for _ in "12"]
        return [one.status_code for one in answers], keys_asked(far), answers[-1].json()["error"]["message"]

    statuses, asked, message = played(act, more="[retry]\nattempts = 1\n", keys=TWO_KEYS)

    assert "a" not in asked
    assert statuses[1] == 429
    assert "'file-1' belongs to the key b, which rests" in message


def test_files_of_two_keys_cannot_be_read_by_one_call() -> None:
    """It is refused by name before anything is sent."""

    async def act(far: Far, home: Home, client: httpx.AsyncClient) -> tuple[int, int, str]:
        await uploaded(far, home, client, "file-2", spare=False)
        await uploaded(far, home, client, "file-1")
        answer = await client.post("/v1/chat/completions", json=reading("file-1", "file-2"))
        return answer.status_code, len(far.asked), answer.json()["error"]["message"]

    status, asked, message = played(act, keys=TWO_KEYS)

    assert (status, asked) == (400, 0)
    assert "'file-1' to the key b, 'file-2' to the key a" in message


def test_a_file_that_nobody_remembers_is_asked_for_with_the_first_key() -> None:
    """With which files are uploaded while it can be used; the provider says whether there is one."""

    async def act(far: Far, home: Home, client: httpx.AsyncClient) -> str:
        far.says = CHAT
        for _ in "123":
            await client.post("/v1/chat/completions", json=reading("file-9"))
        return keys_asked(far)

    assert played(act, keys=TWO_KEYS) == "aaa"


@pytest.mark.parametrize("stream", [False, True])
def test_a_response_goes_on_with_the_key_that_it_was_made_with(stream: bool) -> None:
    """`previous_response_id` is known to that key's account alone."""
    events = [
        ("response.created", {"response": {**json.loads(RESPONSE), "status": "in_progress", "output": []}}),
        ("response.completed", {"response": json.loads(RESPONSE)}),
    ]
    streamed = b"".join(
        b"event: %b\ndata: %b\n\n" % (kind.encode(), json.dumps({"type": kind, "sequence_number": at, **more}).encode())
        for at, (kind, more) in enumerate(events)
    )

    async def act(far: Far, home: Home, client: httpx.AsyncClient) -> tuple[list[int], str]:
        far.says = streamed if stream else RESPONSE
        far.content_type = "text/event-stream" if stream else "application/json"
        asked = {"model": "far/m", "input": "hi", "stream": stream}
        first = await client.post("/v1/responses", json=asked)
        more = [await client.post("/v1/responses", json={**asked, "previous_response_id": "resp_1"}) for _ in "123"]
        return [one.status_code for one in (first, *more)], keys_asked(far)

    statuses, asked = played(act, keys=f'{TWO_KEYS}\nquirks = {{ responses = "kept" }}')

    assert statuses == [200] * 4
    assert asked in ("aaaa", "bbbb")


def test_a_response_is_read_and_deleted_where_it_is_kept() -> None:
    """By the ordinary routes, with its key, budgets or not; one that nobody keeps is not found."""

    async def act(far: Far, home: Home, client: httpx.AsyncClient) -> tuple[list[int], list[tuple[str, str]], str]:
        far.says = RESPONSE
        await client.post("/v1/responses", json={"model": "far/m", "input": "hi"})
        made_with = keys_asked(far)
        far.asked.clear()
        answers = [
            await client.get("/v1/responses/resp_1"),
            await client.get("/v1/responses/resp_1/input_items?limit=5"),
            await client.post("/v1/responses/resp_1/cancel"),
            await client.delete("/v1/responses/resp_1"),
            await client.get("/v1/responses/resp_2"),
        ]
        assert keys_asked(far) == made_with * 4
        return [one.status_code for one in answers], [one[:2] for one in far.asked], answers[0].json()["id"]

    price = "price = { input_per_million = 1, output_per_million = 1 }"
    keys = f'{TWO_KEYS}\n{price}\nquirks = {{ responses = "kept" }}'
    found = played(act, keys=keys, more="[budget]\nmonthly_limit = 5\n")

    assert found[0] == [200, 200, 200, 200, 404]
    assert found[1] == [
        ("GET", "/v1/responses/resp_1"),
        ("GET", "/v1/responses/resp_1/input_items?limit=5"),
        ("POST", "/v1/responses/resp_1/cancel"),
        ("DELETE", "/v1/responses/resp_1"),
    ]
    assert found[2] == "resp_1"


def test_a_picture_that_its_provider_keeps_goes_to_a_provider_that_keeps_such() -> None:
    """By the Responses API; where a provider has none, it is refused by name."""
    asked = {
        "model": "far/m",
        "store": False,
        "input": [{"role": "user", "content": [{"type": "input_image", "file_id": "file-1"}]}],
    }

    async def act(far: Far, home: Home, client: httpx.AsyncClient) -> tuple[int, list[str], str]:
        far.says = RESPONSE
        answer = await client.post("/v1/responses", json=asked)
        return answer.status_code, [one[1] for one in far.asked], answer.text

    kept = played(act, keys='key = "env:FAR_KEY"\nquirks = { responses = "features" }')
    refused = played(act)

    assert kept[:2] == (200, ["/v1/responses"])
    assert refused[:2] == (400, [])
    assert "an image that its provider keeps (file_id)" in refused[2]
