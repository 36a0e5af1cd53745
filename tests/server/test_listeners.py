"""Where Hearth listens: whose the socket is, what happens when a place is taken, and who gets in by which address."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pytest

from hearth.server.sockets import (
    CannotListen,
    inherited_sockets,
    private_folder,
    unix_socket,
)
from hearth_home import running
from server.door import ask, has_ipv6, host, read, say, say_by_socket, spell

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Unix sockets, modes and umasks are POSIX")


@contextmanager
def _no_umask() -> Iterator[None]:
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)


class _Watcher:
    """Looks at a socket's and its folder's modes as fast as it can."""

    def __init__(self, path: Path) -> None:
        self.seen: set[tuple[int, int]] = set()
        self._path = path
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        last = False
        while not last:
            last = self._stop.is_set()  # one look more, for a machine on which this thread's turn never came before
            try:
                mode, folder = self._path.stat().st_mode, self._path.parent.stat().st_mode
            except OSError:
                continue
            self.seen.add((stat.S_IMODE(mode), stat.S_IMODE(folder)))


def test_the_socket_is_never_open_to_others_not_even_for_a_moment(place: Path) -> None:
    """T28, T6: 200 starts under umask 000, watched all the while: 0600 in a 0700 folder, and nothing else."""
    path = place / "hearth.sock"

    with _no_umask(), _Watcher(path) as watcher:
        for _ in range(200):
            unix_socket(path).sock.close()

    assert watcher.seen == {(0o600, 0o700)}


def test_a_wide_open_folder_is_shut_first(place: Path) -> None:
    """T28: a folder of ours that others could enter is closed to them; the daemon's files are for their owner alone."""
    place.mkdir(mode=0o777)
    place.chmod(0o777)

    unix_socket(place / "hearth.sock").sock.close()

    assert stat.S_IMODE(place.stat().st_mode) == 0o700


@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_elses_is_refused(place: Path) -> None:
    """T28: whoever owns the folder could put a socket of their own there."""
    place.mkdir(mode=0o700)
    os.chown(place, 65534, 65534)

    with pytest.raises(CannotListen, match="belongs to another user"):
        private_folder(place)


def test_a_stale_socket_is_taken_over(place: Path) -> None:
    """T28, F40: a crash leaves a socket behind; the next start does not ask anybody to clean up."""
    place.mkdir(mode=0o700)
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(place / "hearth.sock"))
    stale.close()

    opened = unix_socket(place / "hearth.sock")

    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(place / "hearth.sock"))
    opened.sock.close()


@pytest.mark.parametrize("kind", ["file", "folder", "link to a file"])
def test_what_is_no_socket_is_left_alone(place: Path, kind: str) -> None:
    """T28: a file that happens to lie there is somebody's; it is named, not deleted."""
    place.mkdir(mode=0o700)
    path = place / "hearth.sock"
    if kind == "file":
        path.write_text("mine")
    elif kind == "folder":
        path.mkdir()
    else:
        (place / "thesis").write_text("mine")
        path.symlink_to(place / "thesis")

    with pytest.raises(CannotListen, match="is no socket"):
        unix_socket(path)

    assert path.is_dir() or path.read_text() == "mine"


def test_both_loopback_addresses_and_all_others_named_are_served() -> None:
    """Design §8: ::1 goes with 127.0.0.1, each of `also` has its own names, and every door is guarded by itself."""
    config = '[listen]\ntcp = "127.0.0.1:0"\nalso = ["127.0.0.2:0", "127.0.0.1:0"]\n'

    async def act() -> None:
        async with running(config) as home:
            addresses = [one.removeprefix("http://") for one in home.daemon.core.listening if one.startswith("http")]
            for address in addresses:
                where, _, port = address.rpartition(":")
                reader, writer = await asyncio.open_connection(where.strip("[]"), int(port))
                for name in (address, f"localhost:{port}", f"127.0.0.9:{port}"):
                    writer.write(spell("GET", "/", [("Host", name)]))
                data = b""
                while piece := await reader.read(65536):
                    data += piece
                writer.close()
                assert (data.count(b" 200 OK"), data.count(b" 421 ")) == (2, 1), address

        hosts = [address.rpartition(":")[0] for address in addresses]
        assert [one for one in hosts if one != "[::1]"] == ["127.0.0.1", "127.0.0.2", "127.0.0.1"]
        assert hosts.count("[::1]") == (2 if has_ipv6() else 0)

    asyncio.run(act())


def test_a_client_of_mapped_addresses_is_known_as_ours() -> None:
    """T6: JVM editors reach 127.0.0.1 by an IPv6 socket; the kernel keeps them in another table."""
    if not has_ipv6():
        pytest.skip("this system has no IPv6")

    async def act() -> int:
        async with running() as home:
            sock = socket.socket(socket.AF_INET6)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            sock.setblocking(False)
            await asyncio.get_running_loop().sock_connect(sock, ("::ffff:127.0.0.1", home.port))
            reader, writer = await asyncio.open_connection(sock=sock)
            writer.write(spell("GET", "/api/tags", [host(home), ("Connection", "close")]))
            status = read(await reader.read()).status
            writer.close()
            return status

    assert asyncio.run(act()) == 200


def test_the_socket_gives_orders_without_a_token_and_is_gone_afterwards() -> None:
    """T6: whoever can open it is the owner; after the end nothing is left for a stranger to take for us."""

    async def act() -> tuple[int, bool, bool]:
        async with running('[listen]\ntcp = "off"\n') as home:
            asked = spell("GET", "/hearth/v1/status", [("Host", "hearth"), ("Connection", "close")])
            status = read(await say_by_socket(home, asked)).status
            before = home.socket.exists()
        return status, before, home.socket.exists()

    assert asyncio.run(act()) == (200, True, False)


def test_without_a_socket_only_tcp_is_served() -> None:
    """Design §8: `socket = "off"` leaves no file behind."""

    async def act() -> tuple[int, bool]:
        async with running('[listen]\ntcp = "127.0.0.1:0"\nsocket = "off"\n') as home:
            return (await ask(home, "GET", "/api/version")).status, home.socket.exists()

    assert asyncio.run(act()) == (200, False)


def test_sockets_of_another_process_are_not_inherited() -> None:
    """Design §8: LISTEN_PID says for whom they were opened (sd_listen_fds(3))."""
    assert inherited_sockets({}) == []
    assert inherited_sockets({"LISTEN_PID": "1", "LISTEN_FDS": "2"}) == []


def test_ipv6_clients_are_guarded_alike() -> None:
    """T1, T6: by ::1 the same names, the same peer check."""
    if not has_ipv6():
        pytest.skip("this system has no ::1")

    async def act() -> list[int]:
        async with running() as home:
            names = (f"[::1]:{home.port}", f"localhost:{home.port}", "evil.example")
            asked = [spell("GET", "/api/tags", [("Host", name), ("Connection", "close")]) for name in names]
            return [read(await say(home, one, address="::1")).status for one in asked]

    assert asyncio.run(act()) == [200, 200, 421]
