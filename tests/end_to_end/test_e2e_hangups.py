"""A caller that leaves is followed by its provider within a second, wherever the call stood; a load goes on."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable, Coroutine
from typing import Any

import psutil
import pytest

from end_to_end.callers import (
    PATIENT_S,
    Caller,
    admin,
    call,
    calm,
    chat,
    cloud,
    engine,
    inference,
    stop_accepting,
    until,
)
from hearth.rehearsal import Fault, ModelScript, Rehearsal, Script
from hearth_home import Home, running
from promised_times import held_once_of

MANY = 50
SOON_S = 1.0
WARM_S = 0.5
"""An answer of a loaded model comes within so long: nothing of a load is in it."""
ROUTES = ("/api/chat", "/v1/chat/completions")
CLOUD = Script(kind="openai", models=(ModelScript(name="scripted", tokens_per_second=20.0),))
ENDLESS = "count"
"""The word at which the rehearsal goes on for ever."""


class Counted:
    """What a daemon holds, to be found again unchanged when its callers have left."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.files = psutil.Process().num_fds()
        self.tasks = len(asyncio.all_tasks())

    @classmethod
    async def of(cls, home: Home) -> Counted:
        """Count what it holds once it has opened its files: the usage log is opened in a thread of its own."""
        await asyncio.to_thread(home.daemon.ledger.flush, PATIENT_S)
        return cls(home)

    async def back(self) -> float:
        """Wait until no call, slot, task or file is left of what came after; return after how many seconds."""
        began, core = time.monotonic(), self.home.daemon.core
        await until(lambda: not list(core.calls))
        assert all(lane.idle for lane in core.lanes.values())
        await until(lambda: len(asyncio.all_tasks()) <= self.tasks)
        await until(lambda: psutil.Process().num_fds() <= self.files)
        return time.monotonic() - began


def _at_best(scene: Callable[[], Coroutine[Any, Any, float]]) -> float:
    """The seconds that a scene takes Hearth, and not the machine."""
    return held_once_of(3, lambda: asyncio.run(scene()), lambda seconds: seconds < SOON_S)


async def _hang_up(callers: list[Caller], rehearsal: Rehearsal, already: int = 0) -> float:
    """Let all callers leave at once; return after how many seconds the last provider connection heard of it."""
    began = time.monotonic()
    for caller in callers:
        caller.leave()
    last = await rehearsal.wait_for_hangup(PATIENT_S, count=already + len(callers))
    return (last.hung_up_at or 0.0) - began


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("phase", ["before the head", "before the first token", "in mid-stream", "not streaming"])
def test_the_provider_hears_of_every_hang_up(phase: str, path: str) -> None:
    """F20, F21, F22, G12: 50 of 50 within a second, in each phase of a call, and nothing is left of them."""
    faults = {"before the head": Fault.never(), "before the first token": Fault.late_token(60.0)}

    async def scene() -> float:
        async with Rehearsal(CLOUD) as far, running(calm() + cloud(far)) as home:
            await call(home, path, chat("far/scripted"))
            counted = await Counted.of(home)
            if phase in faults:
                far.next(faults[phase], times=-1)
            if phase == "not streaming":
                far.rescript(models=(ModelScript(name="scripted", tokens_per_second=1.0),))
            body = chat(
                "far/scripted", ENDLESS if phase == "in mid-stream" else "hello", stream=phase != "not streaming"
            )
            callers = await asyncio.gather(*(Caller.ask(home, path, body) for _ in range(MANY)))
            await until(lambda: inference(far) == MANY + 1)
            if phase == "in mid-stream":
                await asyncio.gather(*(caller.until(b"one,") for caller in callers))
            heard_s = await _hang_up(callers, far)
            return max(heard_s, await counted.back())

    assert _at_best(scene) < SOON_S


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
def test_who_leaves_the_queue_is_never_asked_for(stream: bool, path: str) -> None:
    """F20: of 50 callers that wait for a slot none reaches the engine once they have left, and the queue is empty."""

    async def scene() -> float:
        slow = Script(models=(ModelScript(name="scripted", tokens_per_second=50.0),))
        async with Rehearsal(slow) as near, running(calm(queue=100) + engine(near)) as home:
            holder = await Caller.ask(home, "/api/chat", chat(words=ENDLESS, stream=True))
            await holder.until(b"one,")
            counted = await Counted.of(home)
            lane = home.daemon.core.lanes["ollama/scripted:latest"]
            callers = await asyncio.gather(
                *(Caller.ask(home, path, chat(words=ENDLESS, stream=stream)) for _ in range(MANY))
            )
            await until(lambda: lane.view().queued == MANY)
            began = time.monotonic()
            for caller in callers:
                caller.leave()
            await until(lambda: not lane.view().queued)
            seconds = time.monotonic() - began
            holder.leave()
            await near.wait_for_hangup(PATIENT_S)
            back_s = await counted.back()
            assert inference(near) == 1
            return max(seconds, back_s)

    assert _at_best(scene) < SOON_S


