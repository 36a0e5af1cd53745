"""One attempt of several exchanges, for a provider that is asked again until it is done; left early, it is told so."""

from __future__ import annotations

import asyncio
from time import monotonic, monotonic_ns
from typing import TYPE_CHECKING

from msgspec.structs import replace

from hearth.dialects.exchanges import CalledInTurns, Exchange, Exchanges
from hearth.outbound.limits import Limits
from hearth.problems import BrokenReply, Problem, ProviderProblem, TimedOut
from hearth_config.addresses import TcpAddress, parse_address

if TYPE_CHECKING:
    from hearth.dialects.dialect import Head, ReplyReader
    from hearth.events import Frame
    from hearth.outbound.pool import Origin, Pool, Reply
    from hearth.outbound.upstream import Sink, Upstream

CANCEL_S = 5.0
"""How long telling a provider to stop may take, waiting for the reply that names what to stop included."""
ERROR_BODY_LIMIT = 64 * 1024
KEPT_LIMIT = 4 * 1024 * 1024
LEAST_FIRST_S = 1.0


async def ask_in_turns(upstream: Upstream, called: CalledInTurns, pool: Pool, sink: Sink, limits: Limits) -> None:
    """Ask exchange by exchange, and hand all frames to the sink. Raises as `Upstream.run` does.

    Whatever ends it early, a client that left included, the provider is told to stop: by a task of its own, since
    ours may be ending, and within `CANCEL_S`.
    """
    call = upstream.asked.call
    series = called.exchanges(upstream.asked.meaning(), upstream.destination, stream=call.outline.stream)
    turns = _Turns(upstream, called, series, pool, sink, limits)
    try:
        await turns.run()
    except BaseException:
        turns.leave()
        raise


