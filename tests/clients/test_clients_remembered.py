"""Responses that Hearth keeps: gone on with, read, listed, deleted and cancelled by the official client."""

import asyncio
import json
from math import inf
from time import monotonic
from typing import Any

import openai
import pytest
from msgspec import Raw

from clients.responses_stage import UPSTREAMS, WEATHER, Stage, Upstream, played
from clients.stage import HELLO, hear
from hearth.call import Mode
from hearth.server.remembered import Kept, Remembered
from hearth_config.settings import Responses
from promised_times import held_once_of

every = pytest.mark.parametrize("upstream", UPSTREAMS)
ON = "[responses]\nstore = true\n"
PATHS = {"ollama": "/api/chat", "openai_chat": "/chat/completions", "openai_responses": "/responses"}


@every
def test_a_conversation_goes_on_by_its_last_responses_id(upstream: Upstream) -> None:
    """Input and output of all turns before go to the engine, instructions do not; streamed turns count as well."""

    async def act(on: Stage) -> tuple[Any, Any, str]:
        ask = on.client.responses
        first = await ask.create(model="scripted", input="How is the weather?", instructions="Sing.", tools=[WEATHER])
        given: Any = [{"type": "function_call_output", "call_id": first.output[0].call_id, "output": "21 degrees"}]  # type: ignore[union-attr]
        async with ask.stream(
            model="scripted", input=given, previous_response_id=first.id, tools=[WEATHER], store=True
        ) as stream:
            second = await stream.get_final_response()
        third = await ask.create(model="scripted", input="Hello there", previous_response_id=second.id)
        sent = [call.body for call in on.rehearsal.calls if call.path.endswith(PATHS[upstream])][-1]
        return second, third, sent.decode()

    second, third, sent = played(act, upstream, ON)

    assert second.output_text.startswith("It is 21 degrees")
    assert third.output_text == HELLO
    assert third.previous_response_id == second.id
    for words in ("How is the weather?", "get_weather", "21 degrees", "It is 21", "Hello there"):
        assert words in sent
    assert "Sing." not in sent
    assert "previous_response_id" not in sent


def test_a_kept_response_is_read_listed_and_deleted() -> None:
    """GET gives it back as it was, its input items with ids, in pages; after DELETE all of it is 404."""

    async def act(on: Stage) -> list[Any]:
        ask = on.client.responses
        made = await ask.create(model="scripted", input="Hello there")
        turns: Any = [{"role": "user", "content": "One"}, {"role": "user", "content": "Hello there"}]
        longer = await ask.create(model="scripted", input=turns, previous_response_id=made.id)
        seen: list[Any] = [made, await ask.retrieve(made.id), (longer.model_extra or {})["store"]]
        seen.append([item async for item in ask.input_items.list(longer.id, order="asc", limit=3)])
        seen.append([item async for item in ask.input_items.list(longer.id)])
        await ask.delete(made.id)
        for gone in (ask.retrieve(made.id), ask.delete(made.id), ask.cancel(made.id), ask.input_items.list(made.id)):
            with pytest.raises(openai.NotFoundError) as missing:
                await gone
            seen.append(missing.value.body)
        return seen

    made, again, store, forward, backward, *gone = played(act, "ollama", ON)

    assert again == made
    assert store is True
    assert [item.role for item in forward] == ["user", "assistant", "user", "user"]
    assert [item.id for item in backward] == [item.id for item in forward][::-1]
    assert all("not found" in body["message"] for body in gone)


def test_what_has_ended_cannot_be_cancelled() -> None:
    """A kept response that is complete answers 400 to a cancel."""

    async def act(on: Stage) -> openai.BadRequestError:
        made = await on.client.responses.create(model="scripted", input="Hello there")
        with pytest.raises(openai.BadRequestError) as refused:
            await on.client.responses.cancel(made.id)
        return refused.value

    assert "completed" in str(played(act, "ollama", ON))


def test_a_response_under_way_is_cancelled_by_its_id() -> None:
    """The id of `response.created` ends the call from another connection, and its stream in an error."""

    async def act(on: Stage) -> tuple[Any, list[Any], float]:
        heard: list[Any] = []
        stream = await on.client.responses.create(model="slow", input="Please count.", stream=True)
        listening = asyncio.ensure_future(hear(stream, heard))
        while not heard:  # noqa: ASYNC110 -- the client tells nobody when something has come
            await asyncio.sleep(0.01)
        began = monotonic()
        cancelled = await on.client.responses.cancel(heard[0].response.id)
        with pytest.raises(openai.APIError):
            await listening
        left = await on.rehearsal.wait_for_hangup(20.0)
        return cancelled, heard, (left.hung_up_at or inf) - began

    cancelled, heard, left_s = held_once_of(3, lambda: played(act, "ollama"), lambda found: found[2] < 2.0)

    assert cancelled.status == "cancelled"
    assert cancelled.id == heard[0].response.id
    assert left_s < 2.0


