"""A system that lets few files be opened, and clients that vanish: nobody else pays for either."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from end_to_end.callers import calm, chat, engine
from hearth.rehearsal import Rehearsal
from hearth.senses.ports import holder
from hearth.server.room import room_for
from hearth.server.sockets import tcp_sockets
from hearth_home import LISTEN, make
from promised_times import held_once_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="limits of this kind are POSIX")

FEW = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\n"
START = "import sys; from hearth.foreground import run; from hearth_config.paths import Paths\n"
START += "sys.exit(run(Paths.find(sys.argv[1], {})))"
ENVIRON = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def _start(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", FEW + START, str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRON)


def _ask(folder: Path) -> httpx.Response:
    """Have a call answered by way of the Unix socket."""
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(folder / "hearth.sock")), timeout=30) as client:
        return client.post("http://localhost/api/chat", json=chat(stream=False))


@pytest.mark.timeout(120)
def test_a_flood_where_files_are_few_leaves_the_owners_socket_and_the_providers_alone(place: Path) -> None:
    """F32, G20: 200 idle connections with 64 files: the socket answers, whole calls too; it is over in two seconds."""
    place.mkdir(mode=0o700)

    async def act(home: Path) -> tuple[list[int], int, float, str]:
        async with Rehearsal() as near:
            make(home, f"{calm()}\n{engine(near)}\n{LISTEN}")
            daemon = await asyncio.to_thread(_start, home)
            try:
                assert daemon.stdout is not None
                said = [await asyncio.to_thread(daemon.stdout.readline) for _ in range(2)]
                port = int(said[1].rpartition(":")[2])
                idle = [socket.create_connection(("127.0.0.1", port), 20) for _ in range(200)]
                during = [(await asyncio.to_thread(_ask, home)).status_code for _ in range(5)]
                for one in idle:
                    one.close()
                freed = time.monotonic()
                async with httpx.AsyncClient(timeout=20) as client:
                    late = await _patiently(client, f"http://127.0.0.1:{port}/api/version")
                took = time.monotonic() - freed
            finally:
                daemon.terminate()
                _, errors = daemon.communicate(timeout=30)
            return during, late, took, errors

    homes = iter([place / name for name in "abc"])
    during, late, took, errors = held_once_of(
        3, lambda: asyncio.run(act(_made(next(homes)))), lambda found: found[2] < 4
    )

    assert during == [200] * 5
    assert late == 200
    assert took < 4, "two seconds, and what a busy machine adds"
    assert len(errors.splitlines()) <= 10
    assert "connections at once on 127.0.0.1 port" in errors


def _made(home: Path) -> Path:
    home.mkdir(mode=0o700)
    return home


async def _patiently(client: httpx.AsyncClient, url: str) -> int:
    for _ in range(400):
        try:
            return (await client.get(url)).status_code
        except httpx.TransportError:
            await asyncio.sleep(0.05)
    return 0


def test_each_listener_has_its_share_of_the_files() -> None:
    """F32: two files a connection, none of a flood's takes another listener's; never more than wanted, nor none."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert soft >= 1024

    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
        shares = [room_for(listeners, 4096) for listeners in (1, 3, 5)]
        wanted = room_for(1, 50)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert [2 * share * listeners <= 1024 for share, listeners in zip(shares, (1, 3, 5), strict=True)] == [True] * 3
    assert shares == sorted(shares, reverse=True)
    assert wanted == 50
    assert min(shares) > 0


@pytest.mark.skipif(sys.platform != "linux", reason="the names are Linux's")
def test_a_client_whose_machine_is_gone_is_noticed_within_two_minutes() -> None:
    """F24: each connection asks the kernel to look after it, whether words are on their way or not."""
    opened = tcp_sockets("127.0.0.1", 0, holder)
    for one in opened:
        one.sock.setblocking(True)
    with socket.create_connection(("127.0.0.1", opened[0].door.port)):
        taken, _ = opened[0].sock.accept()
        with taken:
            watched = taken.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            idle, pause, times, unread_ms = (
                taken.getsockopt(socket.IPPROTO_TCP, option)
                for option in (
                    socket.TCP_KEEPIDLE,
                    socket.TCP_KEEPINTVL,
                    socket.TCP_KEEPCNT,
                    socket.TCP_USER_TIMEOUT,
                )
            )
    for one in opened:
        one.sock.close()

    assert watched == 1
    assert idle + pause * times <= 120
    assert 0 < unread_ms <= 120_000
