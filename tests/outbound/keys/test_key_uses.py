"""Uses of a key: each is counted, its lease is given back, and a key that fails is not waited for."""

from __future__ import annotations

import asyncio
from time import monotonic

from hearth.dialects.dialect import Head
from hearth.outbound.keys.pool import Keys
from hearth.outbound.keys.rate_limits import Told
from hearth.outbound.keys.room import Lease
from hearth.outbound.keys.told import Tally, ToldRoom
from hearth.problems import ProviderFault, RateLimited
from hearth_config.secrets import Secret
from outbound.keys.test_key_choice import NONE, Held, next_of


def test_a_key_that_fails_is_not_waited_for() -> None:
    """Waiting is for limits: a failing key that is the only one is asked at once, and never rests."""
    keys, alone = Keys(Secret), Held("a")
    for _ in range(5):
        keys.rest("box", "a", ProviderFault("oops", who="box"), "m")

    wait = keys.wait_s(alone.settings, 10, "m")
    view = keys.views(alone.settings)[0]

    assert wait == 0
    assert next_of(keys, alone) == "a"
    assert (view.state, view.last_error) == ("provider_error", "box: oops")


def test_uses_are_counted_though_nothing_limits_them() -> None:
    """A single key without limits takes the short way, and `hearth keys` counts what goes there all the same."""
    keys, alone = Keys(Secret), Held("a")

    async def play() -> list[Lease | None]:
        leases = []
        for _ in range(3):
            credential = keys.at_hand(alone, NONE) or await keys.choose(alone, NONE, 10.0, "m")
            assert credential is not None
            leases.append(credential.lease)
            keys.observe("box", "a", Head(200, ()), 5, credential.lease, "m")
        return leases

    leases = asyncio.run(play())

    assert [one is None for one in leases] == [False, True, True]
    assert keys.views(alone.settings)[0].uses == 3


def test_every_use_is_given_back() -> None:
    """What is under way is none when all has ended, however the uses ended: it bounds what goes at once."""
    keys, pool = Keys(Secret), Held("a", "b")

    async def play() -> list[int]:
        taken = [await keys.choose(pool, NONE, 10.0, "m") for _ in range(4)]
        during = sum(state.room.under_way("m") for state in keys.states(pool.settings))
        for number, credential in enumerate(taken):
            assert credential is not None
            if number % 2:
                keys.unused("box", credential)
            else:
                keys.observe("box", credential.id, None, None, credential.lease, "m")
        return [during, sum(state.room.under_way() for state in keys.states(pool.settings))]

    assert asyncio.run(play()) == [4, 0]


def test_a_key_whose_money_is_spent_is_no_reason_not_to_wait() -> None:
    """It cannot be used, so the limit of the other one is what a call waits for."""
    keys, pool = Keys(Secret), Held("a", "b")
    keys.spent = lambda _, name: name == "b"

    rested = monotonic()
    keys.rest("box", "a", RateLimited("slow down", who="box", retry_after=600.0), "m")

    wait_s = keys.wait_s(pool.settings, 10.0, "m")

    assert 600 - (monotonic() - rested) <= wait_s <= 600


def test_what_was_not_sent_is_given_back_to_the_limits_that_a_provider_told() -> None:
    """Else a budget that refuses call after call would make a key look used up."""
    room = ToldRoom()
    told = [Told("requests", 10.0, 2.0, 60.0), Told("tokens", 100.0, 50.0, 60.0)]
    room.hear(told, "m", Tally(), Tally(), 0.0)

    for _ in range(5):
        room.take(20.0, "m", 0.0)
        room.take(-20.0, "m", 0.0, times=-1)

    assert [bucket.left(0.0) for _, _, bucket in room.all()] == [2.0, 50.0]
    assert (room.sent("m").uses, room.sent("").tokens) == (0, 0.0)
