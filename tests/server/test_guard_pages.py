"""Web pages: what they may not do, what one that is listed may, and that no reply ever invites others."""

from __future__ import annotations

import asyncio

import pytest
from multidict import CIMultiDict

from hearth.problems import Forbidden, WrongMediaType
from hearth.rehearsal import Rehearsal
from hearth.server.guard import Door, Rules, screen
from hearth_home import Home, beside, running
from server.door import JSON, PLACES, admin, ask, host, quiet_log, read, say, spell

LISTED = "http://localhost:3000"
CONFIG = f'[listen]\ntcp = "127.0.0.1:0"\norigins = ["{LISTED}"]\n'
EVIL = [
    "null",
    "",
    "*",
    "http://evil.example",
    "https://evil.example",
    "http://localhost",
    "https://localhost",
    "http://localhost:3001",
    "https://localhost:3000",
    "http://localhost:30000",
    "http://localhost:3000.evil.example",
    "http://localhost:3000/",
    "HTTP://LOCALHOST:3000",
    "http://localhost:3000, http://evil.example",
    "http://evil.example http://localhost:3000",
    "http://127.0.0.1",
    "http://127.0.0.1:3000",
    "http://[::1]:3000",
    "http://0.0.0.0:3000",
    "http://192.168.0.10",
    "http://a.localhost:3000",
    "http://localhost.evil.example",
    "http://user@localhost:3000",
    "file://",
    "app://obsidian.md",
    "tauri://localhost",
    "capacitor://localhost",
    "vscode-webview://0abc",
    "vscode-file://vscode-app",
    "chrome-extension://abcdefghijklmnop",
    "moz-extension://0",
    "safari-web-extension://0",
    "\udcff",
]
SIMPLE = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
UNSAFE = [place for place in PLACES if place.method in ("POST", "PUT", "DELETE")]
BODY = b'{"model":"scripted","messages":[{"role":"user","content":"Hello there"}]}'


@pytest.mark.timeout(120)
def test_no_route_answers_a_foreign_page_or_its_preflight() -> None:
    """T5, T21, G4: 33 origins on every route, by request and by preflight: 403, and no header that lets a page read."""

    async def act() -> None:
        async with running(CONFIG) as home:
            for place in PLACES:
                await asyncio.gather(*(_is_shut_out(home, place.method, place.path, origin) for origin in EVIL))

    with quiet_log():
        asyncio.run(act())


async def _is_shut_out(home: Home, method: str, path: str, origin: str) -> None:
    asked = ("Access-Control-Request-Method", method)
    plain = await ask(home, method, path, [("Origin", origin), JSON, admin(home)])
    flown = await ask(home, "OPTIONS", path, [("Origin", origin), asked, ("Access-Control-Request-Headers", "x")])

    for answer in (plain, flown):
        assert answer.status == 403, (method, path, origin, answer)
        assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("kind", SIMPLE)
def test_what_a_page_can_send_without_a_preflight_reaches_nobody(kind: str) -> None:
    """T4, G4: a form, plain text or nothing, from any page: 403 or 415, and nothing is asked."""
    marks = [
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
        ("Referer", "https://evil.example/page"),
        ("Referer", "not a url ://["),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
        ("Sec-Fetch-Site", "none"),
        ("Sec-Fetch-Site", "same-origin"),
        ("Origin", LISTED),
    ]

    async def act() -> tuple[set[int], list[str]]:
        async with Rehearsal() as ollama, running(beside(ollama, CONFIG)) as home:
            before = len(ollama.calls)
            typed = [("Content-Type", kind)] if kind else []
            asked = [ask(home, one.method, one.path, [mark, *typed], BODY) for one in UNSAFE for mark in marks]
            answers = await asyncio.gather(*asked)
            return {answer.status for answer in answers}, [call.path for call in ollama.calls[before:]]

    statuses, reached = asyncio.run(act())

    assert statuses == {403, 415}
    assert not reached


def test_no_reply_ever_invites_a_page_by_default() -> None:
    """T5: good answers, errors and preflights of any route carry no Access-Control header."""

    async def act() -> list[str]:
        async with Rehearsal() as ollama, running(beside(ollama)) as home:
            places = [one for one in PLACES if not one.path.startswith(("/hearth/v1/stop", "/hearth/v1/events"))]
            asked = [ask(home, one.method, one.path, [JSON, admin(home)], BODY) for one in places]
            flown = [ask(home, "OPTIONS", one.path, [("Access-Control-Request-Method", "POST")]) for one in places]
            answers = await asyncio.gather(*asked, *flown)
            return [name for answer in answers for name in answer.headers if name.startswith("access-control")]

    assert asyncio.run(act()) == []


