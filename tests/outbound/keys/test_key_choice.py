"""Which key is next: by weight, by room, by what was held against it; and the last one never rests."""

from __future__ import annotations

import asyncio
from collections import Counter
from time import monotonic

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.dialects.dialect import Head
from hearth.outbound.egress import Egress
from hearth.outbound.keys.choice import in_turn
from hearth.outbound.keys.credentials import Credential
from hearth.outbound.keys.pool import Keys
from hearth.outbound.keys.state import KeyState
from hearth.outbound.pool import Pool
from hearth.problems import (
    KeyRefused,
    NotPermitted,
    Overloaded,
    Problem,
    ProviderFault,
    QuotaSpent,
    RateLimited,
    Unreachable,
)
from hearth_config.layers import build_provider
from hearth_config.secrets import Secret
from hearth_config.settings import Key, Provider

NONE: frozenset[str] = frozenset()
IDS = ("a", "b", "c")


class Held:
    """A provider without headers of its own, with keys of which more may be said."""

    def __init__(self, *ids: str, **more: object) -> None:
        table = {"dialect": "openai_chat", "address": "http://127.0.0.1:9/v1"}
        keys = [{"id": id, "value": f"env:{id}", **more} for id in ids]
        self.settings: Provider = build_provider("box", {**table, "keys": keys}, {})
        self.origin = Pool(Egress("offline")).origin(self.settings.address, who="box", place="machine")

    def configured_headers(self) -> tuple[tuple[str, str], ...]:
        """None."""
        return ()


def next_of(keys: Keys, held: Held, tokens: float = 10.0, model: str = "m", tried: frozenset[str] = NONE) -> str | None:
    """The id of the key that the next call goes with."""

    async def play() -> Credential | None:
        return await keys.choose(held, tried, tokens, model)

    found = asyncio.run(play())
    return found.id if found is not None else None


@given(st.lists(st.integers(1, 12), min_size=1, max_size=6))
def test_turns_are_taken_in_proportion_to_weights(weights: list[int]) -> None:
    """After as many turns as all weights together each key has had exactly its weight's, evenly spread."""
    states = [KeyState("box", Key(str(index), "env:X", weight=weight)) for index, weight in enumerate(weights)]

    turns = [in_turn(states).key.id for _ in range(2 * sum(weights))]

    for half in (turns[: sum(weights)], turns[sum(weights) :]):
        assert Counter(half) == {str(index): weight for index, weight in enumerate(weights)}


PROBLEMS = st.sampled_from(
    [
        KeyRefused("no", who="box"),
        NotPermitted("not that", who="box"),
        QuotaSpent("pay", who="box"),
        QuotaSpent("pay", who="box", retry_after=5.0),
        RateLimited("slow", who="box"),
        RateLimited("slow", who="box", retry_after=0.0),
        ProviderFault("oops", who="box"),
        Overloaded("busy", who="box"),
        Unreachable("gone", who="box"),
    ]
)
EVENTS = st.lists(
    st.tuples(st.sampled_from(IDS), PROBLEMS | st.sampled_from(["accepted", "trusted", "new config"])), max_size=40
)


@given(EVENTS)
def test_a_first_try_always_has_a_key(events: list[tuple[str, Problem | str]]) -> None:
    """Whatever was held against which key, a call has one to go with (pain 43): an awake one where there is any."""
    keys, held = Keys(Secret), Held(*IDS)

    for id, event in events:
        if isinstance(event, Problem):
            keys.rest("box", id, event, "m")
        elif event == "accepted":
            keys.accepted("box", id, "m")
        elif event == "trusted":
            keys.trust("box", id)
        else:
            keys.forget(Secret)
        ready = {one.id for one in keys.views(held.settings) if one.state == "ready" and "m" not in one.barred}
        chosen = next_of(keys, held)
        assert chosen in (ready or IDS)


def test_five_faults_rest_a_key_and_one_call_tries_it_then() -> None:
    """A key that fails where another does not rests for a while; half-open means one probe."""
    keys, held = Keys(Secret), Held("a", "b")

    for _ in range(5):
        keys.rest("box", "a", ProviderFault("oops", who="box"))
    resting = [next_of(keys, held) for _ in range(3)]

    assert resting == ["b", "b", "b"]
    assert keys.views(held.settings)[0].state == "provider_error"


def test_a_spent_quota_is_probed_by_one_call() -> None:
    """When the rest of a spent key is over one call tries it, and the others stay away until that has ended."""
    keys, held = Keys(Secret), Held("a", "b")
    keys.rest("box", "a", QuotaSpent("pay", who="box", retry_after=1e-9))

    tried = [next_of(keys, held) for _ in range(4)]
    keys.accepted("box", "a")
    after = [next_of(keys, held) for _ in range(4)]

    assert tried.count("a") == 1
    assert after.count("a") == 2


def test_an_older_answer_does_not_take_a_refused_key_back() -> None:
    """What was asked before the refusal says nothing of it."""
    keys, held = Keys(Secret), Held("a", "b")
    next_of(keys, held)
    keys.rest("box", "a", KeyRefused("no", who="box"))

    keys.accepted("box", "a", "m", began=0.0)
    refused = keys.views(held.settings)[0].state
    keys.accepted("box", "a", "m")

    assert (refused, keys.views(held.settings)[0].state) == ("key_refused", "ready")


