"""The proxy of one provider: used by CONNECT, never for this machine, never taken from the environment."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from hearth.call import Place
from hearth.outbound.egress import Egress
from hearth.outbound.names import Resolver
from hearth.outbound.pool import Pool
from hearth.outbound.proxy import Proxy
from hearth.problems import Forbidden, Problem, Unreachable
from hearth_config.addresses import TcpAddress
from hearth_config.secrets import SecretError
from outbound.raw_server import Book, RawServer, Visit, answering, get, serving, whole


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


async def _through(
    proxy: RawServer, login: Callable[[], str] | None = None, host: str = "name.example", place: Place = "cloud"
) -> object:
    server = await asyncio.start_server(proxy.run, "127.0.0.1", 0)
    book = Book()
    try:
        async with server, serving(answering(whole(b"through"))) as raw:
            settings = Proxy(TcpAddress("http", "127.0.0.1", server.sockets[0].getsockname()[1]), login)
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

    assert asyncio.run(_through(proxy, lambda: "u:p@s")) == b"through"
    assert heads[0].startswith(b"CONNECT name.example:")


@pytest.mark.parametrize(
    ("status", "said"),
    [(b"403 no", "refused a tunnel to name.example"), (b"407 no", "status 407"), (b"hello", "does not speak HTTP")],
)
def test_a_proxy_that_says_no_is_named(status: bytes, said: str) -> None:
    """F18: who refused, with which status; never the password."""
    _, proxy = _connect_proxy(status)

    problem = asyncio.run(_through(proxy, lambda: "u:secret"))

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


def test_a_login_that_cannot_be_had_is_told_with_what_to_do() -> None:
    """The reference is named and the next step; the proxy is not asked."""
    heads, proxy = _connect_proxy()

    def login() -> str:
        raise SecretError("env:PROXY_LOGIN", "is not set", "Set it in hearth.env")

    problem = asyncio.run(_through(proxy, login))

    assert isinstance(problem, Unreachable)
    assert "env:PROXY_LOGIN: is not set" in problem.message
    assert "hearth.env" in problem.next_step
    assert heads == []


def test_a_proxy_never_shows_its_password() -> None:
    """T16: neither repr nor str holds the credential, in any encoding."""
    proxy = Proxy(TcpAddress("http", "10.0.0.1", 8080), lambda: "user:hunter2")

    assert str(proxy) == repr(proxy) == "Proxy('http://10.0.0.1:8080')"


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