class _Turns:
    """The exchanges of one attempt, each sent under the attempt's limits and the mode of that moment."""

    def __init__(
        self, upstream: Upstream, called: CalledInTurns, series: Exchanges, pool: Pool, sink: Sink, limits: Limits
    ) -> None:
        self._upstream = upstream
        self._called = called
        self._series = series
        self._pool = pool
        self._sink = sink
        self._limits = limits
        self._began = self._news = monotonic()
        self._left = False
        self._binding: asyncio.Task[None] | None = None
        self._binding_limits = replace(limits, first=CANCEL_S, idle=CANCEL_S)

    async def run(self) -> None:
        """Go through the series. Raises `BrokenReply` where it ends without the provider's last word."""
        self._sink.begin(self._upstream)
        while (exchange := self._series.next()) is not None:
            await self._wait(exchange.pause_s)
            try:
                await (self._bound(exchange) if exchange.binding else self._one(exchange))
            except ProviderProblem as problem:
                if not exchange.optional:
                    raise
                await self._hand_on(self._series.missed(problem))
        if not self._upstream.meter.done:
            raise self._broken("It ended without having said so.")

    async def _wait(self, seconds: float) -> None:
        """Pause, unless patience has ended. Raises `TimedOut`."""
        limits, now = self._limits, monotonic()
        if not self._upstream.meter.first_ns:
            if limits.first is not None and now - self._began > limits.first:
                raise TimedOut(f"no first token within {limits.first:g} s.", who=self._name)
        elif now - self._news > limits.idle:
            raise TimedOut(f"silent for {limits.idle:g} s in the middle of the reply.", who=self._name)
        if seconds:
            await asyncio.sleep(seconds)

    async def _bound(self, exchange: Exchange) -> None:
        """Let an exchange that starts work go on even when we are cancelled: only its reply says what to stop."""
        self._binding = asyncio.create_task(self._one(exchange), name=f"begin at {self._name}")
        await asyncio.shield(self._binding)
        self._binding = None

    async def _one(self, exchange: Exchange) -> None:
        """Send one request and read its reply to the end."""
        origin = self._origin(exchange)
        path = exchange.request.path
        known = self._pool.kept.get(origin.route, path) if exchange.keep_s else None
        if known is not None:
            await self._read_whole(*known)
            return
        with await self._send(origin, exchange, self._limits) as reply:
            head = self._upstream.head = reply.head
            if head.status >= 300:
                raise self._called.problem(head, await error_body(reply), self._name)
            if exchange.keep_s:
                body = await reply.read_all(KEPT_LIMIT)
                await self._read_whole(head, body)
                self._pool.kept.put(origin.route, path, (head, body), exchange.keep_s)
            else:
                await self._relay(reply, head)
            reply.finish()

    async def _send(self, origin: Origin, exchange: Exchange, limits: Limits) -> Reply:
        upstream, request = self._upstream, exchange.request
        target = upstream.target
        upstream.bytes_out += len(request.body)
        return await self._pool.send(
            origin,
            request.method,
            request.path,
            target.header_lines(upstream.credential, request.headers),
            request.body,
            limits=self._limits_now(limits),
            permit=target.permit(upstream.asked.call.mode),
        )

    def _limits_now(self, limits: Limits) -> Limits:
        """Return the limits with what is left of the time to the first token: it runs from the first request."""
        if limits.first is None:
            return limits
        if self._upstream.meter.first_ns:
            return replace(limits, first=limits.idle)
        return replace(limits, first=max(self._began + limits.first - monotonic(), LEAST_FIRST_S))

    async def _relay(self, reply: Reply, head: Head) -> None:
        reader = self._series.reader(head)
        while not reader.finished:
            data = await reply.read_chunk()
            await self._read(reader, data)
            if not data:
                return
            if not self._upstream.meter.first_ns:
                reply.begun = False  # signs of life are no answer: the time to the first token still runs

    async def _read_whole(self, head: Head, body: bytes) -> None:
        reader = self._series.reader(head)
        for data in (body, b"") if body else (b"",):
            await self._read(reader, data)

    async def _read(self, reader: ReplyReader, data: bytes) -> None:
        """Read bytes, or their end, and hand on what they mean. Raises the problem they hold."""
        self._upstream.meter.bytes_in += len(data)
        await self._hand_on(reader.feed(data) if data else reader.close())

    async def _hand_on(self, frames: list[Frame]) -> None:
        meter = self._upstream.meter
        if not frames or self._left:
            return
        meaningful = meter.see(frames, monotonic_ns())
        if meaningful:
            self._news = monotonic()
        if meter.failed is not None and not self._sink.committed and not meaningful:
            raise meter.failed
        await self._sink.take(frames, meaningful=meaningful)
        if meter.failed is not None:
            raise meter.failed

    def _origin(self, exchange: Exchange) -> Origin:
        """Return where an exchange goes: the configured address, or a place its provider may send us to.

        Our key goes there too. Raises `BrokenReply` for any other: a reply decides nothing about whom we talk to.
        """
        own = self._upstream.target.origin
        configured = self._upstream.target.settings.address
        if not exchange.base:
            return own
        try:
            named = parse_address(exchange.base)
        except ValueError:
            raise self._broken("Its reply names an address that is none.") from None
        if not isinstance(named, TcpAddress):
            raise self._broken("Its reply names an address that is none.")
        if isinstance(configured, TcpAddress) and named == replace(configured, prefix=""):
            return own
        near = own.place != "cloud"
        if near or named.scheme != "https" or not f".{named.host}".endswith(self._called.friends):
            raise self._broken(f"Its reply sends us to {named.host}, which is not its own address. Nothing was sent.")
        return self._pool.origin(named, who=own.who, place=own.place, ca=own.route.ca, proxy=own.route.proxy)

    def leave(self) -> None:
        """Have the provider told that nobody waits any more, without waiting for that."""
        self._left = True
        binding = self._binding
        if binding is not None and binding.done():
            binding = None
        if binding is None and self._series.cancel() is None:
            return
        farewell = asyncio.create_task(self._farewell(binding), name=f"cancel at {self._name}")
        self._pool.farewells.add(farewell)
        farewell.add_done_callback(self._pool.farewells.discard)

    async def _farewell(self, binding: asyncio.Task[None] | None) -> None:
        try:
            async with asyncio.timeout(CANCEL_S):
                if binding is not None:
                    await asyncio.wait({binding})
                exchange = self._series.cancel()
                if exchange is not None:
                    with await self._send(self._origin(exchange), exchange, self._binding_limits) as reply:
                        reply.finish()
        except (Problem, TimeoutError):
            return  # it goes on there: no more can be done than to have asked
        finally:
            if binding is not None:
                binding.cancel()
                await asyncio.gather(binding, return_exceptions=True)

    @property
    def _name(self) -> str:
        return self._upstream.target.settings.name

    def _broken(self, what: str) -> BrokenReply:
        return BrokenReply(what, who=self._name)


async def error_body(reply: Reply) -> bytes:
    """Return what the error reply says, as far as it can be read; the status alone must do where it cannot."""
    try:
        return await reply.read_all(ERROR_BODY_LIMIT)
    except (BrokenReply, TimedOut):
        return b""