def test_who_leaves_while_its_provider_is_dialled_leaves_no_dial_behind() -> None:
    """F20: 50 callers that leave while nobody accepts their connections leave no call, task or file."""

    async def scene() -> float:
        server = socket.socket()
        with contextlib.ExitStack() as opened:
            opened.enter_context(server)
            server.bind(("127.0.0.1", 0))
            address = f"http://127.0.0.1:{server.getsockname()[1]}/v1"
            config = f'[providers.far]\ndialect = "openai_chat"\naddress = "{address}"\nplace = "cloud"\n'
            async with running(calm() + config) as home:
                await stop_accepting(server, opened)
                counted = await Counted.of(home)
                body = chat("far/scripted", stream=True)
                callers = await asyncio.gather(*(Caller.ask(home, "/v1/chat/completions", body) for _ in range(MANY)))
                await until(lambda: len(list(home.daemon.core.calls)) == MANY)
                began = time.monotonic()
                for caller in callers:
                    caller.leave()
                await counted.back()
                return time.monotonic() - began

    assert _at_best(scene) < SOON_S


def test_the_load_of_a_model_goes_on_when_its_callers_leave() -> None:
    """A load belongs to the lane: 50 callers leave within it, it becomes whole, and the next call finds it warm."""

    async def scene() -> tuple[list[bool], int, dict[str, str], float, float]:
        async with Rehearsal() as near, running(calm(queue=100) + engine(near)) as home:
            bodies = [(path, chat(stream=stream)) for path in ROUTES for stream in (True, False)]
            with near.engine.loads_held():
                callers = [await Caller.ask(home, *bodies[number % 4]) for number in range(MANY)]
                await until(lambda: len(near.loads) == 1)
                await until(lambda: len(home.daemon.core.calls) == MANY)
                began = time.monotonic()
                for caller in callers:
                    caller.leave()
                await until(lambda: not list(home.daemon.core.calls))
                gone_s = time.monotonic() - began
            await near.wait_for_load()
            await until(lambda: home.daemon.core.lanes["ollama/scripted:latest"].warm)
            asked = inference(near)
            began = time.monotonic()
            answer = await call(home, "/api/chat", chat())
            warm_s = time.monotonic() - began
            return [load.killed for load in near.loads], asked, answer.headers, gone_s, warm_s

    killed, asked, headers, gone_s, warm_s = held_once_of(
        3, lambda: asyncio.run(scene()), lambda found: found[-2] < SOON_S and found[-1] < WARM_S
    )

    assert killed == [False]
    assert asked == 0
    assert headers["x-hearth-target"] == "ollama/scripted:latest"
    assert headers["x-hearth-reason"] == "local"
    assert gone_s < SOON_S
    assert warm_s < WARM_S


def test_a_caller_that_resets_gives_its_slot_to_the_next() -> None:
    """F21: the slot of a caller that left in mid-stream is taken by the next in the queue at once."""

    async def scene() -> float:
        slow = Script(models=(ModelScript(name="scripted", tokens_per_second=50.0),))
        async with Rehearsal(slow) as near, running(calm() + engine(near)) as home:
            first = await Caller.ask(home, "/api/chat", chat(words=ENDLESS))
            await first.until(b"one,")
            second = await Caller.ask(home, "/v1/chat/completions", chat(words=ENDLESS, stream=True))
            await until(lambda: home.daemon.core.lanes["ollama/scripted:latest"].view().queued == 1)
            began = time.monotonic()
            first.leave()
            await second.until(b"one,")
            second.leave()
            return time.monotonic() - began

    assert _at_best(scene) < SOON_S


def test_a_hang_up_is_written_down_with_what_was_seen() -> None:
    """F21: the usage log says that the caller left, and estimates the tokens it had been sent."""

    async def scene() -> tuple[str, bool, bool]:
        async with Rehearsal(CLOUD) as far, running(calm() + cloud(far)) as home:
            caller = await Caller.ask(home, "/api/chat", chat("far/scripted", ENDLESS, stream=True))
            await caller.until(b"three,")
            caller.leave()
            await far.wait_for_hangup()
            await until(lambda: not list(home.daemon.core.calls))
            calls = await admin(home, "/hearth/v1/calls")
            return calls[0]["ending"], calls[0]["estimated"], calls[0]["output_tokens"] > 0

    assert asyncio.run(scene()) == ("client_gone", True, True)
