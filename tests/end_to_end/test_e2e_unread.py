"""A prompt whose caller has left: an engine that reads it to its end is busy, one that stops is free (pain 10)."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import NamedTuple

from end_to_end.callers import Answer, Caller, admin, call, calm, chat, cloud, engine, until
from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth_home import Home, running
from promised_times import held_once_of

NEAR = "ollama/slow:latest"
READING_S = 1.2
CLOUD = Script(kind="openai", models=(ModelScript(name="far-away"),))
FALLBACK = '[fallback]\ncloud = ["far/far-away"]\n'
PATIENCE = "1.8s"
"""Longer than one prompt is read, shorter than two."""


def _model(*, reads_on: bool) -> Script:
    return Script(models=(ModelScript(name="slow", prompt_seconds=READING_S, reads_on=reads_on),))


async def _leave(home: Home, *providers: Rehearsal) -> None:
    """Ask for something, and go before the first word has come, whoever was asked."""
    before = sum(len(one.calls) for one in providers)
    caller = await Caller.ask(home, "/api/chat", chat("slow", stream=True))
    await until(lambda: sum(len(one.calls) for one in providers) > before)
    await asyncio.sleep(0.1)
    caller.leave()
    await until(lambda: not home.daemon.core.lanes["ollama/slow:latest"].in_flight)


class Seen(NamedTuple):
    """Who answered while the daemon learned, what the last caller got and was told, and how long that took."""

    learned_at: str
    answer: Answer
    told: str
    took: float

    @property
    def target(self) -> str:
        return self.answer.headers["x-hearth-target"]


def _after_leaving(expected: str, *, reads_on: bool, mode: str = "prefer-local") -> Seen:
    """Let the daemon see once how its engine takes a hang-up; then hang up again, and ask at once.

    A machine that stands still makes a prompt look slow: what is seen is that of the best of three.
    """
    most_s = (3 if mode == "offline" else 2) * READING_S

    async def scene() -> Seen:
        async with Rehearsal(_model(reads_on=reads_on)) as near, Rehearsal(CLOUD) as far:
            config = f'mode = "{mode}"\n' + calm(PATIENCE) + FALLBACK + engine(near) + cloud(far)
            async with running(config) as home:
                await call(home, "/api/chat", chat("slow", stream=True))
                await _leave(home, near, far)
                shown = await call(home, "/api/chat", chat("slow", stream=True))
                await _leave(home, near, far)
                since = monotonic()
                answer = await call(home, "/api/chat", chat("slow", stream=True))
                took = monotonic() - since
                told = str(await admin(home, "/hearth/v1/calls/last"))
                return Seen(shown.headers["x-hearth-target"], answer, told, took)

    seen = held_once_of(
        3,
        lambda: asyncio.run(scene()),
        lambda one: (one.learned_at, one.target) == (NEAR, expected) and one.took < most_s,
    )
    assert seen.learned_at == NEAR
    return seen


def test_nobody_is_sent_behind_a_prompt_that_is_read_for_nobody() -> None:
    """An engine that was seen to read on is busy meanwhile, and the reason says with what."""
    seen = _after_leaving("far/far-away", reads_on=True)

    assert seen.target == "far/far-away"
    assert seen.answer.headers["x-hearth-reason"] == "busy"
    assert "still reads a prompt whose caller has left" in seen.told


def test_an_engine_that_stops_at_once_is_free_at_once() -> None:
    """What was never seen is not believed: the next call stays at home and begins."""
    seen = _after_leaving(NEAR, reads_on=False)

    assert seen.target == NEAR
    assert seen.took < 2 * READING_S


def test_who_has_nowhere_else_to_go_waits_for_no_guess() -> None:
    """The mark keeps nobody from the engine: it may be free sooner than anybody thought."""
    seen = _after_leaving(NEAR, reads_on=True, mode="offline")

    assert seen.target == NEAR
    assert seen.took < 3 * READING_S


def test_a_stream_that_was_left_midway_leaves_no_mark() -> None:
    """At the next word an engine notices by itself."""

    async def scene() -> float:
        script = Script(models=(ModelScript(name="slow", tokens_per_second=50.0, reads_on=True),))
        async with Rehearsal(script) as near, running(calm() + engine(near)) as home:
            caller = await Caller.ask(home, "/api/chat", chat("slow", "count", stream=True))
            await caller.until(b'"message"', 3)
            caller.leave()
            lane = home.daemon.core.lanes["ollama/slow:latest"]
            await until(lambda: not lane.in_flight)
            return lane.unread.until

    assert asyncio.run(scene()) == 0.0
