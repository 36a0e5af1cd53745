"""A provider that works on without us is told to stop, is asked at no address but its own, and never past the mode."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Generic, NamedTuple, TypeVar

import pytest

from end_to_end.callers import PATIENT_S, Answer, Caller, admin, call, calm, chat, until
from hearth.problems import ShuttingDown
from hearth.rehearsal import Fault, ModelScript, Rehearsal, Script
from hearth.rehearsal.calls import Call
from hearth_home import Home, running
from promised_times import held_once_of

T = TypeVar("T")
PATH = "/v1/chat/completions"
MODELS = (
    ModelScript(name="acme/streamed", capabilities=("completion",), tokens_per_second=20.0),
    ModelScript(name="acme/asked", capabilities=("completion", "polled"), tokens_per_second=20.0),
    ModelScript(name="acme/quick", capabilities=("completion",)),
)
KEY = "r8_secret"
SOON_S = 1.0
"""Within so long a provider hears of it when nobody waits any more (G12)."""


class Scene(NamedTuple):
    """A daemon, the Replicate behind it, and a server that nobody should ever ask."""

    home: Home
    far: Rehearsal
    trap: Rehearsal

    def cancelled(self) -> list[Call]:
        return [one for one in self.far.calls if one.path.endswith("/cancel")]

    def asked(self) -> list[Call]:
        return [one for one in self.far.calls if one.method == "GET" and "/v1/predictions/" in one.path]


@asynccontextmanager
async def _set() -> AsyncIterator[Scene]:
    script = Script(kind="replicate", models=MODELS, keys=(KEY,))
    async with Rehearsal(script) as far, Rehearsal() as trap:
        provider = f'[providers.far]\npreset = "replicate"\naddress = "{far.url}/v1"\nplace = "cloud"\nkey = "{KEY}"\n'
        async with running(calm() + provider) as home:
            yield Scene(home, far, trap)
            assert not trap.calls
            assert not far.panics


def _play(act: Callable[[Scene], Awaitable[T]]) -> T:
    async def play() -> T:
        async with _set() as scene:
            return await act(scene)

    return asyncio.run(play())


class Found(NamedTuple, Generic[T]):
    """What a scene came to, and for how many seconds a provider worked on for nobody in it."""

    result: T
    seconds: float


async def _farewell(scene: Scene, since: float, count: int = 1) -> float:
    """Wait for so many predictions to be cancelled; return after how many seconds the last one was."""
    await until(lambda: len(scene.cancelled()) >= count)
    return scene.cancelled()[-1].received_at - since


def _soon(act: Callable[[Scene], Awaitable[Found[T]]]) -> T:
    """Play an act whose farewells are said within the second that Hearth promises; return what it came to."""
    found = held_once_of(3, lambda: _play(act), lambda one: one.seconds < SOON_S)
    assert found.seconds < SOON_S
    return found.result


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("model", ["acme/streamed", "acme/asked"])
def test_a_caller_that_leaves_ends_its_prediction(model: str, *, stream: bool) -> None:
    """F21: within a second the prediction is cancelled, by its id, while it streams or is asked after."""

    async def act(scene: Scene) -> Found[int]:
        caller = await Caller.ask(scene.home, PATH, chat(f"far/{model}", "count", stream=stream))
        await until(lambda: scene.asked() or [one for one in scene.far.calls if "/streams/" in one.path])
        left = time.monotonic()
        caller.leave()
        seconds = await _farewell(scene, left)
        return Found(len(scene.cancelled()), seconds)

    assert _soon(act) == 1


def test_a_caller_that_leaves_while_its_prediction_is_created_ends_it_too() -> None:
    """The reply that names the prediction is waited for, though nobody else waits."""

    async def act(scene: Scene) -> Found[int]:
        scene.far.next(Fault.late_head(60.0), path="/predictions")
        caller = await Caller.ask(scene.home, PATH, chat("far/acme/streamed", "count", stream=True))
        await scene.far.wait_for_call(path="/predictions")
        caller.leave()
        await until(lambda: scene.home.daemon.pool.farewells)
        told = time.monotonic()
        scene.far.pauses.end()
        seconds = await _farewell(scene, told)
        await until(lambda: not scene.home.daemon.pool.farewells)
        return Found(len(scene.cancelled()), seconds)

    assert _soon(act) == 1


def test_a_call_that_its_owner_ends_is_ended_there() -> None:
    """`calls/ID/cancel` reaches the provider as a caller's leaving does."""

    async def act(scene: Scene) -> Found[Answer]:
        caller = await Caller.ask(scene.home, PATH, chat("far/acme/asked", "count", stream=True))
        await until(scene.asked)
        live = next(iter(scene.home.daemon.core.calls))
        ended = time.monotonic()
        await admin(scene.home, f"/hearth/v1/calls/{live.call.id}/cancel", "POST")
        answer = await caller.rest()
        return Found(answer, await _farewell(scene, ended))

    assert not _soon(act).finished


