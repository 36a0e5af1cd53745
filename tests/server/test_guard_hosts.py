"""The Host header: a web page whose name was pointed at this machine gets nothing, on no route."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from multidict import CIMultiDict

from hearth.problems import WrongHost
from hearth.server.guard import Door, Rules, check_host
from hearth_config.errors import ConfigError
from hearth_home import Home, make, running
from server.door import PLACES, ask, host, quiet_log, read, say, say_by_socket, spell

WRONG = [
    "",
    "evil.example",
    "evil.example:{port}",
    "localhost",
    "127.0.0.1",
    "[::1]",
    "localhost:1",
    "127.0.0.1:80",
    "[::1]:443",
    "localhost:{port}0",
    "localhost:0{port}",
    "localhost:",
    "localhost:{port}:{port}",
    "localhost:{port}/",
    "localhost:{port}/x?",
    "localhost:{port}#",
    "localhost:{port}?x",
    "localhost/x?:{port}",
    "localhost@evil.example:{port}",
    "evil.example@localhost:{port}",
    "user:pass@127.0.0.1:{port}",
    "localhost.evil.example:{port}",
    "localhost.localdomain:{port}",
    "127.0.0.1.nip.io:{port}",
    "127.0.0.1.:{port}0",
    "localhost..:{port}",
    ".localhost:{port}",
    "127.1:{port}",
    "127.0.1:{port}",
    "2130706433:{port}",
    "0x7f000001:{port}",
    "0177.0.0.1:{port}",
    "127.0.0.01:{port}",
    "127.0.0.2:{port}",
    "0.0.0.0:{port}",
    "0:{port}",
    "[::]:{port}",
    "[::ffff:127.0.0.1]:{port}",
    "[0:0:0:0:0:0:0:1]:{port}",
    "[::1%lo]:{port}",
    "::1:{port}",
    "::1",
    "192.168.0.10:{port}",
    "10.0.0.1:{port}",
    "169.254.169.254:{port}",
    "hearth:{port}",
    "box.local:{port}",
    "*:{port}",
    "localhost%00:{port}",
    "localhost,evil.example:{port}",
    "localhost:{port}, evil.example",
    "\udcff:{port}",
    "lоcalhost:{port}",
    "http://localhost:{port}",
    "'localhost':{port}",
]
RIGHT = ["localhost:{port}", "127.0.0.1:{port}", "[::1]:{port}", "LOCALHOST:{port}", "localhost.:{port}"]


@pytest.mark.timeout(120)
def test_no_route_answers_to_a_foreign_host() -> None:
    """T1, T3, T9, G4: 55 spellings on every route, by a raw socket: 421, closed, without a byte of body."""

    async def act() -> None:
        async with running() as home:
            for place in PLACES:
                await asyncio.gather(*(_is_misdirected(home, place.method, place.path, wrong) for wrong in WRONG))

    with quiet_log():
        asyncio.run(act())


async def _is_misdirected(home: Home, method: str, path: str, wrong: str) -> None:
    shown = wrong.format(port=home.port)
    found = await say(home, spell(method, path, [("Host", shown)]))

    answer = read(found)
    assert (answer.status, answer.body) == (421, b""), (method, path, wrong, found)
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("right", RIGHT)
def test_every_spelling_of_our_own_name_is_answered(right: str) -> None:
    """T1: any case, and one trailing dot."""

    async def act() -> None:
        async with running() as home:
            answer = await ask(home, "GET", "/", [("Host", right.format(port=home.port))])

        assert (answer.status, answer.body) == (200, b"Ollama is running")

    asyncio.run(act())


def test_a_request_without_a_host_or_with_two_is_refused() -> None:
    """T1, T23: which of two would count is nothing to guess about."""

    async def act() -> None:
        async with running() as home:
            none = read(await say(home, spell("GET", "/")))
            old = read(await say(home, spell("GET", "/", version="1.0")))
            two = read(await say(home, spell("GET", "/", [host(home), host(home)])))

        assert (none.status, old.status, two.status) == (400, 421, 400)

    asyncio.run(act())


def test_the_guard_itself_takes_one_host_only() -> None:
    """T1, T9: two names of ours are refused too, should a parser ever let them pass."""
    door, ours = Door("tcp", "127.0.0.1", 11430), ("Host", "127.0.0.1:11430")

    check_host(CIMultiDict([ours]), door, Rules())
    for hosts in ([], [ours, ours], [ours, ("Host", "evil.example")]):
        with pytest.raises(WrongHost):
            check_host(CIMultiDict(hosts), door, Rules())


def test_a_target_that_names_another_server_is_refused_whatever_the_host_says() -> None:
    """T9, T23, F31: Hearth is no proxy; in absolute form the target's own server must be us too."""

    async def act() -> None:
        async with running() as home:
            foreign = await ask(home, "GET", "http://evil.example/api/tags")
            broken = await ask(home, "GET", f"http://127.0.0.1:{home.port}@evil.example/api/tags")
            tunnel = await ask(home, "CONNECT", "evil.example:443")
            ours = await ask(home, "GET", f"http://127.0.0.1:{home.port}/api/version")
            both = await ask(home, "GET", f"http://127.0.0.1:{home.port}/api/version", [("Host", "evil.example")])

        assert (foreign.status, broken.status, tunnel.status, ours.status, both.status) == (421, 421, 421, 200, 421)

    asyncio.run(act())


