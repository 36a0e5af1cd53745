"""The broker: what it takes for a message, where it connects to, and that nobody gets another one's connection."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import socket
import sys
from collections.abc import Iterator
from errno import EACCES, ECONNREFUSED, ENOENT
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hearth.problems import Unreachable
from hearth.sealing.broker import Asked, is_allowed, read
from hearth.sealing.helper import Helper

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux seals a process")
FAR = (
    "8.8.8.8",
    "0.0.0.0",
    "::ffff:1.2.3.4",
    "::ffff:127.0.0.1",
    "::",
    "10.0.0.1",
    "192.168.1.2",
    "fe80::1",
    "128.0.0.1",
)
NAMES = (
    "localhost",
    "localhost.evil",
    "127.0.0.1.evil",
    "127.1",
    "2130706433",
    "0177.0.0.1",
    "127.0.0.1%lo",
    "::1%lo",
    "",
)
numbers = st.integers(0, 2**31)


@given(number=numbers, port=st.integers(1, 65535), ip=st.ip_addresses())
def test_a_wish_is_read_as_it_was_written(number: int, port: int, ip: object) -> None:
    """Every address and port comes back whole, with its family; a cancellation and a path with blanks too."""
    family = socket.AF_INET6 if ":" in str(ip) else socket.AF_INET

    assert read(f"{number} tcp {ip} {port}".encode()) == Asked(number, family, (str(ip), port))
    assert read(f"{number} cancel".encode()) == Asked(number)
    assert read(f"{number} unix /run/my engine.sock".encode()) == Asked(number, socket.AF_UNIX, "/run/my engine.sock")


@given(st.binary(max_size=200) | st.text(alphabet="0123456789. :tcpunixcancel/-٣", max_size=60).map(str.encode))
@example(b"1 tcp 127.0.0.1 0")
@example(b"1 tcp 127.0.0.1 65536")
@example(b"1 tcp 127.0.0.1")
@example(b"1 tcp  11434 1")
@example(b"1")
@example(b"")
def test_any_bytes_are_a_wish_or_nothing(message: bytes) -> None:
    """The parser never raises, and what it lets through to connect(2) is loopback written out, or a path it knows."""
    asked = read(message)

    if asked is not None and asked.family and is_allowed(asked, frozenset({"/known"})):
        if isinstance(asked.address, str):
            assert asked.address == "/known"
        else:
            assert ip_address(asked.address[0]).is_loopback
            assert 0 < asked.address[1] < 65536


@given(ip=st.ip_addresses(), port=st.integers(1, 65535))
def test_only_loopback_is_allowed(ip: object, port: int) -> None:
    """T30: 127.0.0.0/8 and ::1, and there no port of a name server, which would pass a question on."""
    asked = read(f"1 tcp {ip} {port}".encode())

    assert asked is not None
    near = ip_address(str(ip)).is_loopback and getattr(ip, "ipv4_mapped", None) is None
    assert is_allowed(asked, frozenset()) == (near and port not in (53, 853))


@contextlib.contextmanager
def _helping(*paths: str) -> Iterator[Helper]:
    helper = Helper(paths)
    try:
        yield helper
    finally:
        helper.close()


def _open_files(process: object = "self") -> int:
    return sum(1 for _ in Path(f"/proc/{process}/fd").iterdir())


async def _refusal(helper: Helper, ip: str, port: int = 80) -> int | None:
    try:
        (await helper.tcp(ip, port)).close()
    except OSError as error:
        return error.errno
    return None


def test_a_connected_socket_comes_back() -> None:
    """What was asked for is connected, of the right family, and closed in children."""

    async def scene() -> None:
        with _helping() as helper, socket.create_server(("127.0.0.1", 0)) as near:
            near.settimeout(5)
            with await helper.tcp(*near.getsockname()) as sock:
                peer, _ = near.accept()
                with peer:
                    assert sock.getpeername() == near.getsockname()
                    assert peer.getpeername() == sock.getsockname()
                    assert not sock.get_inheritable()
                    sock.setblocking(True)
                    sock.sendall(b"hello")
                    assert peer.recv(5) == b"hello"

    asyncio.run(scene())


def test_what_is_not_this_machine_is_refused() -> None:
    """T30: no other machine, no name, no spelling that somebody might read as loopback, and no name server."""

    async def scene() -> set[int | None]:
        with _helping() as helper:
            refusals = [await _refusal(helper, host) for host in (*FAR, *NAMES)]
            return {*refusals, await _refusal(helper, "127.0.0.53", 53), await _refusal(helper, "127.0.0.1", 853)}

    said = asyncio.run(scene())

    assert said - {None} == {EACCES}
    assert None not in said


def test_only_unix_sockets_of_the_config_are_connected(tmp_path: Path) -> None:
    """T30: what the config named at start can be had, one beside it cannot; a missing one is said to be missing."""
    ours, other, missing = (str(tmp_path / name) for name in ("ours", "other", "missing"))

    async def scene() -> tuple[str, list[int | None]]:
        with (
            _helping(ours, missing) as helper,
            socket.socket(socket.AF_UNIX) as one,
            socket.socket(socket.AF_UNIX) as two,
        ):
            one.bind(ours)
            one.listen()
            two.bind(other)
            two.listen()
            with await helper.unix(ours) as sock:
                reached = sock.getpeername()
            refusals: list[int | None] = []
            for path in (other, missing):
                with pytest.raises(OSError) as refused:  # noqa: PT011 -- its number is what is looked at
                    await helper.unix(path)
                refusals.append(refused.value.errno)
            return reached, refusals

    assert asyncio.run(scene()) == (ours, [EACCES, ENOENT])


def test_many_at_once_get_each_their_own() -> None:
    """Three hundred wishes for six addresses: nobody gets another's connection, no descriptor stays."""

    async def scene() -> None:
        servers = [socket.create_server(("127.0.0.1", 0), backlog=512) for _ in range(5)]
        with socket.create_server(("127.0.0.1", 0)) as closed:
            nobody = closed.getsockname()
        addresses = [*(one.getsockname() for one in servers), nobody]
        with _helping() as helper:
            before = _open_files()
            wanted = [random.choice(addresses) for _ in range(300)]

            async def one(address: tuple[str, int]) -> bool:
                try:
                    with await helper.tcp(*address) as sock:
                        return bool(sock.getpeername() == address)
                except ConnectionRefusedError as error:
                    return address == nobody and error.errno == ECONNREFUSED

            assert all(await asyncio.gather(*map(one, wanted)))
            assert _open_files() <= before + 1
        for server in servers:
            server.close()

    asyncio.run(scene())


