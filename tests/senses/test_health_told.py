"""What health tells: whether an ending counts against a target, and events when trust is lost and found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.outbound.circuit import CLOSED, FIRST_REST_S, TRIPS_AFTER
from hearth.problems import (
    BadRequest,
    KeyRefused,
    ModelMissing,
    Overloaded,
    Problem,
    ProviderFault,
    ProviderRefusal,
    QuotaSpent,
    RateLimited,
    TimedOut,
    Unreachable,
)
from hearth.senses.health import REFUSED_REST_S
from senses.turned_clocks import Clocks

T = "box/m"
Told = list[tuple[str, str]]


def heard(told: Told, what: str, who: str) -> None:
    told.append((what, who))


@pytest.mark.parametrize(
    ("problem", "counts"),
    [
        (ProviderFault("HTTP 500", who="box"), True),
        (Overloaded("later", who="box"), True),
        (RateLimited("later", who="box"), True),
        (TimedOut("silence", who="box"), True),
        (Unreachable("refused", who="box"), True),
        (ProviderRefusal("no such thing", who="box"), False),
        (KeyRefused("who are you", who="box"), False),
        (QuotaSpent("no money", who="box"), False),
        (ModelMissing("no such model", who="box"), False),
        (BadRequest("nonsense"), False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Problem) else "",
)
def test_only_what_a_target_is_to_blame_for_counts_against_it(problem: Problem, *, counts: bool) -> None:
    """A refused key, a spent quota or a bad request says nothing about how well the target is."""
    assert Clocks().sense().failed(T, problem) is counts


def test_trust_lost_and_found_is_told_once_each() -> None:
    """The fifth failure in a row says it, further ones do not; then the first good ending."""
    clocks, told = Clocks(), Told()
    health = clocks.sense()
    health.tell = lambda what, who, rests: heard(told, what, who) if rests <= FIRST_REST_S else None

    for _ in range(TRIPS_AFTER + 2):
        health.failed(T, ProviderFault("HTTP 500", who="box"))
    lost = [*told]
    health.succeeded(T)
    health.succeeded(T)

    assert lost == [("target_down", T)]
    assert told == [("target_down", T), ("target_back", T)]
    assert health.circuit(T) == CLOSED


def test_a_provider_out_of_reach_is_told_by_its_own_name() -> None:
    """The way to it has a circuit of its own, and any answer closes it."""
    clocks, told = Clocks(), Told()
    health = clocks.sense()
    health.tell = lambda what, who, _: heard(told, what, who)

    for _ in range(TRIPS_AFTER):
        clocks.now += REFUSED_REST_S
        health.failed(T, Unreachable("refused", who="box"))
    resting = health.circuit("box")
    health.reached("box", reachable=True)

    assert told == [("target_down", "box"), ("target_back", "box")]
    assert resting.failures == TRIPS_AFTER
    assert health.circuit("box") == CLOSED


@given(st.lists(st.sampled_from(["good", "bad", "later", "away", "rest"]), max_size=60))
def test_down_and_back_take_turns(history: list[str]) -> None:
    """Whatever happens: nobody is told back who was not down, and nobody down twice in a row."""
    clocks = Clocks()
    health = clocks.sense()
    told: Told = []
    health.tell = lambda what, who, _: heard(told, what, who)

    for step in history:
        match step:
            case "good":
                health.succeeded(T)
            case "bad":
                health.failed(T, ProviderFault("HTTP 500", who="box"))
            case "later":
                health.failed(T, Overloaded("later", who="box", retry_after=3.0))
            case "away":
                health.failed(T, Unreachable("refused", who="box"))
            case "rest":
                clocks.now += 301.0

    for name in (T, "box"):
        said = [what for what, who in told if who == name]
        assert said == ["target_down", "target_back"] * (len(said) // 2) + ["target_down"] * (len(said) % 2)
