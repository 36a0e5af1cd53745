"""Looks at providers while nobody asks them anything: when, in which order, and what is left alone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from hearth.call import Place
from hearth.problems import TimedOut
from hearth.senses.probing import AT_HOME_S, LEAST_S, Prober, interval_of

LOOK = "look"


class Model(Struct, frozen=True):
    """A model in doubt."""

    name: str


class Scripted:
    """Providers of one's own making, and a clock that moves when told."""

    def __init__(self, **intervals: float) -> None:
        self.every: dict[str, float] = intervals
        self.doubts: dict[str, list[Model]] = {}
        self.asked: list[tuple[str, str]] = []
        self.listing_error = ""
        self.dumb: set[str] = set()
        self.unasked: set[str] = set()
        self.now = 100.0
        self.prober = Prober(self, clock=lambda: self.now, wall=lambda: self.now + 1e9)

    def intervals(self) -> Mapping[str, float]:
        return self.every

    async def look(self, provider: str) -> str:
        self.asked.append((LOOK, provider))
        self.now += 0.25
        return self.listing_error

    def doubted(self, provider: str) -> list[Model]:
        return self.doubts.get(provider, [])

    async def ask_a_token(self, target: str) -> bool:
        if target in self.unasked:
            return False
        self.asked.append(("token", target))
        if target in self.dumb:
            raise TimedOut("did not write a word.", who="ollama")
        return True


@pytest.mark.parametrize(
    ("configured", "place", "interval"),
    [
        (None, "machine", AT_HOME_S),
        (None, "lan", None),
        (None, "cloud", None),
        (300.0, "cloud", 300.0),
        (0.0, "machine", None),
        (0.001, "machine", LEAST_S),
    ],
)
def test_only_home_is_looked_at_unless_the_config_says(
    configured: float | None, place: Place, interval: float | None
) -> None:
    """Off by default for the cloud; zero is never; and nobody is asked more than once a second."""
    assert interval_of(configured, place) == interval


def test_each_is_due_in_its_own_time() -> None:
    """The first look comes one interval after the start, so that a start asks nobody anything."""
    scene = Scripted(near=60.0, far=150.0)

    first = scene.prober.due()
    scene.now += 60.0
    second = scene.prober.due()

    assert first == ([], 60.0)
    assert second == (["near"], 90.0)


def test_a_look_is_kept_with_its_time_and_error() -> None:
    """Last check, latency, error: what `hearth status` shows."""
    scene = Scripted(near=60.0)
    scene.listing_error = "refused"

    asyncio.run(scene.prober.look("near"))

    check = scene.prober.checks["near"]
    assert (check.what, check.error) == ("list", "refused")
    assert check.took_ms == pytest.approx(250.0)
    assert check.at > 1e9


def test_only_models_in_doubt_are_asked_for_a_token() -> None:
    """One that hangs behind a port that answers is found out (pain 14); a healthy one keeps its cached prompt."""
    scene = Scripted(near=60.0)
    scene.doubts["near"] = [Model("near/hung"), Model("near/busy"), Model("near/well")]
    scene.dumb = {"near/hung"}
    scene.unasked = {"near/busy"}

    asyncio.run(scene.prober.look("near"))

    assert scene.asked == [(LOOK, "near"), ("token", "near/hung"), ("token", "near/well")]
    assert "did not write a word" in scene.prober.checks["near/hung"].error
    assert scene.prober.checks["near/well"].error == ""
    assert "near/busy" not in scene.prober.checks


def test_a_provider_that_does_not_answer_is_asked_for_no_token() -> None:
    """What cannot be listed cannot write either."""
    scene = Scripted(near=60.0)
    scene.listing_error, scene.doubts["near"] = "refused", [Model("near/m")]

    asyncio.run(scene.prober.look("near"))

    assert scene.asked == [(LOOK, "near")]


def test_it_sleeps_until_somebody_is_due_and_wakes_for_a_reload() -> None:
    """Without anybody to look at there is no wake-up; a new interval holds at once."""

    async def scene() -> list[tuple[str, str]]:
        found = Scripted()
        running = asyncio.create_task(found.prober.run())
        await asyncio.sleep(0.02)
        assert found.asked == []
        found.every = {"near": 0.0}
        found.now += 1.0
        found.prober.wake()
        async with asyncio.timeout(5):
            while not found.asked:  # noqa: ASYNC110 -- it watches what nobody announces
                await asyncio.sleep(0.005)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return found.asked

    assert (LOOK, "near") in asyncio.run(scene())


@given(st.dictionaries(st.sampled_from("abc"), st.floats(1.0, 1e4)), st.lists(st.floats(0.0, 1e4), max_size=8))
def test_nobody_is_forgotten_and_nobody_is_asked_too_often(every: dict[str, float], steps: list[float]) -> None:
    """Whatever the intervals and however the time passes: due means that its interval has passed, and only that."""
    scene = Scripted(**every)
    last = dict.fromkeys(every, scene.now)

    for step in steps:
        scene.now += step
        due, pause = scene.prober.due()
        assert set(due) == {name for name in every if last[name] + every[name] <= scene.now}
        assert pause > 0
        for name in due:
            last[name] = scene.now
            asyncio.run(scene.prober.look(name))
