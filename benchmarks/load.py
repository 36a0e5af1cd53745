"""The load generator: clients on kept-alive connections that ask again as soon as they are answered.

Replies are kept as they came; `checks.py` looks at them after the clock has stopped.
"""

import asyncio
import random
import time
from collections.abc import Callable

from exchange import Client, Exchange

PATIENCE = 30.0
"""Seconds that the last replies may take after a round's own time is over."""


class Closed:
    """A closed loop: each client asks `request` again when answered, until the time (s) or the requests are used up.

    Its connections are opened with `opening`, which is not measured.
    """

    def __init__(self, port: int, request: bytes, clients: int, opening: bytes) -> None:
        self._port = port
        self._opening = opening
        self._request = request
        self._clients = clients
        self._loop = asyncio.get_running_loop()
        self._done = self._loop.create_future()
        self._until = 0
        self._left = 0
        self._open = 0
        self._exchanges: list[Exchange] = []
        self._reconnects: set[asyncio.Task[None]] = set()

    async def run(self, seconds: float, requests: int, spread_over: float) -> list[Exchange]:
        """Connect, send one unmeasured request on each connection, then ask for `seconds` (or `requests` in all)."""
        lines = [await _connect(self._port, self._on_answer) for _ in range(self._clients)]
        request, self._request = self._request, self._opening
        await self._round(lines, 0, self._clients, 0)
        self._request = request
        self._exchanges = []
        await self._round(lines, seconds, requests or 1 << 62, spread_over)
        for line in lines:
            line.close()
        return self._exchanges

    async def _round(self, lines: list[Client], seconds: float, requests: int, spread_over: float) -> None:
        self._done = self._loop.create_future()
        self._until = time.monotonic_ns() + int(seconds * 1e9) if seconds else 1 << 62
        self._left, self._open = requests, len(lines)
        starts = random.Random(len(lines))  # the same for every route and round
        for line, ahead in zip(lines, sorted(starts.uniform(0, spread_over) for _ in lines), strict=True):
            self._loop.call_later(ahead, self._next, line)
        await asyncio.wait_for(self._done, seconds + PATIENCE)

    def _on_answer(self, line: Client, exchange: Exchange) -> None:
        self._exchanges.append(exchange)
        self._next(line)

    def _next(self, line: Client) -> None:
        if self._left <= 0 or time.monotonic_ns() >= self._until:
            self._leave()
        elif line.connected:
            self._left -= 1
            line.ask(self._request)
        else:
            self._left -= 1
            task = asyncio.ensure_future(self._again())
            self._reconnects.add(task)
            task.add_done_callback(self._reconnects.discard)

    async def _again(self) -> None:
        await asyncio.sleep(0.001)
        try:
            line = await _connect(self._port, self._on_answer)
        except OSError as error:
            self._exchanges.append(Exchange(error=f"cannot connect: {error.strerror}"))
            self._leave()
        else:
            line.ask(self._request)

    def _leave(self) -> None:
        self._open -= 1
        if self._open <= 0 and not self._done.done():
            self._done.set_result(None)


async def closed_loop(
    port: int,
    request: bytes,
    clients: int,
    seconds: float,
    *,
    requests: int = 0,
    spread_over: float = 0,
    opening: bytes = b"",
) -> list[Exchange]:
    """Run a closed loop against 127.0.0.1:`port`; with `requests` and no `seconds` it ends after so many.

    Connections are opened with an unmeasured request, `opening` or `request` itself.
    The first requests are spread at random over `spread_over` seconds: streams at one pace then stay out of step.

    Raises TimeoutError if an answer never came, OSError if nobody listens.
    """
    return await Closed(port, request, clients, opening or request).run(seconds, requests, spread_over)


async def at_once(port: int, request: bytes, streams: int, ramp: float) -> list[Exchange]:
    """Ask once on each of `streams` connections, their starts spread over `ramp` seconds, as users' are."""
    ended: list[Exchange] = []
    done = asyncio.get_running_loop().create_future()

    def answered(_line: Client, exchange: Exchange) -> None:
        ended.append(exchange)
        if len(ended) == streams:
            done.set_result(None)

    lines = [await _connect(port, answered) for _ in range(streams)]
    begin = time.monotonic_ns()
    for at, line in enumerate(lines):
        ahead = begin + int(ramp * 1e9 * at / streams) - time.monotonic_ns()
        if ahead > 0:
            await asyncio.sleep(ahead / 1e9)
        line.ask(request)
    await asyncio.wait_for(done, PATIENCE)
    for line in lines:
        line.close()
    return ended


async def _connect(port: int, answered: Callable[[Client, Exchange], None]) -> Client:
    _, client = await asyncio.get_running_loop().create_connection(lambda: Client(answered), "127.0.0.1", port)
    return client
