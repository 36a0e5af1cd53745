"""Files and batches at a provider with several keys: each belongs to one key, and no other may see it."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.outbound.keys.belongings import Belongings
from hearth_home import Home
from server.far import KEY, Far, played, rows

SPARE = "sk-spare-0123456789"
TWO_KEYS = 'keys = [{ id = "a", value = "env:FAR_KEY" }, { id = "b", value = "env:SPARE_KEY" }]'
HERE = {"X-Hearth-Provider": "far"}
FORM: dict[str, Any] = {"files": {"file": ("x.jsonl", b"{}\n")}, "data": {"purpose": "batch"}}


def keys_asked(far: Far) -> str:
    """Which keys were asked, in order."""
    return "".join("a" if asked[2]["Authorization"].endswith(KEY) else "b" for asked in far.asked)


def made(kind: str, name: str, **more: str) -> bytes:
    """What a provider says of a thing that it has made."""
    return json.dumps({"id": name, "object": kind, **more}).encode()


def test_a_file_is_asked_for_with_the_key_that_uploaded_it() -> None:
    """So is the batch made of it, and so are the files that come of that: the owner is read off each reply."""

    async def act(far: Far, home: Home, client: httpx.AsyncClient) -> str:
        far.refuses[KEY] = 429
        far.says = made("file", "file-1")
        assert (await client.get("/v1/files", headers=HERE)).status_code == 200  # the first key rests from now on
        far.refuses.clear()
        far.asked.clear()
        assert (await client.post("/v1/files", headers=HERE, **FORM)).status_code == 200
        home.daemon.core.keys.trust("far", "a")
        await asyncio.sleep(0)
        await client.get("/v1/files/file-1", headers=HERE)
        far.says = made("batch", "batch_1", input_file_id="file-1", output_file_id="file-2")
        await client.post("/v1/batches", headers=HERE, json={"input_file_id": "file-1"})
        await client.post("/v1/batches/batch_1/cancel", headers=HERE)
        await client.get("/v1/files/file-2/content", headers=HERE)
        return keys_asked(far)

    assert played(act, keys=TWO_KEYS) == "bbbbb"


def test_what_is_listed_and_uploaded_goes_to_the_first_key_each_time() -> None:
    """Not to each in turn: a list would show other files at every look."""

    async def act(far: Far, home: Home, client: httpx.AsyncClient) -> str:
        for _ in "12":
            await client.get("/v1/files", headers=HERE)
            await client.post("/v1/files", headers=HERE, **FORM)
        return keys_asked(far)

    assert played(act, keys=TWO_KEYS) == "aaaa"


@pytest.mark.parametrize(("refused", "status"), [({KEY: 404}, 200), ({KEY: 404, SPARE: 404}, 404)])
def test_what_nobody_remembers_is_sought_with_each_key(refused: dict[str, int], status: int) -> None:
    """It was uploaded before this start: who has never heard of it is not its key, and is not blamed for that."""

    async def act(far: Far, home: Home, client: httpx.AsyncClient) -> tuple[int, str, int]:
        far.refuses = refused
        first = await client.get("/v1/files/file-9", headers=HERE)
        again = await client.get("/v1/files/file-9", headers=HERE)
        assert [one.state for one in home.daemon.core.keys.views(home.daemon.core.target("far").settings)] == [
            "ready"
        ] * 2
        assert first.status_code == again.status_code
        return first.status_code, keys_asked(far), (await rows(home))[0]["attempts"]

    assert played(act, keys=TWO_KEYS) == (status, "abb" if status == 200 else "abab", 2)


def test_what_its_own_key_does_not_find_is_gone() -> None:
    """No other key is shown the id: one that was revoked would make a 404 look like a wrong key."""

    async def act(far: Far, home: Home, client: httpx.AsyncClient) -> tuple[int, str]:
        far.says = made("file", "file-1")
        await client.post("/v1/files", headers=HERE, **FORM)
        far.refuses = {KEY: 404, SPARE: 401}
        return (await client.get("/v1/files/file-1", headers=HERE)).status_code, keys_asked(far)

    assert played(act, keys=TWO_KEYS) == (404, "aa")


def test_while_its_key_rests_the_caller_hears_of_that_and_not_of_a_file_that_is_gone() -> None:
    """A 404 would have people upload it again."""

    async def act(far: Far, home: Home, client: httpx.AsyncClient) -> httpx.Response:
        far.says = made("file", "file-1")
        await client.post("/v1/files", headers=HERE, **FORM)
        far.refuses = {KEY: 429, SPARE: 404}
        assert (await client.get("/v1/files/file-1", headers=HERE)).status_code == 429
        return await client.get("/v1/files/file-1", headers=HERE)

    answer = played(act, keys=TWO_KEYS)

    assert answer.status_code == 429
    assert "belongs to the key a, which rests" in answer.json()["error"]["message"]


@pytest.mark.parametrize("reply", [b"", b"[]", b"null", b'{"id":7}', b'{"data":{}}', b"\xff", b'{"id":"' + b"x" * 999])
def test_a_reply_that_names_nothing_is_handed_on_all_the_same(reply: bytes) -> None:
    """What it says is read for its ids alone."""

    async def act(far: Far, home: Home, client: httpx.AsyncClient) -> bytes:
        far.says = reply
        return (await client.get("/v1/files/file-1", headers=HERE)).content

    assert played(act, keys=TWO_KEYS) == reply


@given(st.lists(st.tuples(st.sampled_from("pq"), st.sampled_from("ab"), st.text(max_size=3)), max_size=40))
def test_the_last_key_that_was_shown_something_owns_it(steps: list[tuple[str, str, str]]) -> None:
    """By provider, up to a bound; nothing has no owner."""
    belongings = Belongings(most=5)
    last: dict[tuple[str, str], str] = {}

    for provider, key, name in steps:
        belongings.belong(provider, key, [name])
        if name:
            last.pop((provider, name), None)
            last[provider, name] = key

    recent = list(last.items())[-5:]
    assert all(belongings.owner(provider, [name]) == key for (provider, name), key in recent)
    assert all(belongings.owner(provider, [name]) == "" for (provider, name), _ in list(last.items())[:-5])
