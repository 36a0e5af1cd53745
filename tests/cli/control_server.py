"""A scripted control API on a Unix socket: it answers what a test wrote down, and remembers what it was asked."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec
from aiohttp import web
from msgspec import Struct

from hearth.status import ConfigStatus, LedgerStatus, Status
from hearth_config.paths import Paths


class Asked(Struct, frozen=True):
    """A request as it came."""

    method: str
    path: str
    body: object = None


class Reply(Struct, frozen=True):
    """An answer: a value for JSON, or bytes as they are, in pieces; `cut` ends the connection without an end."""

    body: object = None
    status: int = 200
    pieces: tuple[bytes, ...] = ()
    headers: dict[str, str] = {}
    cut: bool = False
    endless: bool = False


LAST_ROUNDS = 10
"""A connection that was just accepted needs a few rounds of the loop to be known, and one just closed to be gone."""


class ControlServer:
    """Answers by `METHOD path`; anything else is a 404."""

    def __init__(self, script: Mapping[str, object]) -> None:
        self.script = script
        self.asked: list[Asked] = []

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        text = await request.read()
        self.asked.append(Asked(request.method, request.raw_path, msgspec.json.decode(text) if text else None))
        found = self.script.get(f"{request.method} {request.raw_path.removeprefix('/hearth/v1/').partition('?')[0]}")
        if found is None:
            return _json(Reply(error("not_found", "No such route."), status=404))
        reply = found if isinstance(found, Reply) else Reply(found)
        return _json(reply) if not reply.pieces else await _stream(request, reply)


def _json(reply: Reply) -> web.Response:
    return web.Response(body=msgspec.json.encode(reply.body), status=reply.status, headers=reply.headers)


async def _stream(request: web.BaseRequest, reply: Reply) -> web.StreamResponse:
    response = web.StreamResponse(status=reply.status, headers=reply.headers)
    await response.prepare(request)
    for piece in reply.pieces:
        await response.write(piece)
    if reply.endless:
        await asyncio.sleep(60)
    if reply.cut and request.transport is not None:
        request.transport.abort()
    return response


def error(kind: str, message: str, next_step: str = "") -> dict[str, object]:
    return {"error": {"kind": kind, "message": message, "who": "hearth", "next_step": next_step}}


@contextmanager
def serving(home: Path, script: Mapping[str, object]) -> Iterator[ControlServer]:
    """Serve a script on the socket of a home folder."""
    server = ControlServer(script)
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    ended = asyncio.Event()

    async def serve() -> None:
        connections = web.Server(server.answer)
        listener = await loop.create_unix_server(connections, str(Paths.find(str(home), {}).socket))
        ready.set()
        await ended.wait()
        for sock in listener.sockets:
            loop.remove_reader(sock.fileno())  # asyncio loses what it has accepted when the server closes too soon
        await _rounds()
        listener.close()
        await connections.shutdown(0.1)
        answering = asyncio.all_tasks() - {asyncio.current_task()}
        for task in answering:
            task.cancel()
        await asyncio.gather(*answering, return_exceptions=True)
        await _rounds()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert ready.wait(20)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(20)
        loop.close()


async def _rounds() -> None:
    for _ in range(LAST_ROUNDS):
        await asyncio.sleep(0)


def status(**changes: object) -> Status:
    """A status of an idle daemon, with changes."""
    plain = Status(
        version="0.1.0",
        pid=4711,
        uptime_s=61.0,
        mode="prefer-local",
        ceiling="prefer-local",
        switched="",
        default_model="fast",
        listening=("unix:/run/hearth.sock", "http://127.0.0.1:11430"),
        config=ConfigStatus("/home/me/hearth.toml"),
        providers=(),
        loaded=(),
        calls=(),
        served=3,
        ledger=LedgerStatus("ok", "", "/home/me/usage.db", 0, 3, 0),
        contacts=(),
    )
    return msgspec.structs.replace(plain, **changes)
