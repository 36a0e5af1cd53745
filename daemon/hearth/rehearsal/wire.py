"""Putting one reply on the wire, object by object, with whatever fault was planned for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from email.utils import formatdate

from hearth.rehearsal.faults import Fault
from hearth.rehearsal.http import REASONS, Connection, Failure, HeaderList, Reply
from hearth.rehearsal.pauses import Pauses

GO_BUFFER = 2048  # Go's server states a length for bodies up to here and sends longer ones in chunks
SETTLE = 0.02  # seconds in which bytes already written reach the client before a reset throws them away


class Broken(Exception):
    """The fault has ended the connection."""


class Writer:
    """Writes one reply to one connection under one fault. `write` returns whether the connection may live on."""

    def __init__(self, connection: Connection, fault: Fault, pauses: Pauses) -> None:
        self.connection = connection
        self.fault = fault
        self.pauses = pauses
        self.objects = 0
        self.body_bytes = 0
        self.chunked = False
        self.complete = False

    async def write(self, reply: Reply, *, head_only: bool = False) -> bool:
        """Send the reply; False if the connection is to be closed (or is gone already)."""
        try:
            if isinstance(reply.body, bytes):
                await self._whole(reply, reply.body, head_only=head_only)
            else:
                await self._stream(reply, reply.body)
        except Broken:
            return False
        return not (reply.closes or self.fault.length_off)

    async def raw(self, data: bytes) -> None:
        """Send bytes as they are, in the pieces that the fault asks for."""
        size = self.fault.piece
        if not size:
            await self.connection.drain()
            self.connection.write(data)
            return
        for start in range(0, len(data), size):
            await asyncio.sleep(self.fault.interval)
            await self.connection.drain()
            self.connection.write(data[start : start + size])

    async def interim(self) -> None:
        """Send the early hints that the fault asks for."""
        for _ in range(self.fault.interim):
            await self.raw(f"HTTP/1.1 103 {REASONS[103]}\r\n\r\n".encode())

    async def _whole(self, reply: Reply, body: bytes, *, head_only: bool) -> None:
        await asyncio.sleep(reply.wait)
        self.chunked = reply.chunked
        framing = ("Transfer-Encoding", "chunked") if self.chunked else ("Content-Length", f"{self._stated(body)}")
        if reply.status == 204 or (head_only and (self.chunked or not body)):
            framing = ("", "")
        await self._head(reply, framing)
        if head_only:
            self.complete = True
            return
        if body:
            await self._object(reply, body)
        await self._end()

    def _stated(self, body: bytes) -> int:
        return max(0, len(body) + self.fault.length_off)

    async def _stream(self, reply: Reply, objects: AsyncIterator[bytes]) -> None:
        """The head goes out with the first object, as with every server that waits for its first token."""
        self.chunked = True
        framing = ("Transfer-Encoding", "chunked")
        if self.fault.first_token:
            await self._head(reply, framing)
            framing = ("", "")
        try:
            async for data in objects:
                if framing[0]:
                    await self._head(reply, framing)
                    framing = ("", "")
                await self._object(reply, data)
        except Failure as failure:
            if reply.broken is not None:
                await self._send(reply.broken(failure.text))
        if framing[0]:
            await self._head(reply, framing)
        await self._end()

    async def _head(self, reply: Reply, framing: tuple[str, str]) -> None:
        lines = [f"HTTP/1.1 {reply.status} {REASONS.get(reply.status, 'Unknown')}"]
        headers: HeaderList = [*reply.headers, *_date(reply), framing, *reply.tail]
        headers += [(f"X-Flood-{number}", "x" * self.fault.flood_size) for number in range(self.fault.flood)]
        if reply.closes and reply.says_close and not any(name == "Connection" for name, _ in headers):
            headers.append(("Connection", "close"))
        lines += [f"{name}: {value}" for name, value in headers if name]
        await self.raw("\r\n".join([*lines, "", ""]).encode("latin-1"))

    async def _object(self, reply: Reply, data: bytes) -> None:
        fault = self.fault
        if self.objects == 0 and fault.first_token:
            await self.pauses.take(fault.first_token)
        if fault.pause and self.objects == fault.pause_after:
            await self.pauses.take(fault.pause)
        await self._planned_end(reply)
        if fault.garbage_after == self.objects:
            await self._send(fault.garbage)
        await self._send(data)
        self.objects += 1

    async def _planned_end(self, reply: Reply) -> None:
        """Cut, or say an error, if this many objects were to be sent."""
        if self.fault.cut_objects == self.objects:
            await self._cut()
        if self.fault.error_after == self.objects and reply.broken is not None:
            await self._send(reply.broken(self.fault.message))
            await self._terminate()
            raise Broken

    async def _send(self, data: bytes) -> None:
        left = None if self.fault.cut_bytes is None else self.fault.cut_bytes - self.body_bytes
        prefix, suffix = (f"{len(data):x}\r\n".encode(), b"\r\n") if self.chunked else (b"", b"")
        if left is not None and left < len(data):
            await self.raw(prefix + data[:left])
            self.body_bytes += left
            await self._cut()
        await self.raw(prefix + data + suffix)
        self.body_bytes += len(data)

    async def _end(self) -> None:
        fault = self.fault
        if fault.pause and self.objects == fault.pause_after:
            await self.pauses.take(fault.pause)
        if fault.cut_objects is not None or fault.cut_bytes is not None or fault.unterminated:
            await self._cut()
        await self._terminate()

    async def _terminate(self) -> None:
        if self.chunked:
            await self.raw(b"0\r\n\r\n")
        self.complete = True

    async def _cut(self) -> None:
        if self.fault.ending == "rst":
            await asyncio.sleep(SETTLE)
            self.connection.abort()
        else:
            self.connection.close()
        raise Broken


def _date(reply: Reply) -> HeaderList:
    return [("Date", formatdate(time.time(), usegmt=True))] if reply.dated else []
