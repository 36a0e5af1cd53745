"""The one place that dials: which addresses, after which lookups, through which proxy, and how it fails."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from hearth.call import Mode, Place
from hearth.outbound.egress import Egress
from hearth.outbound.happy import first_to_connect
from hearth.outbound.names import Resolver
from hearth.outbound.pool import Pool
from hearth.outbound.proxy import Proxy, parse_proxy
from hearth.outbound.request import encode_headers, request_line
from hearth.problems import Forbidden, Problem, TimedOut, Unreachable
from hearth_config.addresses import TcpAddress, UnixAddress
from outbound.raw_server import QUICK, RawServer, Visit, answering, asking, get, serving, whole


class Book:
    """A resolver's lookup that knows some names and remembers who was asked for."""

    def __init__(self, **names: str) -> None:
        self.asked: list[str] = []
        self._names = {name.replace("_", "."): found for name, found in names.items()}

    def __call__(self, host: str) -> tuple[str, ...]:
        self.asked.append(host)
        if host not in self._names:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return tuple(self._names[host].split())


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


def test_answers_of_a_lookup_are_kept_for_a_while() -> None:
    """One lookup serves many connections, and so does a failure; `forget` ends both."""

    async def act() -> None:
        book = Book(a_example="127.0.0.1 ::1 127.0.0.2")
        resolver, egress = Resolver(book), Egress("any")

        for _ in range(3):
            assert await resolver.addresses("a.example", egress) == ("127.0.0.1", "::1", "127.0.0.2")
            with pytest.raises(Unreachable, match=r"the name b.example was not found \(Name or service not known\)"):
                await resolver.addresses("b.example", egress)
        assert book.asked == ["a.example", "b.example"]

        resolver.forget()
        await resolver.addresses("a.example", egress)
        assert len(book.asked) == 3

    asyncio.run(act())


def test_a_lookup_that_hangs_stalls_nobody_else() -> None:
    """F58: it ends after the cap, is asked once however many wait, other names and the default threads go on."""

    async def act() -> None:
        release = threading.Event()
        asked: list[str] = []

        def look_up(host: str) -> tuple[str, ...]:
            asked.append(host)
            if host.startswith("hangs"):
                release.wait(10)
            return ("127.0.0.1",)

        resolver, egress = Resolver(look_up, cap=0.2), Egress("any")
        began = time.monotonic()
        waiting = [asyncio.create_task(resolver.addresses("hangs.example", egress)) for _ in range(50)]
        await asyncio.sleep(0.01)

        assert await resolver.addresses("fine.example", egress) == ("127.0.0.1",)
        assert await asyncio.to_thread(int, 1) == 1
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert all(isinstance(result, TimedOut) for result in results)
        assert asked == ["hangs.example", "fine.example"]
        assert time.monotonic() - began < 1.0

        more = [resolver.addresses(f"hangs{n}.example", egress) for n in range(9)]
        results = await asyncio.gather(*more, return_exceptions=True)
        assert sum(isinstance(result, Unreachable) for result in results) == 6
        release.set()

    asyncio.run(act())


def test_a_slow_address_is_overtaken() -> None:
    """A dead address of a name costs a moment, not the connect deadline; what came second is let go."""

    async def act() -> None:
        discarded: list[str] = []
        begun: list[str] = []

        async def dial(address: str) -> str:
            begun.append(address)
            await asyncio.sleep({"dead": 30.0, "good": 0.05}[address])
            return address

        began = time.monotonic()
        assert await first_to_connect(["dead", "good"], dial, discarded.append, stagger=0.02) == "good"
        assert time.monotonic() - began < 1.0
        assert begun == ["dead", "good"]

    asyncio.run(act())


def test_two_winners_are_one_too_many() -> None:
    """When two addresses answer at the same moment one connection is discarded."""

    async def act() -> None:
        discarded: list[str] = []

        async def dial(address: str) -> str:
            await asyncio.sleep(0.05 if address == "first" else 0.03)
            return address

        winner = await first_to_connect(["first", "second"], dial, discarded.append, stagger=0.02)
        assert sorted([winner, *discarded]) in (["first", "second"], [winner])

    asyncio.run(act())