def test_a_limit_of_the_config_refuses_with_the_time_to_wait() -> None:
    """The third request of a minute that allows two is told when there is room."""
    keys, held, began = Keys(Secret), Held("a", requests_per_minute=2), monotonic()
    for _ in range(2):
        next_of(keys, held)

    with pytest.raises(RateLimited) as full:
        next_of(keys, held)
    refused_at, told_s = monotonic(), full.value.retry_after or 0
    wait_s = keys.wait_s(held.settings, 10)

    assert 60 - (refused_at - began) <= told_s < 63
    assert told_s - (monotonic() - began) <= wait_s <= told_s
    assert keys.views(held.settings)[0].state == "full"


def test_tokens_that_were_not_used_make_room() -> None:
    """What is set aside gives way to what an answer used."""
    keys, held = Keys(Secret), Held("a", tokens_per_minute=100)

    async def play() -> Credential | None:
        return await keys.choose(held, NONE, 90.0)

    first = asyncio.run(play())
    before = keys.wait_s(held.settings, 50)
    keys.observe("box", "a", Head(200), 20, first.lease if first is not None else None)

    assert before > 50
    assert keys.wait_s(held.settings, 50) == 0


def test_an_attempt_that_was_not_made_uses_nothing() -> None:
    """A request that its budget held back counts against no limit."""
    keys, held = Keys(Secret), Held("a", requests_per_minute=1)

    async def play() -> Credential | None:
        return await keys.choose(held, NONE, 1.0)

    credential = asyncio.run(play())
    assert credential is not None
    keys.unused("box", credential)

    assert keys.views(held.settings)[0].uses == 0
    assert next_of(keys, held) == "a"
    assert keys.views(held.settings)[0].uses == 1


def test_a_key_whose_money_is_spent_is_passed_over() -> None:
    """The others go on; with none left the call is told which setting holds it."""
    keys, held = Keys(Secret), Held("a", "b")
    spent = {"a"}
    keys.spent = lambda _, key_id: key_id in spent
    with_one = [next_of(keys, held) for _ in range(2)]
    spent.add("b")

    with pytest.raises(QuotaSpent) as none_left:
        next_of(keys, held)

    assert with_one == ["b", "b"]
    assert "daily_limit" in none_left.value.next_step
    assert keys.views(held.settings)[0].state == "spent"


def test_what_a_provider_told_is_heeded_before_it_refuses() -> None:
    """A key whose last answer said that nothing is left waits for its reset while another has room."""
    keys, held = Keys(Secret), Held("a", "b")
    told = Head(200, (("x-ratelimit-limit-requests", "9"), ("x-ratelimit-remaining-requests", "0")))

    async def play() -> Credential | None:
        return await keys.choose(held, frozenset("b"), 1.0)

    used = asyncio.run(play())
    keys.observe("box", "a", told, 5, used.lease if used is not None else None)

    assert [next_of(keys, held) for _ in range(4)] == ["b"] * 4
    assert [(one.what, one.left) for one in keys.views(held.settings)[0].room] == [("requests", 0)]


def test_a_stream_under_way_has_told_already() -> None:
    """What a reply's head tells counts from then on, and not once more when a long stream ends."""
    keys, held = Keys(Secret), Held("a", "b")
    told = Head(200, (("x-ratelimit-remaining-requests", "1"), ("x-ratelimit-reset-requests", "60s")))

    async def play() -> list[str]:
        first = await keys.choose(held, frozenset("b"), 1.0)
        assert first is not None
        assert first.lease is not None
        first.lease.hear(told, monotonic(), 0.0)
        ids = [found.id for _ in range(4) if (found := await keys.choose(held, NONE, 1.0)) is not None]
        keys.observe("box", "a", told, 5, first.lease)
        again = await keys.choose(held, NONE, 1.0)
        return [*ids, again.id if again is not None else ""]

    assert sorted(asyncio.run(play())) == ["a", "b", "b", "b", "b"]


def test_a_single_key_without_limits_is_at_hand() -> None:
    """The plain road chooses nothing: not with several keys, limits, a key tried, nor after a new config."""
    plain, limited, several = Held("a"), Held("a", tokens_per_day=9), Held("a", "b")
    keys = Keys(Secret)

    found = []
    for held in (plain, limited, several):
        keys.forget(Secret)
        before = keys.at_hand(held, NONE)
        next_of(keys, held)
        found.append((before is None, keys.at_hand(held, NONE) is not None, keys.at_hand(held, frozenset("a")) is None))

    assert found == [(True, True, True), (True, False, True), (True, False, True)]


def test_a_limit_met_with_one_of_several_keys_is_not_the_targets() -> None:
    """With another key that can be used the target need not rest; without one it must."""
    keys, held, alone = Keys(Secret), Held("a", "b"), Held("a")
    limited = RateLimited("slow", who="box")

    with_another = keys.of_one(held.settings, "a", limited)
    keys.rest("box", "b", limited)

    assert with_another
    assert not keys.of_one(held.settings, "a", limited)
    assert not keys.of_one(alone.settings, "a", limited)
    assert not keys.of_one(held.settings, "a", ProviderFault("oops", who="box"))


def test_a_question_takes_no_turn_and_no_room() -> None:
    """Asking for a list of models changes nothing for the calls."""
    keys, held = Keys(Secret), Held("a", "b", requests_per_minute=1)

    async def ask() -> list[str]:
        found = [await keys.choose(held, NONE) for _ in range(3)]
        return [one.id for one in found if one is not None]

    asked = asyncio.run(ask())

    assert asked == ["a", "a", "a"]
    assert [next_of(keys, held), next_of(keys, held)] == ["a", "b"]
