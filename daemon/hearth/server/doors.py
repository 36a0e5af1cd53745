"""The doors of a running daemon: its listening sockets, from the moment they are opened until they are forgotten."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from hearth.server.addresses import opened
from hearth.server.app import Application
from hearth.server.connection import Patience
from hearth.server.listener import Listener
from hearth.server.room import room_for
from hearth.server.sockets import Opened
from hearth_config.addresses import with_port
from hearth_config.settings import Listen

if TYPE_CHECKING:
    import socket

ROUNDS = 3
"""So often asyncio's loop goes round until a connection that it has accepted is one that a closing server knows."""


class Doors:
    """All of them together. `patience` is what slow clients are given."""

    def __init__(self, patience: Patience) -> None:
        """Nothing is opened yet."""
        self.patience = patience
        self._opened: list[Opened] = []
        self._listeners: list[Listener] = []
        self._servers: list[asyncio.AbstractServer] = []

    def open(self, listen: Listen, socket: Path, environ: dict[str, str]) -> None:
        """Take the addresses of `[listen]`; nobody is answered yet. Raises `CannotListen`."""
        self._opened.extend(opened(listen, socket, environ))

    async def listen(self, application: Application) -> list[str]:
        """Answer whoever comes; returns the addresses as a person reads them."""
        room = room_for(len(self._opened), self.patience.connections)
        self.patience = replace(self.patience, connections=room)
        return [await self._listen(one, application) for one in self._opened]

    async def _listen(self, one: Opened, application: Application) -> str:
        listener = Listener(application.handle, one.door, self.patience, application.heavy)
        if one.door.kind == "unix":
            server = await _unix_server(listener, one.sock)
            where = f"unix:{one.sock.getsockname()}"
        else:
            server = await asyncio.get_running_loop().create_server(listener, sock=one.sock)
            where = f"http://{with_port(one.door.address, one.door.port)}"
        self._listeners.append(listener)
        self._servers.append(server)
        return where

    async def close(self) -> None:
        """Take no new connection; whoever was just let in is known before the doors shut, and so hears of the end."""
        loop = asyncio.get_running_loop()
        for one in self._opened:
            # Windows accepts in another way, and loses nobody; a socket without a number is closed already.
            if sys.platform != "win32" and one.sock.fileno() >= 0:
                loop.remove_reader(one.sock)
        for _ in range(ROUNDS):
            await asyncio.sleep(0)
        for server in self._servers:
            server.close()
        for listener in self._listeners:
            listener.pre_shutdown()
            listener.stop_sweeping()

    async def shut(self, seconds: float) -> None:
        """End the connections that are still there, after so long."""
        await asyncio.gather(*(listener.shutdown(seconds) for listener in self._listeners))

    def forget(self) -> None:
        """Leave no socket behind."""
        while self._opened:
            self._opened.pop().forget()


async def _unix_server(listener: Listener, sock: socket.socket) -> asyncio.AbstractServer:
    """Serve a Unix socket whose file outlives the server: it may be systemd's, and ours is removed by who made it."""
    loop = asyncio.get_running_loop()
    if sys.version_info >= (3, 13):  # from here on the file would be deleted with the server, unless told otherwise
        return await loop.create_unix_server(listener, sock=sock, cleanup_socket=False)
    return await loop.create_unix_server(listener, sock=sock)
