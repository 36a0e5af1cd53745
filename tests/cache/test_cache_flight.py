"""A shared call under all orders of events: whoever stays gets every frame once, and exactly one caller pays."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.cache.flight import Flight
from hearth.events import Done, Frame, TextDelta
from hearth.outbound.upstream import Upstream
from hearth.problems import BrokenReply

WHO = cast("Upstream", object())
"""An attempt that nobody looks into."""
END = Frame(b"end", (Done(),))


class Client:
    """A caller that reads what it is given, and may leave."""

    committed = False
    flowing = False

    def __init__(self) -> None:
        self.read: list[Frame] = []
        self.begun = 0
        self.task: asyncio.Task[None] | None = None

    @property
    def sink(self) -> Client:
        return self

    def seat(self, attempt: Upstream, *, first: bool) -> Upstream:
        return attempt

    def begin(self, attempt: Upstream) -> None:
        assert attempt is WHO
        self.begun += 1

    async def take(self, frames: Sequence[Frame], *, meaningful: bool) -> None:
        assert meaningful
        await asyncio.sleep(0)
        self.read.extend(frames)

    def send(self, frames: Sequence[Frame]) -> None:
        raise AssertionError(frames)


def words(number: int) -> Frame:
    return Frame(b"%d" % number, (TextDelta(str(number)),))


steps = st.lists(st.sampled_from(["join", "leave first", "leave last", "frame", "breath"]), max_size=30)


class Scene:
    """A flight whose frames and callers come and go as a test says."""

    def __init__(self, *, fails: bool) -> None:
        self.fails = fails
        self.ended: list[Flight] = []
        self.clients: list[Client] = []
        self.gone: list[Client] = []
        self.sent: list[Frame] = []
        self._orders: asyncio.Queue[Frame | None] = asyncio.Queue()
        self.flight = Flight(self._work, self.ended.append)

    async def _work(self, flight: Flight) -> None:
        flight.begin(WHO)
        while (frame := await self._orders.get()) is not None:
            await flight.take((frame,), meaningful=True)
        if self.fails:
            raise BrokenReply("cut", who="far")
        await flight.take((END,), meaningful=False)

    @property
    def staying(self) -> list[Client]:
        return [one for one in self.clients if one not in self.gone]

    async def step(self, step: str) -> None:
        staying = self.staying
        if step == "join" and not self.flight.over:
            self.join()
        elif step.startswith("leave") and staying:
            await self.leave(staying[0] if step == "leave first" else staying[-1])
        elif step == "frame" and staying:
            self.sent.append(words(len(self.sent)))
            self._orders.put_nowait(self.sent[-1])
        await asyncio.sleep(0)

    def join(self) -> None:
        client = Client()
        client.task = asyncio.create_task(self.flight.follow(client))
        self.clients.append(client)

    async def leave(self, client: Client) -> None:
        self.gone.append(client)
        assert client.task is not None
        client.task.cancel()
        await asyncio.gather(client.task, return_exceptions=True)

    async def end(self) -> list[BaseException | None]:
        self._orders.put_nowait(None)
        return await asyncio.gather(*(one.task for one in self.clients if one.task), return_exceptions=True)


@given(steps, st.booleans())
def test_whoever_stays_gets_everything_and_one_pays(steps: list[str], fails: bool) -> None:
    """Joining, leaving, frames and pauses in any order: no frame is lost, none comes twice, one caller pays."""

    async def scene() -> tuple[Scene, list[BaseException | None]]:
        one = Scene(fails=fails)
        one.join()
        await asyncio.sleep(0)
        for step in steps:
            await one.step(step)
        return one, await one.end()

    one, endings = asyncio.run(scene())

    whole = one.sent if fails else [*one.sent, END]
    assert one.ended == [one.flight]
    for client, ending in zip(one.clients, endings, strict=True):
        assert client.read == (whole[: len(client.read)] if client in one.gone else whole)
        assert isinstance(ending, BrokenReply) == (fails and client not in one.gone)
    assert one.flight.payer in one.clients
    assert not one.staying or one.flight.payer is one.staying[0]


def test_nothing_is_handed_out_before_it_means_something() -> None:
    """Until then the target may still be swapped, and nobody has read a word of the first one (design §2.5)."""

    async def scene() -> list[Frame]:
        async def work(flight: Flight) -> None:
            flight.begin(WHO)
            await flight.take((Frame(b"head", ()),), meaningful=False)
            await asyncio.sleep(0)
            flight.begin(WHO)
            await flight.take((words(1),), meaningful=True)

        client = Client()
        await Flight(work, lambda _: None).follow(client)
        assert client.begun == 1
        return client.read

    assert asyncio.run(scene()) == [words(1)]


def test_a_caller_that_has_gone_leaves() -> None:
    """A write that fails is a hang-up: the last one's ends the call, and it is raised as ever."""

    class Gone(Client):
        async def take(self, frames: Sequence[Frame], *, meaningful: bool) -> None:
            raise ConnectionResetError

    async def scene() -> bool:
        async def work(flight: Flight) -> None:
            flight.begin(WHO)
            await flight.take((words(1),), meaningful=True)
            await asyncio.sleep(60)

        flight = Flight(work, lambda _: None)
        with pytest.raises(ConnectionResetError):
            await flight.follow(Gone())
        return flight.over

    assert asyncio.run(scene())
