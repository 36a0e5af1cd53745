"""Lookups and several addresses: cached, capped, and raced."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from hearth.outbound.egress import Egress
from hearth.outbound.happy import first_to_connect
from hearth.outbound.names import Resolver
from hearth.problems import TimedOut, Unreachable
from outbound.raw_server import Book
from promised_times import soonest


def test_answers_of_a_lookup_are_kept_for_a_while() -> None:
    """One lookup serves many connections, and so does a failure; `forget` ends both."""

    async def act() -> None:
        book = Book(a_example="127.0.0.1 ::1 127.0.0.2")
        resolver, egress = Resolver(book), Egress("any")

        for _ in range(3):
            assert await resolver.addresses("a.example", egress) == ("127.0.0.1", "::1", "127.0.0.2")
            with pytest.raises(Unreachable, match=r"the name b.example was not found \(Name or service not known\)"):
                await resolver.addresses("b.example", egress)
        assert book.asked == ["a.example", "b.example"]

        resolver.forget()
        await resolver.addresses("a.example", egress)
        assert len(book.asked) == 3

    asyncio.run(act())


def test_a_lookup_that_hangs_stalls_nobody_else() -> None:
    """F58: it ends after the cap, is asked once however many wait, other names and the default threads go on."""

    async def act() -> float:
        release = threading.Event()
        asked: list[str] = []
        answered: list[str] = []

        def look_up(host: str) -> tuple[str, ...]:
            asked.append(host)
            if host.startswith("hangs"):
                release.wait(40)
                answered.append(host)
            return ("127.0.0.1",)

        resolver, egress = Resolver(look_up, cap=0.2), Egress("any")
        began = time.monotonic()
        waiting = [asyncio.create_task(resolver.addresses("hangs.example", egress)) for _ in range(50)]
        await asyncio.sleep(0.01)

        assert await resolver.addresses("fine.example", egress) == ("127.0.0.1",)
        assert await asyncio.to_thread(int, 1) == 1
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert all(isinstance(result, TimedOut) for result in results)
        assert asked == ["hangs.example", "fine.example"]
        assert answered == []
        seconds = time.monotonic() - began

        more = [resolver.addresses(f"hangs{n}.example", egress) for n in range(9)]
        results = await asyncio.gather(*more, return_exceptions=True)
        assert sum(isinstance(result, Unreachable) for result in results) == 6
        release.set()
        return seconds

    assert soonest(act, 1.0) < 1.0


def test_a_slow_address_is_overtaken() -> None:
    """A dead address of a name costs a moment, not the connect deadline; what came second is let go."""

    async def act() -> float:
        discarded: list[str] = []
        begun: list[str] = []

        async def dial(address: str) -> str:
            begun.append(address)
            if address == "dead":
                await asyncio.Event().wait()
            return address

        began = time.monotonic()
        assert await first_to_connect(["dead", "good"], dial, discarded.append, stagger=0.02) == "good"
        assert begun == ["dead", "good"]
        return time.monotonic() - began

    assert soonest(act, 1.0) < 1.0


def test_two_winners_are_one_too_many() -> None:
    """When two addresses answer at the same moment one connection is discarded."""

    async def act() -> None:
        discarded: list[str] = []

        async def dial(address: str) -> str:
            await asyncio.sleep(0.05 if address == "first" else 0.03)
            return address

        winner = await first_to_connect(["first", "second"], dial, discarded.append, stagger=0.02)
        assert sorted([winner, *discarded]) in (["first", "second"], [winner])

    asyncio.run(act())


def test_the_first_failure_is_the_one_that_is_told() -> None:
    """All addresses failed: the preferred one says why."""

    async def act() -> None:
        async def dial(address: str) -> str:
            raise ConnectionRefusedError(address)

        with pytest.raises(ConnectionRefusedError, match="one"):
            await first_to_connect(["one", "two"], dial, print)

    asyncio.run(act())
