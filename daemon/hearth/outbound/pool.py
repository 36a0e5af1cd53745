"""Connections kept between exchanges: one stack an address, the last used first, never more or longer than agreed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable
from time import perf_counter

from msgspec import Struct

from hearth.call import Place
from hearth.outbound.alarms import Alarms
from hearth.outbound.connect import Route, connect
from hearth.outbound.egress import Egress
from hearth.outbound.http1 import Connection
from hearth.outbound.kept import Kept
from hearth.outbound.limits import DEFAULT_LIMITS, QUIET_S, Limits
from hearth.outbound.names import Resolver
from hearth.outbound.proxy import Proxy
from hearth.outbound.reply import Reply
from hearth.outbound.request import encode_fixed, encode_headers, framing, request_line
from hearth.problems import Forbidden, ShuttingDown, Unreachable
from hearth_config.addresses import Address

__all__ = ["Limits", "Origin", "Pool", "Reply", "Stats", "encode_headers"]

Body = bytes | AsyncIterator[bytes]
SPARE_S = 1.0
"""How long a connection over `max_idle` is kept: replies that come together would else close what is needed next."""
NO_HEADERS = encode_headers(())


class Stats(Struct):
    """What the pool has done since start."""

    connects: int = 0
    reuses: int = 0
    stale_retries: int = 0


class Origin:
    """One provider's address, ready to be sent to. Providers that share a route share its connections."""

    __slots__ = ("address", "fixed", "host", "place", "route", "shelf", "who")

    def __init__(self, route: Route, who: str, shelf: Shelf) -> None:
        self.route = route
        self.who = who
        self.host = route.host
        self.address = str(route.address)
        self.place: Place = route.place
        self.fixed = encode_fixed(route.address.authority)
        self.shelf = shelf


