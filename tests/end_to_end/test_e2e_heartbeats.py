"""Signs of life in silent streams: when they are sent, in which form, what they settle, and that clients bear them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

import ollama
import openai
import pytest

from end_to_end.callers import Answer, Caller, Object, admin, call, calm, chat, cloud, engine, inference
from hearth.rehearsal import Fault, ModelScript, Rehearsal, Script
from hearth.server.connection import Patience
from hearth_home import Home, running
from promised_times import held_once_of

BEAT = b": keep-alive\n\n"
BEAT_S = 0.2
SHORT = Patience(heartbeat_s=BEAT_S)
SILENCE_S = 60.0
"""Longer than any test waits: each silence ends when the test has seen what it waits for."""
SHORT_SILENCE_S = 0.9
SSE = "/v1/chat/completions"
FAR = Script(kind="openai", models=(ModelScript(name="scripted"),))
SILENT = [Fault.late_head(SILENCE_S), Fault.late_token(SILENCE_S), Fault.stall(SILENCE_S)]
SHORTLY_SILENT = [Fault.late_head(SHORT_SILENCE_S), Fault.late_token(SHORT_SILENCE_S), Fault.stall(SHORT_SILENCE_S)]
GREETING = "Hello! I am a small test model."


def _break(provider: Rehearsal, *faults: Fault) -> None:
    """Give these faults to its next answers; loading, which is no answer, goes well."""
    provider.next(*faults, path="/completions" if provider.script.kind == "openai" else "/api/chat")


class Heard(NamedTuple):
    """What a caller read, after how many seconds it had the signs of life it waited for, and how long all took."""

    answer: Answer
    signs_s: float
    seconds: float


async def _heard(home: Home, model: str, provider: Rehearsal, *, signs: int = 1) -> Heard:
    """What the caller of a stream of events reads whose provider is silent until it has seen so many signs of life."""
    began = time.monotonic()
    caller = await Caller.ask(home, SSE, chat(model, stream=True))
    await caller.until(BEAT, signs)
    signs_s = time.monotonic() - began
    provider.pauses.end()
    answer = await caller.rest()
    return Heard(answer, signs_s, time.monotonic() - began)


def _in_time(scene: Callable[[], Coroutine[Any, Any, Heard]]) -> Heard:
    """What is heard in a scene, with the signs of life in time."""
    heard = held_once_of(3, lambda: asyncio.run(scene()), lambda found: found.signs_s < SHORT_SILENCE_S)
    assert heard.signs_s < SHORT_SILENCE_S
    return heard


async def _ask(fault: Fault, model: str, *, signs: int = 1) -> Heard:
    """What such a caller reads when its provider at home, or that in the cloud, has this fault."""
    async with Rehearsal() as near, Rehearsal(FAR) as far:
        provider = far if model.startswith("far/") else near
        _break(provider, fault)
        async with running(calm() + engine(near) + cloud(far), patience=SHORT) as home:
            return await _heard(home, model, provider, signs=signs)


@pytest.mark.parametrize("model", ["scripted", "far/scripted"], ids=["translated", "passed on"])
@pytest.mark.parametrize("fault", SILENT)
def test_a_silent_stream_of_events_shows_signs_of_life(model: str, fault: Fault) -> None:
    """Design §4: before the first word and between two, a comment after each silence, and the answer is whole."""
    answer, _, seconds = _in_time(lambda: _ask(fault, model, signs=3))

    assert 3 <= answer.body.count(BEAT) <= seconds / BEAT_S + 1
    assert answer.text == GREETING
    assert answer.finished
    assert answer.ended


@pytest.mark.parametrize("fault", SHORTLY_SILENT)
def test_lines_of_json_have_no_sign_of_life(fault: Fault) -> None:
    """NDJSON has no form for one: a blank line would end the official client. Nothing at all is sent meanwhile."""

    async def scene() -> Answer:
        async with Rehearsal() as near, running(calm() + engine(near), patience=SHORT) as home:
            _break(near, fault)
            return await call(home, "/api/chat", chat(stream=True))

    answer = asyncio.run(scene())

    assert b"keep-alive" not in answer.body
    assert b"\n\n" not in answer.body
    assert answer.text == GREETING
    assert "x-hearth-target" in answer.headers


def test_a_whole_reply_has_no_sign_of_life() -> None:
    """A reply that is not streamed is one JSON object, however long it takes."""

    async def scene() -> Answer:
        async with Rehearsal() as near, running(calm() + engine(near), patience=SHORT) as home:
            _break(near, Fault.late_head(SHORT_SILENCE_S))
            return await call(home, SSE, chat())

    answer = asyncio.run(scene())

    assert answer.text == GREETING
    assert answer.headers["x-hearth-target"] == "ollama/scripted:latest"


def test_the_first_sign_of_life_sends_the_head_without_what_is_not_settled() -> None:
    """It is on its way within the silence; target, place and reason stand in the log of calls instead."""

    async def scene() -> tuple[bytes, float, Object]:
        async with Rehearsal() as near, running(calm() + engine(near), patience=SHORT) as home:
            _break(near, Fault.late_token(SILENCE_S))
            began = time.monotonic()
            caller = await Caller.ask(home, SSE, chat(stream=True))
            head = await caller.until(BEAT)
            seconds = time.monotonic() - began
            near.pauses.end()
            answer = await caller.rest()
            told: Object = await admin(home, f"/hearth/v1/calls/{answer.headers['x-hearth-id']}")
            return head, seconds, told

    head, seconds, told = held_once_of(3, lambda: asyncio.run(scene()), lambda found: found[1] < SHORT_SILENCE_S)

    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"text/event-stream" in head
    assert b"X-Hearth-Target" not in head
    assert BEAT_S * 0.9 <= seconds < SHORT_SILENCE_S
    assert told["call"]["target"] == "ollama/scripted:latest"


@pytest.mark.parametrize(
    "fault",
    [Fault.late_head(SILENCE_S) | Fault.refuse(500), Fault.late_token(SILENCE_S) | Fault.cut(objects=0)],
    ids=["before its head", "after its head"],
)
@pytest.mark.parametrize("first", ["ollama/scripted", "far/scripted"], ids=["home to cloud", "cloud to cloud"])
def test_the_target_may_be_swapped_after_signs_of_life(fault: Fault, first: str) -> None:
    """Until the first meaningful frame the next target answers, in the same stream, once and whole."""

    async def scene() -> Heard:
        async with Rehearsal() as near, Rehearsal(FAR) as far, Rehearsal(FAR) as spare:
            failing = near if first == "ollama/scripted" else far
            _break(failing, fault)
            config = calm() + f'[models.name]\nuse = ["{first}", "spare/scripted"]\n'
            async with running(config + engine(near) + cloud(far) + cloud(spare, "spare"), patience=SHORT) as home:
                heard = await _heard(home, "name", failing)
                assert inference(spare) == 1
                return heard

    answer = _in_time(scene).answer

    assert answer.status == 200
    assert BEAT in answer.body
    assert answer.text == GREETING
    assert answer.body.count(b"[DONE]") == 1


@pytest.mark.parametrize("model", ["scripted", "far/scripted"])
@pytest.mark.parametrize(
    "fault", [Fault.late_head(SILENCE_S) | Fault.refuse(400), Fault.stall(SILENCE_S) | Fault.cut(objects=2)]
)
def test_a_failure_after_signs_of_life_is_said_in_the_stream(model: str, fault: Fault) -> None:
    """The status is spent: the error is an event of the dialect, and the stream is never shown as a finished one."""
    answer = _in_time(lambda: _ask(fault, model)).answer

    assert answer.status == 200
    assert BEAT in answer.body
    assert answer.last["error"]["message"]
    assert not answer.finished


def test_a_caller_in_the_queue_is_shown_signs_of_life() -> None:
    """Who waits for a slot or a load for longer than the silence hears so, and is then answered."""

    async def scene() -> tuple[Heard, Answer]:
        async with Rehearsal() as near, running(calm() + engine(near), patience=SHORT) as home:
            began = time.monotonic()
            with near.engine.loads_held():
                events, lines = [await Caller.ask(home, path, chat(stream=True)) for path in (SSE, "/api/chat")]
                await events.until(BEAT)
                signs_s = time.monotonic() - began
            answer = await events.rest()
            return Heard(answer, signs_s, time.monotonic() - began), await lines.rest()

    heard, lines = held_once_of(3, lambda: asyncio.run(scene()), lambda found: found[0].signs_s < SHORT_SILENCE_S)
    events = heard.answer

    assert BEAT in events.body
    assert heard.signs_s < SHORT_SILENCE_S
    assert b"keep-alive" not in lines.body
    assert events.text == lines.text == GREETING


@pytest.mark.parametrize("fault", SHORTLY_SILENT)
def test_the_official_clients_bear_signs_of_life(fault: Fault) -> None:
    """The openai client passes over the comments; the ollama client sees none, since there are none."""

    async def scene() -> tuple[str, str]:
        async with Rehearsal() as near, running(calm() + engine(near), patience=SHORT) as home:
            _break(near, fault, fault)
            async with openai.AsyncOpenAI(base_url=f"{home.url}/v1", api_key="dummy") as client:
                chunks = await client.chat.completions.create(
                    model="scripted", messages=[{"role": "user", "content": "hello"}], stream=True
                )
                events = [chunk.choices[0].delta.content or "" async for chunk in chunks if chunk.choices]
            native = ollama.AsyncClient(home.url)
            parts = await native.chat("scripted", [{"role": "user", "content": "hello"}], stream=True)
            lines = [part.message.content or "" async for part in parts]
            await native._client.aclose()  # noqa: SLF001 -- this client has no public way to close
            return "".join(events), "".join(lines)

    assert asyncio.run(scene()) == (GREETING, GREETING)


def test_the_openai_client_raises_what_fails_after_signs_of_life() -> None:
    """An error inside the stream is an exception for the official client, not an end."""

    async def scene() -> None:
        async with Rehearsal() as near, running(calm() + engine(near), patience=SHORT) as home:
            _break(near, Fault.late_head(SHORT_SILENCE_S) | Fault.refuse(400))
            async with openai.AsyncOpenAI(base_url=f"{home.url}/v1", api_key="dummy", max_retries=0) as client:
                chunks = await client.chat.completions.create(
                    model="scripted", messages=[{"role": "user", "content": "hello"}], stream=True
                )
                async for _ in chunks:
                    pass

    with pytest.raises(openai.APIError):
        asyncio.run(scene())


def test_by_default_a_stream_may_be_silent_for_fifteen_seconds() -> None:
    """Design §4 and F23: the figures outside of tests."""
    assert (Patience().heartbeat_s, Patience().stuck_reader_s) == (15.0, 120.0)