def test_a_listed_page_may_ask_and_read() -> None:
    """T5: exactly the origin in the config, told to caches, never with credentials or a star."""

    async def act() -> None:
        async with Rehearsal() as ollama, running(beside(ollama, CONFIG)) as home:
            asked = [("Origin", LISTED), ("Access-Control-Request-Headers", "content-type, x-stainless-os")]
            flown = await ask(home, "OPTIONS", "/v1/chat/completions", asked)
            answer = await ask(home, "POST", "/v1/chat/completions", [("Origin", LISTED), JSON], BODY)
            refused = await ask(home, "POST", "/v1/chat/completions", [("Origin", LISTED), JSON], b"{")

        assert flown.status == 204
        assert flown.headers["access-control-allow-origin"] == LISTED
        assert flown.headers["access-control-allow-headers"] == "content-type, x-stainless-os"
        assert "POST" in flown.headers["access-control-allow-methods"]
        assert "access-control-allow-credentials" not in flown.headers
        assert "access-control-allow-private-network" not in flown.headers
        assert (answer.status, refused.status) == (200, 400)
        for one in (flown, answer, refused):
            assert (one.headers["access-control-allow-origin"], one.headers["vary"]) == (LISTED, "Origin")

    asyncio.run(act())


def test_a_listed_page_gets_its_preflight_answered_where_tokens_are_needed() -> None:
    """T5, T6: a browser sends no token with a preflight; the request after it must show one."""
    config = CONFIG.replace("origins", 'trust = "token"\norigins')

    async def act() -> list[int]:
        async with running(config) as home:
            origin, token = ("Origin", LISTED), ("Authorization", f"Bearer {home.token('infer')}")
            flown = await ask(home, "OPTIONS", "/api/tags", [origin, ("Access-Control-Request-Method", "GET")])
            bare = await ask(home, "GET", "/api/tags", [origin])
            shown = await ask(home, "GET", "/api/tags", [origin, token])
            foreign = await ask(home, "OPTIONS", "/api/tags", [("Origin", "https://evil.example"), token])
            return [flown.status, bare.status, shown.status, foreign.status]

    assert asyncio.run(act()) == [204, 401, 200, 403]


def test_a_page_cannot_open_a_socket_of_its_own() -> None:
    """T21: an upgrade from a foreign page is refused, and no upgrade at all is ever made."""
    upgrade = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")]
    upgrade.append(("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="))

    async def act() -> None:
        async with running() as home:
            for place in PLACES:
                evil = [host(home), *upgrade, ("Origin", "http://evil.example")]
                assert read(await say(home, spell(place.method, place.path, evil), wait=0.05)).status == 403
            bare = read(await say(home, spell("GET", "/", [host(home), *upgrade]), wait=0.2))

        assert bare.status == 200

    asyncio.run(act())


def test_node_programs_are_no_pages() -> None:
    """T4: `fetch` in Node sends Sec-Fetch-Mode alone, and Ollama's own examples a form's type: both are answered."""

    async def act() -> list[int]:
        async with Rehearsal() as ollama, running(beside(ollama)) as home:
            node = [("Sec-Fetch-Mode", "cors"), ("Accept-Language", "*"), ("Content-Type", "text/plain;charset=UTF-8")]
            curl = [("Content-Type", "application/x-www-form-urlencoded")]
            return [(await ask(home, "POST", "/api/chat", headers, BODY)).status for headers in (node, curl, [])]

    assert asyncio.run(act()) == [200, 200, 200]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "\udcff"])
def test_a_page_of_another_site_is_known_by_that_mark_alone(method: str, site: str) -> None:
    """T4, T19: a picture or a link on any page sends no Origin, only where it comes from: it is not answered."""
    headers = CIMultiDict({"Host": "127.0.0.1:11430", "Sec-Fetch-Site": site, "Content-Type": "application/json"})

    with pytest.raises(Forbidden):
        screen(method, headers, Door("tcp", "127.0.0.1", 11430), Rules())


def test_our_own_page_may_ask_in_json() -> None:
    """T4: same origin by name and port; another port of this machine is another origin."""
    door, rules = Door("tcp", "127.0.0.1", 11430), Rules()
    ours = CIMultiDict({"Host": "127.0.0.1:11430", "Origin": "http://127.0.0.1:11430", "Content-Type": "text/json"})

    with pytest.raises(WrongMediaType):
        screen("POST", ours, door, rules)
    ours["Content-Type"] = "application/json; charset=utf-8"
    ours["Sec-Fetch-Site"] = "same-origin"
    screen("POST", ours, door, rules)
    ours["Origin"] = "http://127.0.0.1:11434"
    with pytest.raises(Forbidden):
        screen("POST", ours, door, rules)


@pytest.mark.parametrize("origin", ["https://evil.example", "vscode-webview://listed"])
def test_nobody_is_invited_in_from_the_network(origin: str) -> None:
    """T36: what browsers ask before a public page may reach this machine is not answered, for a listed page neither."""
    listed = '[listen]\ntcp = "127.0.0.1:0"\norigins = ["vscode-webview://listed"]\n'

    async def act() -> list[dict[str, str]]:
        async with running(listed) as home:
            asked = [
                ("Origin", origin),
                ("Access-Control-Request-Method", "POST"),
                ("Access-Control-Request-Private-Network", "true"),
                ("Access-Control-Request-Local-Network", "true"),
            ]
            paths = ("/", "/api/chat", "/hearth/v1/status")
            return [(await ask(home, "OPTIONS", path, asked)).headers for path in paths]

    answers = asyncio.run(act())

    assert not [name for headers in answers for name in headers if "network" in name]
