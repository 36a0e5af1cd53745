"""TLS to providers, against a certificate authority made for the test: what is trusted, and what a refusal says."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from hearth.outbound.egress import Egress
from hearth.outbound.names import Resolver
from hearth.outbound.pool import Limits, Pool
from hearth.outbound.proxy import Proxy
from hearth.outbound.tls import context_for
from hearth.problems import BrokenReply, Problem, TimedOut, Unreachable
from hearth_config.addresses import TcpAddress
from outbound.authority import OPENSSL, Authority, serving_tls
from outbound.raw_server import OK, PATIENT_S, QUICK, RawServer, Visit, answering, chunk, get, serving, whole
from promised_times import held_once_of

pytestmark = pytest.mark.skipif(
    not OPENSSL, reason="the openssl command, which makes the certificates, is not installed"
)

LOOPS: list[Callable[[Coroutine[None, None, Any]], Any]] = [asyncio.run]
if sys.platform != "win32":
    import uvloop

    LOOPS.append(uvloop.run)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


async def _ask(
    port: int, *, ca: str | None, host: str = "127.0.0.1", proxy: int = 0, limits: Limits = QUICK
) -> bytes | Problem:
    pool = Pool(Egress("any"), resolver=Resolver(lambda _: ("127.0.0.1",)))
    try:
        address = TcpAddress("https", host, port)
        through = Proxy(TcpAddress("http", "127.0.0.1", proxy)) if proxy else None
        return await get(pool, pool.origin(address, who="raw", place="cloud", ca=ca, proxy=through), limits=limits)
    except Problem as problem:
        return problem
    finally:
        await pool.aclose()


@pytest.mark.parametrize("run", LOOPS)
def test_a_private_root_works_once_it_is_named(
    authority: Authority, run: Callable[[Coroutine[None, None, None]], None]
) -> None:
    """F18: `ca` makes a company's or one's own server trusted, by name and by address, on both loops."""

    async def act() -> None:
        for host in ("127.0.0.1", "box.example"):
            async with serving_tls(RawServer(answering(whole(b"safe"))), authority.certificate(host)) as port:
                assert await _ask(port, ca=str(authority.root), host=host) == b"safe"

    run(act())


def test_http_1_1_is_what_is_negotiated(authority: Authority) -> None:
    """A server that prefers HTTP/2 is told by ALPN that we speak HTTP/1.1."""

    async def act() -> None:
        chosen: list[object] = []

        async def script(visit: Visit) -> None:
            chosen.append(visit.writer.get_extra_info("ssl_object").selected_alpn_protocol())
            await visit.request()
            await visit.say(whole(b"x"))

        async with serving_tls(RawServer(script), authority.certificate("127.0.0.1")) as port:
            await _ask(port, ca=str(authority.root))
            assert chosen == ["http/1.1"]

    asyncio.run(act())


@pytest.mark.parametrize("run", LOOPS)
def test_a_refused_certificate_names_the_cause(
    authority: Authority, run: Callable[[Coroutine[None, None, None]], None]
) -> None:
    """F18: unknown root, wrong name and expired each fail closed, in words that say which it was."""

    async def act() -> None:
        root = str(authority.root)
        for host, name, days, ca, said, step in (
            ("127.0.0.1", "127.0.0.1", 5, None, "certificate", "set ca ="),
            ("127.0.0.1", "box.example", 5, root, "not valid for '127.0.0.1'", "another name"),
            ("other.example", "box.example", 5, root, "not valid for 'other.example'", "another name"),
            ("127.0.0.1", "127.0.0.1", -1, root, "has expired", "clock"),
        ):
            raw = RawServer(answering(whole(b"never")))
            async with serving_tls(raw, authority.certificate(name, days=days)) as port:
                problem = await _ask(port, ca=ca, host=host)

                assert isinstance(problem, Unreachable)
                assert said in problem.message
                assert step in problem.next_step

    run(act())


def test_the_system_store_is_believed(authority: Authority) -> None:
    """F18: a root in the system's own store needs no setting."""
    if sys.platform != "linux":
        pytest.skip("only OpenSSL's store can be replaced for one process")
    child = (
        "import asyncio, sys\n"
        "from hearth.outbound.egress import Egress\n"
        "from hearth.outbound.pool import Pool\n"
        "from hearth_config.addresses import TcpAddress\n"
        "async def main():\n"
        "    pool = Pool(Egress('any'))\n"
        "    origin = pool.origin(TcpAddress('https', '127.0.0.1', int(sys.argv[1])), who='x', place='cloud')\n"
        "    print(await (await pool.send(origin, 'GET', '/')).read_all(9))\n"
        "asyncio.run(main())\n"
    )

    async def act() -> None:
        async with serving_tls(RawServer(answering(whole(b"system"))), authority.certificate("127.0.0.1")) as port:
            paths = os.pathsep.join(path for path in sys.path if path)
            env = {**os.environ, "SSL_CERT_FILE": str(authority.root), "PYTHONPATH": paths}
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", child, str(port), stdout=subprocess.PIPE, env=env
            )
            out, _ = await process.communicate()
            assert out.strip() == b"b'system'"

    asyncio.run(act())