def test_a_daemon_that_stops_ends_its_predictions_first() -> None:
    """The last word to the provider is said before all connections are closed."""

    async def act(scene: Scene) -> Found[list[int]]:
        scene.far.next(Fault.late_head(0.3), path="/cancel")
        caller = await Caller.ask(scene.home, PATH, chat("far/acme/asked", "count", stream=True))
        await until(scene.asked)
        core, ended = scene.home.daemon.core, time.monotonic()
        for live in core.calls:
            live.kill(ShuttingDown("Hearth is stopping."))
        await core.calls.none_left(PATIENT_S)
        seconds = time.monotonic() - ended
        await scene.home.daemon.pool.aclose()
        caller.leave()
        return Found([one.status for one in scene.cancelled()], seconds)

    assert _soon(act) == [200]


def test_a_tighter_mode_forbids_the_exchanges_that_would_follow() -> None:
    """F54: between two questions the mode becomes offline; nothing more is sent, not even a farewell."""

    async def act(scene: Scene) -> tuple[Answer, int]:
        caller = await Caller.ask(scene.home, PATH, chat("far/acme/asked", "count", stream=True))
        await until(scene.asked)
        await admin(scene.home, "/hearth/v1/mode", "PUT", {"mode": "offline"})
        before = len(scene.far.calls)
        answer = await caller.rest()
        await asyncio.sleep(0.7)
        return answer, len(scene.far.calls) - before

    answer, later = _play(act)

    assert not answer.finished
    assert b"offline" in answer.body
    assert later == 0


def _created(scene: Scene, **urls: str) -> Fault:
    """Return a creation whose prediction names these addresses."""
    body = {"id": "abc123", "status": "starting", "model": "acme/quick", "output": None, "urls": urls}
    assert scene.far.url not in urls.values()
    return Fault.refuse(201, json.dumps(body).encode())


@pytest.mark.parametrize("form", ["{}/v1/predictions/abc123", "http://x@127.0.0.1:1/", "file:///etc/passwd", "//far/x"])
def test_a_foreign_address_is_never_asked(form: str) -> None:
    """T12: a reply that sends us elsewhere is broken; our key goes nowhere, and the prediction is cancelled at home."""

    async def act(scene: Scene) -> Found[Answer]:
        scene.far.next(_created(scene, get=form.format(scene.trap.url)), path="/predictions", times=-1)
        answer = await call(scene.home, PATH, chat("far/acme/quick", "hello"))
        return Found(answer, await _farewell(scene, time.monotonic()))

    answer = _soon(act)

    assert answer.status == 502
    assert KEY.encode() not in answer.body


@pytest.mark.parametrize("host", ["{}", "https://stream.replicate.com.example", "http://stream.replicate.com"])
def test_a_foreign_stream_is_not_followed(host: str) -> None:
    """T12: the answer is asked for at the configured address instead; a friend is one by its whole domain, over TLS."""

    async def act(scene: Scene) -> Answer:
        stream = f"{host.format(scene.trap.url)}/v1/streams/abc123"
        scene.far.next(_created(scene, stream=stream), path="/predictions", times=-1)
        answer = await call(scene.home, PATH, chat("far/acme/quick", "hello", stream=True))
        assert {one.path for one in scene.asked()} == {"/v1/predictions/abc123"}
        looked_up = [name for name in scene.home.daemon.pool.egress.contacts.by_address if "lookup" in name]
        assert not looked_up
        return answer

    assert not _play(act).finished


def test_nothing_is_left_of_predictions_that_ended() -> None:
    """No task and no farewell outlives its call."""

    async def act(scene: Scene) -> Found[int]:
        farewells = scene.home.daemon.pool.farewells
        await call(scene.home, PATH, chat("far/acme/quick", "hello", stream=True))
        await until(lambda: not len(scene.home.daemon.core.calls))
        tasks = len(asyncio.all_tasks())
        for _ in range(5):
            caller = await Caller.ask(scene.home, PATH, chat("far/acme/streamed", "count", stream=True))
            await caller.until(b"data: ")
            caller.leave()
        left = time.monotonic()
        await _farewell(scene, left, count=5)
        await until(lambda: not farewells and len(asyncio.all_tasks()) <= tasks)
        return Found(len(scene.cancelled()), time.monotonic() - left)

    assert _soon(act) == 5