@pytest.mark.parametrize("seed", range(5))
def test_a_wish_that_is_given_up_leaves_nothing_behind(seed: int) -> None:
    """Cancelled before, while or after the answer comes: no descriptor stays, and later ones are right."""

    async def scene() -> None:
        chance = random.Random(seed)
        with _helping() as helper, socket.create_server(("127.0.0.1", 0), backlog=512) as near:
            (await helper.tcp(*near.getsockname())).close()
            before = _open_files()
            for _ in range(60):
                wishes = [asyncio.ensure_future(helper.tcp(*near.getsockname())) for _ in range(4)]
                await asyncio.sleep(chance.choice([0, 0, 0.0005, 0.001, 0.003]))
                for wish in wishes:
                    wish.cancel()
                for ended in await asyncio.gather(*wishes, return_exceptions=True):
                    if isinstance(ended, socket.socket):
                        ended.close()
            (await helper.tcp(*near.getsockname())).close()
            await asyncio.sleep(0.2)
            assert _open_files() == before
            if os.geteuid() == 0:  # nobody else may look into the broker
                assert _open_files(helper.pid) < 10

    asyncio.run(scene())


def test_a_connection_that_hangs_is_given_up_and_holds_nobody_up(tmp_path: Path) -> None:
    """F2: behind a queue that is full one waits until the caller's time is up; others are served meanwhile."""
    path = str(tmp_path / "busy")

    async def scene() -> None:
        with (
            _helping(path) as helper,
            socket.socket(socket.AF_UNIX) as busy,
            socket.create_server(("::1", 0), family=socket.AF_INET6) as near,
        ):
            busy.bind(path)
            busy.listen(0)
            first = await helper.unix(path)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await asyncio.gather(helper.unix(path), helper.unix(path))
            (await helper.tcp(*near.getsockname()[:2])).close()
            later = asyncio.ensure_future(helper.unix(path))
            accepted, _ = await asyncio.to_thread(busy.accept)
            with accepted, first, await later as sock:
                assert sock.getpeername() == path

    asyncio.run(scene())


def test_a_broker_that_dies_is_named() -> None:
    """Who waits for it and who comes later is told at once what ended and what to do."""

    async def scene() -> list[str]:
        with _helping() as helper, socket.create_server(("127.0.0.1", 0)) as near:
            (await helper.tcp(*near.getsockname())).close()
            os.kill(helper.pid, signal.SIGSTOP)
            waiting = asyncio.ensure_future(helper.tcp(*near.getsockname()))
            await asyncio.sleep(0.1)
            os.kill(helper.pid, signal.SIGKILL)
            said = []
            for wish in (waiting, helper.tcp(*near.getsockname())):
                with pytest.raises(Unreachable) as refused:
                    await wish
                said.append(f"{refused.value} {refused.value.next_step}")
            assert helper.gone
            return said

    first, second = asyncio.run(scene())

    assert first == second
    assert "the broker" in first
    assert "hearth restart" in first


def test_the_broker_outlives_a_signal_and_ends_with_hearth() -> None:
    """A Ctrl-C or a manager's SIGTERM is Hearth's to heed; once Hearth's end is closed the broker is gone."""

    async def scene() -> int:
        with _helping() as helper, socket.create_server(("127.0.0.1", 0)) as near:
            (await helper.tcp(*near.getsockname())).close()
            os.kill(helper.pid, signal.SIGINT)
            os.kill(helper.pid, signal.SIGTERM)
            (await helper.tcp(*near.getsockname())).close()
            return helper.pid

    pid = asyncio.run(scene())

    assert not Path(f"/proc/{pid}").exists()