def test_the_first_failure_is_the_one_that_is_told() -> None:
    """All addresses failed: the preferred one says why."""

    async def act() -> None:
        async def dial(address: str) -> str:
            raise ConnectionRefusedError(address)

        with pytest.raises(ConnectionRefusedError, match="one"):
            await first_to_connect(["one", "two"], dial, print)

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


def _connect_proxy(status: bytes = b"200 OK", wanted: bytes = b"") -> tuple[list[bytes], RawServer]:
    """A CONNECT proxy that relays to where it is told, or answers with `status`."""
    heads: list[bytes] = []

    async def script(visit: Visit) -> None:
        head, _ = await visit.request()
        heads.append(head)
        if wanted not in head:
            await visit.say(b"HTTP/1.1 407 x\r\nContent-Length: 0\r\n\r\n")
            return
        await visit.say(b"HTTP/1.1 " + status + b"\r\n\r\n")
        if not status.startswith(b"2"):
            return
        _, _, port = head.split()[1].decode().rpartition(":")
        reader, writer = await asyncio.open_connection("127.0.0.1", int(port))
        try:
            await asyncio.gather(_pump(visit.reader, writer), _pump(reader, visit.writer))
        finally:
            writer.transport.abort()

    return heads, RawServer(script)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()


async def _through(proxy: RawServer, userinfo: str = "", host: str = "name.example", place: Place = "cloud") -> object:
    server = await asyncio.start_server(proxy.run, "127.0.0.1", 0)
    book = Book()
    try:
        async with server, serving(answering(whole(b"through"))) as raw:
            settings = parse_proxy(f"http://{userinfo}127.0.0.1:{server.sockets[0].getsockname()[1]}")
            pool = Pool(Egress("any"), resolver=Resolver(book))
            try:
                address = TcpAddress("http", host, raw.port)
                return await get(pool, pool.origin(address, who="raw", place=place, proxy=settings))
            except Problem as problem:
                return problem
            finally:
                await pool.aclose()
                assert book.asked == []
    finally:
        await proxy.stop()


def test_a_configured_proxy_is_used_by_connect() -> None:
    """The proxy looks the name up, we do not; its password goes to it alone."""
    heads, proxy = _connect_proxy(wanted=b"Proxy-Authorization: Basic dTpwQHM=\r\n")

    assert asyncio.run(_through(proxy, "u:p%40s@")) == b"through"
    assert heads[0].startswith(b"CONNECT name.example:")


@pytest.mark.parametrize(
    ("status", "said"),
    [(b"403 no", "refused a tunnel to name.example"), (b"407 no", "status 407"), (b"hello", "does not speak HTTP")],
)
def test_a_proxy_that_says_no_is_named(status: bytes, said: str) -> None:
    """F18: who refused, with which status; never the password."""
    _, proxy = _connect_proxy(status)

    problem = asyncio.run(_through(proxy, "u:secret@"))

    assert isinstance(problem, Unreachable)
    assert said in problem.message
    assert "secret" not in problem.text


def test_a_proxy_is_never_used_for_this_machine() -> None:
    """T32: what is local stays local, whatever proxy is set."""
    heads, proxy = _connect_proxy()

    for host in ("127.0.0.1", "localhost"):
        assert asyncio.run(_through(proxy, host=host, place="machine")) == b"through"
    assert heads == []


def test_a_near_name_behind_a_proxy_is_refused() -> None:
    """T33: nobody could check what the proxy makes of a name that must stay near."""
    heads, proxy = _connect_proxy()

    assert isinstance(asyncio.run(_through(proxy, place="lan")), Forbidden)
    assert heads == []