def test_nothing_is_kept_unless_it_is_wanted() -> None:
    """Off by default, and off for a call that says `store: false`: going on with it is a 400 that says why."""

    async def act(on: Stage) -> openai.BadRequestError:
        made = await on.client.responses.create(model="scripted", input="Hello there", store=False)
        assert (made.model_extra or {})["store"] is False
        with pytest.raises(openai.BadRequestError) as refused:
            await on.client.responses.create(model="scripted", input="x", previous_response_id=made.id)
        with pytest.raises(openai.NotFoundError):
            await on.client.responses.retrieve(made.id)
        return refused.value

    off, unwanted = played(act, "ollama"), played(act, "ollama", ON)

    assert "previous_response_id" in str(off)
    assert unwanted.code == "previous_response_not_found"


def test_a_response_that_failed_is_not_kept() -> None:
    """What broke off is nothing to go on with."""

    async def act(on: Stage) -> int:
        with pytest.raises(openai.APIError):
            await on.client.responses.create(model="nope", input="Hello there")
        return len(on.home.daemon.core.remembered)

    assert played(act, "ollama", ON) == 0


def test_words_said_at_home_do_not_leave_by_a_later_call() -> None:
    """T11: a response made in mode offline can be gone on with in that mode alone."""

    async def act(on: Stage) -> tuple[openai.PermissionDeniedError, str]:
        offline = {"X-Hearth-Mode": "offline"}
        ask = on.client.responses
        made = await ask.create(model="scripted", input="A secret", extra_headers=offline)
        wished = await ask.create(model="scripted", input="A secret", extra_body={"hearth": {"mode": "offline"}})
        with pytest.raises(openai.PermissionDeniedError):
            await ask.create(model="scripted", input="Hello there", previous_response_id=made.id)
        with pytest.raises(openai.PermissionDeniedError) as refused:
            await ask.create(model="scripted", input="Hello there", previous_response_id=wished.id)
        on_it_goes = await ask.create(
            model="scripted", input="Hello there", previous_response_id=wished.id, extra_headers=offline
        )
        return refused.value, on_it_goes.output_text

    refused, said = played(act, "ollama", ON)

    assert "X-Hearth-Mode: offline" in str(refused)
    assert said == HELLO


def test_another_app_does_not_find_it() -> None:
    """A response belongs to the app that asked for it."""
    apps = '[apps.zed]\nmatch = { user_agent = "Zed/*" }\n'

    async def act(on: Stage) -> None:
        made = await on.client.responses.create(model="scripted", input="Hello there")
        with pytest.raises(openai.NotFoundError):
            await on.client.responses.retrieve(made.id, extra_headers={"User-Agent": "Zed/1.0"})

    played(act, "ollama", ON + apps)


def _kept(number: int, size: int = 100, made_at: float = 1e12, mode: Mode = "any") -> Kept:
    body = json.dumps({"output": [{"type": "message"}], "pad": "x" * size}).encode()
    return Kept(f"resp_{number}", "", mode, (Raw(b'{"role":"user"}'),), body, made_at)


def test_the_oldest_go_when_there_are_too_many_bytes() -> None:
    """The store holds no more than its size, and forgets in the order of arrival."""
    store, limits = Remembered(), Responses(store=True, size=1000)

    for number in range(20):
        store.keep(_kept(number), limits)

    left = [number for number in range(20) if store.find(f"resp_{number}", "", limits) is not None]
    assert left == list(range(20 - len(left), 20))
    assert 3 < len(left) < 8
    store.keep(_kept(99, size=5000), limits)
    assert len(store) == 0


def test_what_is_too_old_is_forgotten() -> None:
    """Age is looked at when somebody asks; switching the store off forgets everything."""
    store, limits = Remembered(), Responses(store=True)
    store.keep(_kept(1), limits)

    assert store.find("resp_1", "", limits) is not None
    assert store.find("resp_1", "", Responses(store=False)) is None
    assert len(store) == 0
    store.keep(_kept(2, made_at=0.0), Responses(store=True, keep=0.0))
    assert len(store) == 0


@every
def test_tokens_are_counted_before_they_are_sent(upstream: Upstream) -> None:
    """A server that counts is asked; for any other the number is an estimate, and the head says so."""

    async def act(on: Stage) -> tuple[int, str | None]:
        counted = await on.client.responses.input_tokens.with_raw_response.count(
            model="scripted", input="Hello there, how are you?", instructions="Be brief."
        )
        return (await _parsed(counted)).input_tokens, counted.headers.get("X-Hearth-Estimated")

    tokens, estimated = played(act, upstream)

    assert 5 < tokens < 60
    assert estimated == (None if upstream == "openai_responses" else "true")


async def _parsed(response: Any) -> Any:  # noqa: ANN401 -- the SDK's raw response is of either kind
    found = response.parse()
    return await found if asyncio.iscoroutine(found) else found