class Shelf:
    """The connections of one route: those that are unused (the last used on top), and how many there are in all."""

    def __init__(self, pool: Pool, place: Place) -> None:
        self.pool = pool
        self.place: Place = place
        self.unused: list[Connection] = []
        self.open = 0
        self.queue: deque[asyncio.Future[None]] = deque()

    def idle(self, connection: Connection) -> None:
        """Keep a connection whose exchange is over."""
        pool = self.pool
        seconds = min(pool.idle_seconds, connection.keep_alive)
        if pool.closed or seconds <= 0:
            connection.abort()
            return
        now = connection.loop.time()
        connection.watch(now + seconds)
        unused = self.unused
        unused.append(connection)
        if len(unused) > pool.max_idle:
            unused[-pool.max_idle - 1].watch(now + SPARE_S)
        self.admit_next()

    def lost(self, connection: Connection) -> None:
        """Forget a connection that is gone."""
        if self.pool.forget(connection):
            self.open -= 1
            if connection in self.unused:
                self.unused.remove(connection)
            self.admit_next()

    def take(self) -> Connection | None:
        """The connection used last that is still good, if one is unused."""
        while self.unused:
            connection = self.unused.pop()
            if connection.is_quiet():
                return connection
            connection.abort()
        return None

    async def wait_turn(self) -> None:
        """Wait until a connection is unused or gone."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.queue.append(waiter)
        try:
            await waiter
        except BaseException:
            if waiter.done() and not waiter.cancelled():
                self.admit_next()  # our turn came while we were leaving: it is the next one's
            raise

    def admit_next(self) -> None:
        """Let the first in the queue look again."""
        while self.queue:
            waiter = self.queue.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return


class Pool:
    """All connections to providers. Replace `egress` by `use` when the mode changes."""

    def __init__(
        self,
        egress: Egress,
        *,
        resolver: Resolver | None = None,
        max_idle: int = 32,
        idle_seconds: float = 55.0,
        max_open: int | None = None,
    ) -> None:
        """`max_idle` and `max_open` count connections a route; `idle_seconds` is shorter than what servers keep."""
        self.egress = egress
        self.resolver = resolver or Resolver()
        self.max_idle = max_idle
        self.idle_seconds = idle_seconds
        self.max_open = max_open
        self.stats = Stats()
        self.closed = False
        self.kept = Kept()
        self.silences = Alarms(QUIET_S)
        """Rings where an engine was silent for so long that somebody should look after it."""
        self.farewells: set[asyncio.Task[None]] = set()
        """What is still being cancelled at providers for calls that are gone: awaited before all is closed."""
        self._shelves: dict[Route, Shelf] = {}
        self._connections: set[Connection] = set()

    def origin(
        self, address: Address, *, who: str, place: Place, ca: str | None = None, proxy: Proxy | None = None
    ) -> Origin:
        """Return where to send for a provider; connections of an equal route are shared, across reloads too."""
        route = Route(address, place, ca, proxy)
        shelf = self._shelves.get(route)
        if shelf is None:
            shelf = self._shelves[route] = Shelf(self, place)
        return Origin(route, who, shelf)

    async def send(
        self,
        origin: Origin,
        method: str,
        path: str,
        headers: bytes | Iterable[tuple[str, str]] = NO_HEADERS,
        body: Body = b"",
        *,
        limits: Limits = DEFAULT_LIMITS,
        permit: Egress | None = None,
        length: int | None = None,
    ) -> Reply:
        """Send a request and return its reply as soon as status and headers are there.

        `headers` may be made once by `encode_headers`. A body that is an iterator is streamed: with Content-Length if
        `length` is given, else chunked. `permit` is a tighter mode of this call alone.
        Raises `Forbidden` before anything leaves, `Unreachable`, `TimedOut` or `BrokenReply`. Cancelling disconnects.
        """
        who = origin.who
        self.egress.allow(origin.place, origin.host, who)
        if permit is not None and permit is not self.egress:
            permit.allow(origin.place, origin.host, who)
        lines = headers if isinstance(headers, bytes) else encode_headers(headers)
        size = len(body) if isinstance(body, bytes) else length
        request = Outgoing(
            method, b"".join((request_line(method, path), origin.fixed, lines, framing(method, size))), body, length
        )
        connection = origin.shelf.take() if isinstance(body, bytes) else None
        if connection is None:
            connection = await self._open(origin, limits, permit, fresh=not isinstance(body, bytes))
        if not connection.exchanges:
            return await _exchange(connection, request, who, limits)
        self.stats.reuses += 1
        try:
            return await _exchange(connection, request, who, limits)
        except Unreachable:
            if connection.answered:
                raise
        self.stats.stale_retries += 1
        return await _exchange(await self._open(origin, limits, permit, fresh=True), request, who, limits)

    def use(self, egress: Egress) -> int:
        """Take over another mode; what it forbids ends at once, with `Forbidden` for the readers. Returns how many."""
        self.egress = egress
        forbidden = [connection for connection in self._connections if not egress.allows(connection.place)]
        for connection in forbidden:
            connection.end(egress.refusal(connection.who))
        return len(forbidden)

    def drop_idle(self) -> None:
        """Close what is unused and forget looked-up names: both are stale after a suspend or a new network (F56)."""
        self.resolver.forget()
        for shelf in self._shelves.values():
            while (connection := shelf.take()) is not None:
                connection.abort()

    async def aclose(self) -> None:
        """Close everything at once, exchanges under way too; only what tells a provider to stop may still be said."""
        if self.farewells:
            await asyncio.wait(self.farewells)
        self.closed = True
        gone = [connection.gone for connection in self._connections]
        for connection in list(self._connections):
            connection.end(ShuttingDown("Hearth is stopping.", who=connection.who))
        if gone:
            await asyncio.wait(gone, timeout=1.0)

    def forget(self, connection: Connection) -> bool:
        """Drop a connection from the books; False if it was never in them."""
        if connection not in self._connections:
            return False
        self._connections.discard(connection)
        return True

    async def _open(self, origin: Origin, limits: Limits, permit: Egress | None, *, fresh: bool) -> Connection:
        """Dial, once there is room for one more; or take what is unused by then, unless it must be fresh."""
        if self.closed:
            raise ShuttingDown("Hearth is stopping.")
        shelf = origin.shelf
        while self.max_open is not None and shelf.open >= self.max_open:
            unused = shelf.take()
            if unused is None:
                await shelf.wait_turn()
            elif fresh:
                unused.abort()
            else:
                return unused
        shelf.open += 1
        try:
            connection = await self._dial(origin, limits, permit or self.egress)
        except BaseException:
            shelf.open -= 1
            shelf.admit_next()
            raise
        self._connections.add(connection)
        return connection

    async def _dial(self, origin: Origin, limits: Limits, permit: Egress) -> Connection:
        began = perf_counter()
        loop = asyncio.get_running_loop()
        connection, address = await connect(
            origin.route,
            lambda: Connection(origin.shelf, origin.who, origin.place, loop),
            permit=permit,
            limits=limits,
            resolver=self.resolver,
            who=origin.who,
        )
        self.stats.connects += 1
        connection.address = address
        connection.connect_ms = (perf_counter() - began) * 1000
        try:
            self.egress.allow(origin.place, origin.host, origin.who)  # the mode may have changed meanwhile (F54)
        except Forbidden:
            connection.abort()
            raise
        return connection


class Outgoing(Struct, frozen=True):
    """One request, ready to be written."""

    method: str
    head: bytes
    body: Body
    length: int | None


async def _exchange(connection: Connection, request: Outgoing, who: str, limits: Limits) -> Reply:
    """Write the request and wait for the reply's head; whatever goes wrong, the connection does not outlive it."""
    reply = connection.begin(who, limits, bodiless=request.method == "HEAD")
    try:
        if isinstance(request.body, bytes):
            if not connection.write_at_once(reply, request.head, request.body):
                await connection.write(reply, request.head, request.body)
        else:
            await connection.write_stream(reply, request.head, request.body, request.length)
        await reply.wait_head()
    except BaseException:
        reply.close()
        raise
    return reply
