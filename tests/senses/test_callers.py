"""Who is calling, asked of the real kernel about real connections."""

import asyncio
import os
import pwd
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.senses.callers import Peer, peer_of, process_of
from hearth.senses.netlink import endpoint, owner_of
from hearth.senses.processes import held_sockets, is_of_our_user
from hearth.senses.tcp_tables import owner_in_tables

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="netlink and /proc are Linux's")

Found = tuple[Peer | None, tuple[int, str] | None]
End = Callable[[], object]
Client = Callable[[tuple[str, int]], Awaitable[End]]
"""Connects to a server, says one byte, and returns what ends it."""


async def _ask(host: str, client: Client, family: int = socket.AF_INET, *, dual: bool = False) -> Found:
    """Let a client connect to a listener there, and return what the server's side finds out about it."""
    found: asyncio.Future[Found] = asyncio.get_running_loop().create_future()

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        found.set_result((await peer_of(writer.transport), await process_of(writer.transport)))
        writer.close()

    with closing(_listener(family, host, dual=dual)) as sock:
        async with await asyncio.start_server(served, sock=sock):
            end_client = await client((host, sock.getsockname()[1]))
            try:
                return await asyncio.wait_for(found, 20)
            finally:
                end_client()


def _listener(family: int, host: str, *, dual: bool) -> socket.socket:
    try:
        sock = socket.socket(family, socket.SOCK_STREAM)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, not dual)
        sock.bind((host, 0))
    except OSError as error:
        pytest.skip(f"this machine has no {host}: {error}")
    sock.listen()
    sock.setblocking(False)
    return sock


def _connects(family: int, address: str | None = None) -> Client:
    """Return a client of ours that connects with a socket of that family and stays."""

    async def client(server: tuple[str, int]) -> End:
        return (await _connected(family, (address or server[0], server[1]))).close

    return client


async def _connected(family: int, server: tuple[str, int]) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, server)
    sock.send(b"x")
    return sock


@pytest.mark.parametrize(
    ("listens", "family", "dual", "calls", "with_family"),
    [
        ("127.0.0.1", socket.AF_INET, False, "127.0.0.1", socket.AF_INET),
        ("::1", socket.AF_INET6, False, "::1", socket.AF_INET6),
        ("127.0.0.1", socket.AF_INET, False, "::ffff:127.0.0.1", socket.AF_INET6),
        ("::", socket.AF_INET6, True, "127.0.0.1", socket.AF_INET),
        ("::", socket.AF_INET6, True, "::ffff:127.0.0.1", socket.AF_INET6),
    ],
    ids=["IPv4", "IPv6", "client mapped", "server mapped", "both mapped"],
)
def test_our_own_connection_is_ours(listens: str, family: int, dual: bool, calls: str, with_family: int) -> None:
    """A process of our user is known as ours, with its id and name, whichever way it writes its address (T6)."""
    peer, process = asyncio.run(_ask(listens, _connects(with_family, calls), family, dual=dual))

    assert peer is not None
    assert peer.user == "ours"
    assert process is not None
    assert process[0] == os.getpid()
    assert process[1]


@pytest.mark.skipif(sys.platform == "win32", reason="uvloop does not run there")
def test_the_faster_loop_tells_the_same() -> None:
    """The loop uvloop hands out sockets of its own kind; the caller is found all the same."""
    import uvloop

    peer, process = uvloop.run(_ask("127.0.0.1", _connects(socket.AF_INET)))

    assert peer is not None
    assert peer.user == "ours"
    assert process is not None
    assert process[0] == os.getpid()


def test_other_systems_find_the_process_by_its_connections() -> None:
    """Without netlink and /proc the connections of all processes are looked through: ours is among them."""
    with closing(_listener(socket.AF_INET, "127.0.0.1", dual=False)) as listening, socket.socket() as client:
        client.settimeout(5)
        client.connect(listening.getsockname())
        ends = endpoint(client.getsockname()), endpoint(client.getpeername())

        found = [held for held in held_sockets() if (held.end, held.other) == ends]

    assert [held.pid for held in found] == [os.getpid()]
    assert is_of_our_user(os.getpid())