@pytest.mark.parametrize(
    "text", ["https://p:1", "http://p:1/x", "socks5://p:1", "p:1", "http://u:pw@bad host", "unix:/x"]
)
def test_a_proxy_in_another_form_is_refused_without_repeating_it(text: str) -> None:
    """T16: the text may hold a password, so the error does not hold the text."""
    with pytest.raises(ValueError, match=" ") as refused:
        parse_proxy(text)

    assert text not in str(refused.value)
    assert "pw" not in str(refused.value)


def test_a_proxy_never_shows_its_password() -> None:
    """T16: neither repr nor str holds the credential, in any encoding."""
    proxy = parse_proxy("http://user:hunter2@10.0.0.1:8080")

    assert str(proxy) == repr(proxy) == "Proxy('http://10.0.0.1:8080')"
    assert proxy == Proxy(TcpAddress("http", "10.0.0.1", 8080), proxy.authorization)


CHILD = """
import asyncio, sys
from hearth.outbound.egress import Egress
from hearth.outbound.pool import Pool
from hearth_config.addresses import TcpAddress

async def main() -> None:
    pool = Pool(Egress("any"))
    for place in ("machine", "cloud"):
        origin = pool.origin(TcpAddress("http", "127.0.0.1", int(sys.argv[1])), who="x", place=place)
        reply = await pool.send(origin, "GET", "/")
        print((await reply.read_all(100)).decode())
    await pool.aclose()

asyncio.run(main())
"""


def test_proxy_variables_are_never_read() -> None:
    """T32: with all eight set to a canary, and NO_PROXY empty, the canary gets no hit."""

    async def act() -> None:
        async with serving(answering(whole(b"stolen"))) as canary, serving(answering(whole(b"direct"))) as raw:
            names = ("http_proxy", "https_proxy", "all_proxy", "ftp_proxy")
            env = {name: f"http://127.0.0.1:{canary.port}" for plain in names for name in (plain, plain.upper())}
            paths = os.pathsep.join(path for path in sys.path if path)
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-c", CHILD, str(raw.port), stdout=subprocess.PIPE,
                env={**os.environ, **env, "NO_PROXY": "", "no_proxy": "", "PYTHONPATH": paths},
            )  # fmt: skip
            out, _ = await child.communicate()

            assert out.split() == [b"direct", b"direct"]
            assert canary.visits == 0

    asyncio.run(act())


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\r\nb"])
def test_a_header_name_that_could_smuggle_is_refused(name: str) -> None:
    """T23: what is no token is not sent."""
    with pytest.raises(ValueError, match="cannot be sent"):
        encode_headers(((name, "x"),))


@pytest.mark.parametrize("value", ["a\r\nb: c", "a\nb", "a\x00b", "€"])
def test_a_header_value_that_could_smuggle_is_refused_without_repeating_it(value: str) -> None:
    """T16, T23: line breaks and control characters end here; the value may be a key, so it is not repeated."""
    with pytest.raises(ValueError, match="'X-Key' cannot be sent") as refused:
        encode_headers((("X-Key", value),))

    assert value not in str(refused.value)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "x"), ("GET", "/a b"), ("GET", "/a\r\nX: y"), ("G T", "/"), ("GET", "/é")]
)
def test_a_request_line_that_could_smuggle_is_refused(method: str, path: str) -> None:
    """T23: one line, two blanks."""
    with pytest.raises(ValueError, match="request path"):
        request_line(method, path)


def test_a_user_agent_may_be_configured() -> None:
    """A provider that wants another User-Agent gets that one alone."""
    assert encode_headers((("User-Agent", "own/1"),)) == b"User-Agent: own/1\r\n"


def test_a_failed_dial_leaves_room_for_the_next() -> None:
    """A connection that never came about does not count against `max_open`."""

    async def act() -> None:
        async with serving(answering(whole(b"x"))) as raw:
            port = raw.port
        async with asking(raw, max_open=1) as (pool, origin):
            for _ in range(3):
                with pytest.raises(Unreachable):
                    await asyncio.wait_for(get(pool, origin), QUICK.connect)
            assert port == raw.port

    asyncio.run(act())