@pytest.mark.parametrize("run", LOOPS)
def test_tls_to_a_plain_port_says_so(run: Callable[[Coroutine[None, None, None]], None]) -> None:
    """F18: https on an http port is the commonest mistake, and has its own words."""

    async def act() -> None:
        async def script(visit: Visit) -> None:
            await visit.reader.read(10)
            await visit.say(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        async with serving(script) as raw:
            problem = await _ask(raw.port, ca=None)

            assert isinstance(problem, Unreachable)
            assert "does not speak TLS" in problem.message
            assert "http://" in problem.next_step

    run(act())


@pytest.mark.parametrize("run", LOOPS)
def test_a_hang_up_in_the_handshake_is_unreachable(run: Callable[[Coroutine[None, None, None]], None]) -> None:
    """F18: FIN and RST before the handshake is done."""

    async def act() -> None:
        async def fin(visit: Visit) -> None:
            await visit.reader.read(10)

        async def rst(visit: Visit) -> None:
            await visit.reader.read(10)
            visit.reset()

        for script in (fin, rst):
            async with serving(script) as raw:
                problem = await _ask(raw.port, ca=None)
                assert isinstance(problem, Unreachable)
                assert f"127.0.0.1:{raw.port}" in problem.message

    run(act())


@pytest.mark.parametrize("run", LOOPS)
def test_a_handshake_that_hangs_ends_in_time(run: Callable[[Coroutine[None, None, None]], None]) -> None:
    """F18: the handshake has its own deadline."""

    async def act() -> None:
        async def script(visit: Visit) -> None:
            await visit.closed()

        async with serving(script) as raw:
            problem = await _ask(raw.port, ca=None, limits=Limits(tls=0.3))

            assert problem == TimedOut(f"no TLS handshake with 127.0.0.1:{raw.port} within 0.3 s.", who="raw")

    run(act())


def test_plain_http_to_a_tls_port_is_no_reply(authority: Authority) -> None:
    """F18: what a TLS server answers to plain HTTP is a `BrokenReply` or a hang-up, never a crash."""

    async def act() -> None:
        async with serving_tls(RawServer(answering(whole(b"x"))), authority.certificate("127.0.0.1")) as port:
            pool = Pool(Egress("any"))
            origin = pool.origin(TcpAddress("http", "127.0.0.1", port), who="raw", place="machine")
            with pytest.raises((BrokenReply, Unreachable)):
                await get(pool, origin)

    asyncio.run(act())


@pytest.mark.parametrize("run", LOOPS)
def test_a_stream_over_tls_obeys_a_slow_reader_and_a_hang_up(
    authority: Authority, run: Callable[[Coroutine[None, None, float]], float]
) -> None:
    """F21, F23: back-pressure and cancelling work through TLS as without it."""

    async def act() -> float:
        closed = asyncio.Event()
        body = b"0123456789abcdef" * 300_000

        async def script(visit: Visit) -> None:
            await visit.request()
            await visit.say(whole(body))
            await visit.request()
            await visit.say(OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(b"abc"))
            await visit.closed()
            closed.set()

        async with serving_tls(RawServer(script), authority.certificate("127.0.0.1")) as port:
            pool = Pool(Egress("any"))
            address = TcpAddress("https", "127.0.0.1", port)
            origin = pool.origin(address, who="raw", place="cloud", ca=str(authority.root))
            reply = await pool.send(origin, "GET", "/", limits=QUICK)
            await asyncio.sleep(0.2)
            assert reply.unread < len(body)
            assert await reply.read_all(len(body)) == body

            with await pool.send(origin, "GET", "/", limits=QUICK) as reply:
                assert reply.connect_ms is None
                await reply.read_chunk()
                began = time.monotonic()
            await asyncio.wait_for(closed.wait(), PATIENT_S)
            seconds = time.monotonic() - began
            await pool.aclose()
            return seconds

    assert held_once_of(3, lambda: run(act()), lambda seconds: seconds < 0.5) < 0.5


def test_tls_goes_through_a_proxy_end_to_end(authority: Authority) -> None:
    """The certificate is the provider's: the proxy sees a name and ciphertext."""

    async def act() -> None:
        async def relay(visit: Visit) -> None:
            head, _ = await visit.request()
            reader, writer = await asyncio.open_connection("127.0.0.1", int(head.split()[1].rpartition(b":")[2]))
            await visit.say(b"HTTP/1.1 200 Connection established\r\n\r\n")
            try:
                await asyncio.gather(_pump(visit.reader, writer), _pump(reader, visit.writer))
            finally:
                writer.transport.abort()

        async with (
            serving_tls(RawServer(answering(whole(b"through"))), authority.certificate("box.example")) as port,
            serving(relay) as proxy,
        ):
            answer = await _ask(port, ca=str(authority.root), host="box.example", proxy=proxy.port)
            assert answer == b"through"

    asyncio.run(act())


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)


@pytest.mark.parametrize("text", [None, "", "no certificate", "ключ"])
def test_a_ca_file_that_cannot_be_used_is_named(tmp_path: Path, text: str | None) -> None:
    """A missing, empty or other file is an error that names it and the setting."""
    path = tmp_path / "ca.pem"
    if text is not None:
        path.write_text(text, "utf-8")

    with pytest.raises(Unreachable, match=r"the ca file .*ca\.pem cannot be used") as refused:
        context_for(str(path), "raw")

    assert refused.value.next_step == "Correct ca in hearth.toml."


def test_a_ca_file_that_changes_is_read_again(authority: Authority, tmp_path: Path) -> None:
    """A renewed root counts from the next connection on; an unchanged one is read once."""
    path = tmp_path / "ca.pem"
    path.write_bytes(authority.root.read_bytes())
    first = context_for(str(path), "raw")

    assert context_for(str(path), "raw") is first
    os.utime(path, ns=(1, 1))
    assert context_for(str(path), "raw") is not first
