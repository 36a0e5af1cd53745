"""What answers at home saved, against the model's own cloud fallback; and the usage log taken along."""

import asyncio

import msgspec
import pytest

from end_to_end.callers import Answer, Object, admin, call, calm, engine
from hearth.record import Entry
from hearth.rehearsal import Rehearsal
from hearth_home import running
from promised_times import held_once_of

BODY = {"model": "scripted", "max_tokens": 16, "messages": [{"role": "user", "content": "hello"}]}
FAR = """
[providers.far]
dialect = "openai_chat"
address = "https://far.example.com/v1"
price = { input_per_million = 1000000, output_per_million = 2000000 }
"""
PRICELESS = '[providers.openai]\npreset = "openai"\nkey = "env:NONE"\n'
EXPORT = "/hearth/v1/usage/export"
BY_LIST = 'mode = "lan"\n[fallback]\ncloud = ["far/large"]\n'
BY_MODEL = 'mode = "lan"\n[fallback]\ncloud = ["far/other"]\nby_model = { scripted = ["far/large"] }\n'
BY_ALIAS = 'mode = "lan"\n[models.fast]\nuse = ["ollama/scripted", "far/large"]\n'
NOWHERE = 'mode = "lan"\n'


async def _used(config: str, by: str = "model") -> Object:
    """The usage after one answer at home; mode lan keeps it there, and asks nobody else."""
    async with Rehearsal() as near, running(config + FAR + calm() + engine(near)) as home:
        answer = await call(home, "/api/chat", BODY)
        assert answer.status == 200
        report: Object = await admin(home, f"/hearth/v1/usage?by={by}")
        return report


@pytest.mark.parametrize("config", [BY_LIST, BY_MODEL, BY_ALIAS])
def test_home_is_compared_with_where_the_call_would_have_gone(config: str) -> None:
    """The list of fallbacks, that of the model, or an alias that holds both: one is found, priced and named."""
    report = asyncio.run(_used(config))

    (row,) = report["rows"]
    assert row["saved"] == {"USD": pytest.approx(row["input_tokens"] + 2 * row["output_tokens"])}
    assert (row["compared"], row["uncompared"]) == (["far/large"], 0)
    assert report["total"]["saved"] == row["saved"]


def test_a_fallback_that_nobody_has_listed_yet_is_priced_by_the_public_list() -> None:
    """The first question after a start: no cloud was asked what it has, and no price was needed so far."""
    config = 'mode = "lan"\n[fallback]\ncloud = ["openai/gpt-4o-mini"]\n' + PRICELESS
    report = held_once_of(3, lambda: asyncio.run(_used(config)), lambda found: bool(found["total"]["compared"]))

    assert report["total"]["compared"] == ["openai/gpt-4o-mini"]
    assert report["total"]["saved"]["USD"] > 0


def test_prices_that_are_missed_in_another_thread_are_read_all_the_same() -> None:
    """Sums are made in a thread of their own: what it asks for is sought by the event loop, and no question fails."""

    async def scene() -> tuple[object, object]:
        async with Rehearsal() as near, running(NOWHERE + PRICELESS + calm() + engine(near)) as home:
            till = home.daemon.core.till
            missed = await asyncio.to_thread(till.book.tag, "openai/gpt-4o-mini")
            await asyncio.sleep(0)
            for _ in range(3):  # one look waits eight seconds at most, which a busy machine may need to start a child
                await till.read()
            return missed, till.book.tag("openai/gpt-4o-mini")

    missed, found = asyncio.run(scene())

    assert missed is None
    assert found is not None


def test_without_a_cloud_fallback_nothing_is_claimed() -> None:
    """An answer that would have gone nowhere else saved nothing that anybody knows."""
    report = asyncio.run(_used(NOWHERE, by="day"))

    (row,) = report["rows"]
    assert (row["saved"], row["compared"], row["uncompared"]) == ({}, [], 1)


def test_what_would_have_stayed_home_anyway_saved_nothing() -> None:
    """Where `[fallback] tasks` keeps chats at home, no chat is compared with the cloud."""
    report = asyncio.run(_used(BY_LIST.replace("[fallback]\n", '[fallback]\ntasks = ["embeddings"]\n')))

    assert (report["total"]["saved"], report["total"]["uncompared"]) == ({}, 1)


def test_the_usage_log_can_be_taken_along() -> None:
    """Every call comes with its attempts, oldest first, one a line; a span takes only its own."""

    async def scene() -> tuple[list[Entry], Answer]:
        async with Rehearsal() as near, running(NOWHERE + calm() + engine(near)) as home:
            for path in ("/api/chat", "/v1/chat/completions"):
                await call(home, path, BODY)
            owner = f"Bearer {home.token('admin')}"
            whole = await call(home, EXPORT, method="GET", Authorization=owner)
            later = await call(home, f"{EXPORT}?since=99999999999", method="GET", Authorization=owner)
            return [msgspec.json.decode(line, type=Entry) for line in whole.body.splitlines()], later

    entries, later = asyncio.run(scene())

    assert [entry.call.dialect for entry in entries] == ["ollama", "openai_chat"]
    assert all(entry.attempts[0].call_id == entry.call.id for entry in entries)
    assert (later.status, later.body) == (200, b"")