def test_a_refused_host_is_counted_for_the_doctor_in_plain_letters() -> None:
    """T1, F30: whatever bytes it was made of, `hearth status` can still be written."""

    async def act() -> None:
        async with running() as home:
            for name in ("evil.example", "\udcff\udcfe", "evil.example"):
                await ask(home, "GET", "/", [("Host", name)])
            status = await say_by_socket(home, spell("GET", "/hearth/v1/status", [("Host", "localhost")]), wait=1.0)
            counted = dict(home.daemon.core.refused_callers)

        assert counted == {"evil.example": 2, "\\udcff\\udcfe": 1}
        assert b" 200 OK" in status

    asyncio.run(act())


def test_the_socket_has_names_of_its_own() -> None:
    """T1: by the Unix socket nobody knows a port; foreign names are refused there as well."""

    async def act() -> None:
        async with running() as home:
            names = ("localhost", "hearth", "localhost:1234", "evil.example", "", "localhost:x")
            asked = [spell("GET", "/", [("Host", name), ("Connection", "close")]) for name in names]
            statuses = [read(await say_by_socket(home, request)).status for request in asked]

        assert statuses == [200, 200, 200, 421, 421, 421]

    asyncio.run(act())


def test_a_listed_name_is_accepted_exactly() -> None:
    """T2: the list adds names; it never turns the check off."""
    config = '[listen]\ntcp = "127.0.0.1:0"\nhosts = ["box.lan"]\n'

    async def act() -> list[int]:
        async with running(config) as home:
            names = ("box.lan", "BOX.LAN", "a.box.lan", "box.lan.evil.example", f"localhost:{home.port}")
            return [(await ask(home, "GET", "/", [("Host", name)])).status for name in names]

    assert asyncio.run(act()) == [200, 200, 421, 421, 200]


def test_a_listed_name_is_meant_with_the_port_that_clients_use() -> None:
    """T2: clients send the listener's port along; another port has to be listed itself, as behind a proxy."""
    door = Door("tcp", "192.168.1.5", 11430)
    rules = Rules("token", hosts=frozenset({"box.lan", "192.168.1.5", "fd00::5", "proxy.lan:8443"}))

    for name in ("box.lan:11430", "192.168.1.5:11430", "[fd00::5]:11430", "box.lan", "proxy.lan:8443"):
        check_host(CIMultiDict(Host=name), door, rules)
    for name in (
        "box.lan:80",
        "box.lan:",
        "proxy.lan",
        "proxy.lan:11430",
        "a.box.lan:11430",
        "box.lan:11430.evil.example",
    ):
        with pytest.raises(WrongHost):
            check_host(CIMultiDict(Host=name), door, rules)


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "192.168.1.5:0"])
@pytest.mark.parametrize("rest", ["", 'trust = "token"', 'hosts = ["box.lan"]'])
def test_an_address_that_others_reach_needs_names_and_tokens(address: str, rest: str, tmp_path: Path) -> None:
    """T2: without both the daemon does not start, and says what is missing."""
    with pytest.raises(ConfigError, match=r'trust = "token".*hosts'):
        make(tmp_path, f'[listen]\ntcp = "{address}"\n{rest}\n')


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.1.5"])
def test_a_wide_listener_still_checks_the_host(address: str) -> None:
    """T2, T3: what it is bound to is never taken for a name of ours; listed names are."""
    door, rules = Door("tcp", address, 11430), Rules("token", hosts=frozenset({"box.lan:11430"}))

    check_host(CIMultiDict(Host="box.lan:11430"), door, rules)
    for name in (f"{address}:11430", f"[{address}]:11430", "evil.example:11430"):
        with pytest.raises(WrongHost):
            check_host(CIMultiDict(Host=name), door, rules)


def test_another_loopback_address_of_ours_has_its_own_name() -> None:
    """T1: a listener on 127.0.0.2 answers to that name, and on 80 to names without a port, as clients write them."""
    check_host(CIMultiDict(Host="127.0.0.2:11430"), Door("tcp", "127.0.0.2", 11430), Rules())
    check_host(CIMultiDict(Host="localhost"), Door("tcp", "127.0.0.1", 80), Rules())

    with pytest.raises(WrongHost):
        check_host(CIMultiDict(Host="127.0.0.2:11430"), Door("tcp", "127.0.0.1", 11430), Rules())