def test_a_client_that_has_closed_is_gone() -> None:
    """Nobody holds the other end any more: the caller is None, so that the connection is closed."""

    async def client(server: tuple[str, int]) -> End:
        sock = await _connected(socket.AF_INET, server)
        sock.close()
        return sock.close

    peer, process = asyncio.run(_ask("127.0.0.1", client))

    assert peer is None
    assert process is None


def test_a_client_that_has_only_said_all_it_had_to_say_is_there() -> None:
    """A half-closed connection still has its process: curl and netcat do that."""

    async def client(server: tuple[str, int]) -> End:
        sock = await _connected(socket.AF_INET, server)
        sock.shutdown(socket.SHUT_WR)
        return sock.close

    peer, _ = asyncio.run(_ask("127.0.0.1", client))

    assert peer is not None
    assert peer.user == "ours"


_STRANGER = "import socket,sys; s=socket.create_connection(('127.0.0.1',int(sys.argv[1]))); s.send(b'x'); s.recv(1)"


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can start another user's process")
def test_another_users_process_is_told_apart() -> None:
    """A program of another user is "other", so that it must show a token (T6)."""
    nobody = pwd.getpwnam("nobody").pw_uid

    async def client(server: tuple[str, int]) -> End:
        command = ["/usr/bin/env", "python3", "-c", _STRANGER, str(server[1])]
        return subprocess.Popen(command, user=nobody).wait  # noqa: ASYNC220 -- it is started in a moment, then left alone

    peer, process = asyncio.run(_ask("127.0.0.1", client))

    assert peer == Peer("other")
    assert process is not None
    assert "python" in process[1]


def test_the_peer_of_a_unix_socket_is_known(tmp_path: Path) -> None:
    """On the Unix socket the kernel noted user and process when the connection was made."""

    async def scene() -> Found:
        found: asyncio.Future[Found] = asyncio.get_running_loop().create_future()

        async def served(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            found.set_result((await peer_of(writer.transport), await process_of(writer.transport)))
            writer.close()

        path = str(tmp_path / "s")
        async with await asyncio.start_unix_server(served, path):
            _, writer = await asyncio.open_unix_connection(path)
            result = await found
            writer.close()
            return result

    peer, process = asyncio.run(scene())

    assert peer == Peer("ours", os.getpid())
    assert process is not None
    assert process[0] == os.getpid()


@linux_only
def test_a_listener_is_not_taken_for_the_caller() -> None:
    """A program that merely listens at the caller's address is not the caller: the kernel would offer it too."""
    with closing(_listener(socket.AF_INET, "127.0.0.1", dual=False)) as listening:
        end = endpoint(listening.getsockname())

        assert owner_of(end, endpoint(("127.0.0.1", 9))) is None


@linux_only
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6], ids=["IPv4", "mapped"])
def test_the_tables_say_what_netlink_says(family: int) -> None:
    """Where netlink is refused, /proc/net/tcp and tcp6 give the same owner, IPv4-mapped clients included."""
    with closing(_listener(socket.AF_INET, "127.0.0.1", dual=False)) as listening, socket.socket(family) as client:
        client.settimeout(5)
        host = "127.0.0.1" if family == socket.AF_INET else "::ffff:127.0.0.1"
        client.connect((host, listening.getsockname()[1]))
        ends = endpoint(client.getsockname()), endpoint(client.getpeername())

        by_netlink, by_tables = owner_of(*ends), owner_in_tables(*ends)
        missing = owner_in_tables(endpoint(("127.0.0.1", 1)), ends[1])

    assert by_netlink is not None
    assert by_tables == by_netlink
    assert by_netlink.uid == os.getuid()
    assert missing is None


@given(st.ip_addresses(v=4), st.integers(0, 65535))
def test_a_mapped_address_is_the_address_it_means(address: object, port: int) -> None:
    """However a socket names an IPv4 address, it is one and the same end."""
    assert endpoint((f"::ffff:{address}", port, 0, 0)) == endpoint((str(address), port))
