"""The one place that dials: which addresses, after which lookups, through which proxy, and how it fails."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from hearth.call import Mode, Place
from hearth.outbound.connect import Route, connect
from hearth.outbound.egress import Egress
from hearth.outbound.names import Resolver
from hearth.outbound.pool import Pool
from hearth.problems import Forbidden, Problem, Unreachable
from hearth_config.addresses import TcpAddress, UnixAddress
from outbound.raw_server import QUICK, Book, RawServer, answering, get, serving, unheard, whole


async def _ask(
    book: Book, host: str, port: int, mode: Mode = "any", place: Place = "cloud"
) -> tuple[bytes | Problem, Pool]:
    pool = Pool(Egress(mode, names=["known.lan"]), resolver=Resolver(book))
    try:
        return await get(pool, pool.origin(TcpAddress("http", host, port), who="raw", place=place)), pool
    except Problem as problem:
        return problem, pool
    finally:
        await pool.aclose()


@pytest.mark.parametrize("host", ["localhost", "ollama.localhost", "127.0.0.1"])
def test_this_machine_is_dialled_without_a_lookup(host: str) -> None:
    """T33: localhost is mapped in code: offline the resolver is never called and only loopback is dialled."""

    async def act() -> None:
        book = Book()
        async with serving(answering(whole(b"x"))) as raw:
            answer, pool = await _ask(book, host, raw.port, "offline", "machine")

            assert answer == b"x"
            assert book.asked == []
            assert list(pool.egress.contacts.by_address) == [f"127.0.0.1:{raw.port}"]

    asyncio.run(act())


@pytest.mark.skipif(not socket.has_ipv6, reason="this system has no IPv6")
def test_localhost_is_also_the_other_loopback() -> None:
    """A server that listens on ::1 only is found after 127.0.0.1 has refused."""

    async def act() -> None:
        raw = RawServer(answering(whole(b"six")))
        try:
            server = await asyncio.start_server(raw.run, "::1", 0)
        except OSError as error:
            pytest.skip(f"::1 cannot be used here: {error}")
        async with server:
            answer, pool = await _ask(Book(), "localhost", server.sockets[0].getsockname()[1], "offline", "machine")

            assert answer == b"six"
            assert len(pool.egress.contacts.by_address) == 2
        await raw.stop()

    asyncio.run(act())


@pytest.mark.parametrize("planned", ["machine", "lan", "cloud"])
@pytest.mark.parametrize(
    "host", ["evil.example", "known.lan", "10.1.2.3", "192.0.2.1", "::ffff:8.8.8.8", "169.254.1.1"]
)
def test_offline_nothing_but_this_machine_is_tried(host: str, planned: Place) -> None:
    """T30, T33: neither a lookup nor a dial, whatever place somebody planned it for."""

    async def act() -> None:
        book = Book(evil_example="127.0.0.1", known_lan="127.0.0.1")
        answer, pool = await _ask(book, host, 9, "offline", planned)

        assert isinstance(answer, Forbidden)
        assert book.asked == []
        assert pool.egress.contacts.by_address == {}

    asyncio.run(act())


@pytest.mark.parametrize("planned", ["lan", "cloud"])
def test_offline_what_only_looks_like_this_machine_is_not_dialled(planned: Place, tmp_path: Path) -> None:
    """T33: a tunnel on loopback or on a socket that was declared to lead away: nobody connects to it."""

    async def act() -> None:
        for address in (TcpAddress("http", "127.0.0.1", 9), UnixAddress(str(tmp_path / "tunnel"))):
            route, permit = Route(address, planned), Egress("offline")
            with pytest.raises(Forbidden):
                await connect(route, asyncio.Protocol, permit=permit, limits=QUICK, resolver=Resolver(Book()), who="x")
            assert permit.contacts.by_address == {}

    asyncio.run(act())


def test_in_lan_only_configured_names_are_looked_up() -> None:
    """A name no configured provider uses is not even asked for."""

    async def act() -> None:
        book = Book(known_lan="127.0.0.1", other_lan="127.0.0.1")
        async with serving(answering(whole(b"x"))) as raw:
            known, pool = await _ask(book, "known.lan", raw.port, "lan", "lan")
            other, _ = await _ask(book, "other.lan", raw.port, "lan", "lan")

            assert known == b"x"
            assert isinstance(other, Forbidden)
            assert book.asked == ["known.lan"]
            assert "name lookup: known.lan" in pool.egress.contacts.by_address

    asyncio.run(act())


@pytest.mark.parametrize(
    ("found", "planned"), [("93.184.216.34", "lan"), ("10.0.0.1", "machine"), ("::ffff:8.8.8.8", "lan")]
)
def test_a_name_that_resolves_farther_than_planned_is_not_dialled(found: str, planned: Place) -> None:
    """T33: planned as near, found to be far: refused, nothing sent, nothing contacted."""

    async def act() -> None:
        answer, pool = await _ask(Book(known_lan=found), "known.lan", 9, "any", planned)

        assert isinstance(answer, Forbidden)
        assert list(pool.egress.contacts.by_address) == ["name lookup: known.lan"]

    asyncio.run(act())


def test_a_name_may_have_a_dead_address() -> None:
    """The next address of a name is tried when one refuses."""

    async def act() -> None:
        async with serving(answering(whole(b"x"))) as raw:
            answer, _ = await _ask(Book(two_example="127.0.0.9 127.0.0.1"), "two.example", raw.port)

            assert answer == b"x"

    asyncio.run(act())


@pytest.mark.skipif(sys.platform == "win32", reason="asyncio has no Unix sockets there")
def test_a_missing_or_dead_socket_is_named(tmp_path: Path) -> None:
    """F1: no such file, no listener, no socket at all: each names the path."""

    async def act() -> None:
        dead = tmp_path / "dead"
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(str(dead))
        pool = Pool(Egress("offline"))
        for path, said in ((tmp_path / "none", "there is no socket at"), (dead, "connection refused at")):
            origin = pool.origin(UnixAddress(str(path)), who="raw", place="machine")
            with pytest.raises(Unreachable, match=f"{said} {path}"):
                await get(pool, origin)
        long = pool.origin(UnixAddress("/" + "x" * 200), who="raw", place="machine")
        with pytest.raises(Unreachable, match="too long"):
            await get(pool, long)

    asyncio.run(act())


def test_a_failed_dial_leaves_room_for_the_next() -> None:
    """A connection that never came about does not count against `max_open`."""

    async def act() -> None:
        with unheard() as address:
            pool = Pool(Egress("any"), max_open=1)
            origin = pool.origin(address, who="raw", place="machine")
            for _ in range(3):
                with pytest.raises(Unreachable):
                    await asyncio.wait_for(get(pool, origin), QUICK.connect)
            await pool.aclose()

    asyncio.run(act())


UNREACHED = """
import asyncio
from hearth.outbound.egress import Egress
from hearth.outbound.pool import Pool
from hearth_config.addresses import TcpAddress

async def main() -> None:
    pool = Pool(Egress("any"))
    try:
        await pool.send(pool.origin(TcpAddress("http", "192.0.2.1", 80), who="x", place="cloud"), "GET", "/")
    except Exception as problem:
        print(repr(problem))

asyncio.run(main())
"""


def test_a_vanished_network_is_said_at_once() -> None:
    """F57: in a network namespace without any network the kernel's word comes through within a second."""
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-rn", "true"], check=False, capture_output=True).returncode:
        pytest.skip("no empty network namespace can be made here")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}

    child = subprocess.run(
        [unshare, "-rn", sys.executable, "-c", UNREACHED], env=env, check=True, capture_output=True, timeout=30
    )

    assert child.stdout.decode().strip() == "Unreachable('no network leads to 192.0.2.1:80.', who='x')"
