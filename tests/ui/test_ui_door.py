"""The dashboard's door: its files say nothing, its link works once, its cookie opens the control API to it alone."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from pathlib import Path

import msgspec
import pytest

from end_to_end.callers import admin as orders
from end_to_end.callers import engine
from hearth.rehearsal import Rehearsal
from hearth.server.ui.assets import FOLDER, POLICY, names
from hearth_home import Home, running
from server.door import JSON, Answer, Headers, admin, ask, host

TOKENED = '[listen]\ntcp = "127.0.0.1:0"\ntrust = "token"\n'
LISTED = '[listen]\ntcp = "127.0.0.1:0"\norigins = ["http://localhost:3000"]\n'
MOST_BYTES = 150_000


async def new_link(home: Home) -> str:
    return str((await orders(home, "/hearth/v1/ui/link", "POST"))["path"])


async def cookie(home: Home) -> tuple[str, str]:
    """The Cookie header of a browser that has opened a link."""
    answer = await ask(home, "GET", await new_link(home))
    assert answer.status == 303
    return ("Cookie", answer.headers["set-cookie"].partition(";")[0])


def test_a_link_signs_in_once_and_leads_to_a_clean_address() -> None:
    """T20: 303 to /ui/ with the cookie; HEAD does not use the link up; a second use is 401 and says what to do."""

    async def act() -> list[Answer]:
        async with running() as home:
            path = await new_link(home)
            return [await ask(home, method, path) for method in ("HEAD", "GET", "GET")]

    looked, first, second = asyncio.run(act())

    assert looked.status == 401
    assert (first.status, first.headers["location"]) == (303, "/ui/")
    assert {"HttpOnly", "SameSite=Strict"} <= set(first.headers["set-cookie"].split("; "))
    assert second.status == 401
    assert "set-cookie" not in second.headers
    assert b"Type <code>hearth ui</code> in a terminal for a new one." in second.body


def test_the_cookie_opens_the_control_api() -> None:
    """T20: without it 403 on TCP; with it the dashboard may look and give orders, under trust = "token" too."""

    async def act(config: str) -> list[int]:
        async with running(config) as home:
            signed = await cookie(home)
            asked = [("GET", []), ("GET", [signed]), ("PUT", [signed, JSON])]
            paths = ["/hearth/v1/status", "/hearth/v1/status", "/hearth/v1/mode"]
            answers = [
                await ask(home, method, path, headers, b'{"mode":"offline"}' if method == "PUT" else b"")
                for (method, headers), path in zip(asked, paths, strict=True)
            ]
            assert home.daemon.core.mode == "offline"
            return [one.status for one in answers]

    assert asyncio.run(act("")) == [403, 200, 200]
    assert asyncio.run(act(TOKENED)) == [401, 200, 200]


def test_what_was_signed_in_may_ask_for_answers_too() -> None:
    """Under trust = "token" the page's "Try it" needs no other token than its cookie."""

    async def act() -> tuple[int, int]:
        async with Rehearsal() as ollama, running(TOKENED + engine(ollama)) as home:
            signed = await cookie(home)
            body = b'{"model":"scripted","messages":[{"role":"user","content":"hi"}]}'
            with_it = await ask(home, "POST", "/api/chat", [signed, JSON], body)
            return with_it.status, (await ask(home, "POST", "/api/chat", [JSON], body)).status

    assert asyncio.run(act()) == (200, 401)


@pytest.mark.parametrize(
    "marks",
    [
        [("Origin", "http://localhost:3000")],
        [("Origin", "http://localhost:3000"), ("Sec-Fetch-Site", "same-site")],
        [("Sec-Fetch-Site", "cross-site")],
        [("Sec-Fetch-Site", "same-site")],
        [("Origin", "http://127.0.0.1:1")],
        [("Referer", "http://evil.example/")],
    ],
)
def test_the_cookie_is_worth_nothing_to_other_pages(marks: Headers) -> None:
    """T4, T5, T20: a page that [listen] origins lists, one of another port or site: 403, and nothing is changed."""

    async def act() -> tuple[set[int], str]:
        async with running(LISTED) as home:
            signed = await cookie(home)
            read = await ask(home, "GET", "/hearth/v1/status", [signed, *marks])
            written = await ask(home, "PUT", "/hearth/v1/mode", [signed, JSON, *marks], b'{"mode":"offline"}')
            return {read.status, written.status}, home.daemon.core.mode

    assert asyncio.run(act()) == ({403}, "prefer-local")


def test_signing_out_and_new_tokens_end_a_session() -> None:
    """After signing out, or `hearth token --new`, the cookie opens nothing; a restart alone does not end it."""

    async def act() -> tuple[list[int], str]:
        async with running() as home:
            one, other = await cookie(home), await cookie(home)
            path = "/hearth/v1/status"
            left = await ask(home, "POST", "/hearth/v1/ui/leave", [one, JSON])
            statuses = [(await ask(home, "GET", path, [signed])).status for signed in (one, other)]
            (home.folder / "token").unlink()
            await home.daemon.reload()
            return [*statuses, (await ask(home, "GET", path, [other])).status], left.headers["set-cookie"]

    statuses, cleared = asyncio.run(act())

    assert statuses == [403, 200, 403]
    assert "Max-Age=0" in cleared


def test_every_file_is_strict() -> None:
    """T18: each reply under /ui/, good or bad, forbids inline scripts, frames, sniffing and referrers."""

    async def act() -> list[Answer]:
        async with running() as home:
            paths = ["/ui", "/ui/", "/ui/enter?link=x", *(f"/ui/{name}" for name in names() if name != "index.html")]
            return [await ask(home, "GET", path) for path in paths]

    answers = asyncio.run(act())

    assert {one.headers["content-security-policy"] for one in answers} == {POLICY}
    assert {one.headers["x-content-type-options"] for one in answers} == {"nosniff"}
    assert {one.headers["referrer-policy"] for one in answers} == {"no-referrer"}
    said = {part.strip().partition(" ")[::2] for part in POLICY.split(";")}
    assert {where for _, where in said} == {"'none'", "'self'", "'script'"}
    assert {("default-src", "'none'"), ("frame-ancestors", "'none'"), ("script-src", "'self'")} <= said


def test_the_control_api_is_strict_too() -> None:
    """T18: what it answers, and what it refuses, is neither sniffed, framed, run, referred from nor stored."""

    async def act() -> list[Answer]:
        async with running() as home:
            signed = await cookie(home)
            return [
                await ask(home, "GET", f"/hearth/v1/{path}", [signed])
                for path in ("status", "calls/none", "usage?by=x")
            ]

    for answer in asyncio.run(act()):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"


def test_the_files_are_few_and_small_and_hold_no_markup_of_others() -> None:
    """T18, T34: at most 150 KB in all, nothing from elsewhere, no inline script or style, no way to write markup."""
    texts = {name: (FOLDER / name).read_text(encoding="utf-8") for name in names()}
    page = texts["index.html"]

    assert sum(len(text.encode()) for text in texts.values()) <= MOST_BYTES
    assert {file.name for file in FOLDER.iterdir()} == set(names())
    assert not [name for name, text in texts.items() if "://" in text.replace("http://www.w3.org/2000/svg", "")]
    assert not [word for word in (" onclick", " style=", "<style", "javascript:") if word in page]
    for sink in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "srcdoc"):
        assert not [name for name, text in texts.items() if sink in text], sink


def test_a_browser_keeps_what_has_not_changed() -> None:
    """A file that the browser has is answered with 304 and no body."""

    async def act() -> tuple[Answer, Answer]:
        async with running() as home:
            first = await ask(home, "GET", "/ui/app.js")
            return first, await ask(home, "GET", "/ui/app.js", [("If-None-Match", first.headers["etag"])])

    first, second = asyncio.run(act())

    assert (first.status, second.status, second.body) == (200, 304, b"")


def test_only_the_listed_files_are_served() -> None:
    """T23: no way leads out of the folder, and there is no listing."""

    async def act() -> set[int]:
        async with running() as home:
            paths = [
                "/ui/../app.py",
                "/ui/%2e%2e/app.py",
                "/ui/static/app.js",
                "/ui//app.js",
                "/ui/app.js/",
                "/ui/.",
                "/ui/x",
            ]
            return {(await ask(home, "GET", path)).status for path in paths}

    assert asyncio.run(act()) <= {200, 404}
    assert not [name for name in names() if "/" in name or name.startswith(".")]


def test_looking_changes_nothing() -> None:
    """T19: GET on every file and page, with query parameters that look like orders, leaves state and config alone."""

    async def act() -> tuple[str, str, int, int]:
        async with Rehearsal() as ollama, running(engine(ollama)) as home:
            signed = await cookie(home)
            before, asked = _state(home.folder), len(ollama.calls)
            for path in ("", *names()):
                for order in ("?q=hello", "?mode=offline", "?load=scripted", "?kill=1", "?model=x&words=y"):
                    await ask(home, "GET", f"/ui/{path}{order}", [signed])
            for path in ("kill-switch", "config/values", "ui/usage?by=day&days=7", "mode?mode=offline", "calls"):
                assert (await ask(home, "GET", f"/hearth/v1/{path}", [signed])).status == 200
            return before, _state(home.folder), asked, len(ollama.calls)

    before, after, asked, asked_after = asyncio.run(act())

    assert before == after
    assert asked == asked_after


def _state(folder: Path) -> str:
    files = [folder / name for name in ("hearth.toml", "state.json", "token")]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files if file.exists())).hexdigest()


def test_a_link_is_never_logged(caplog: pytest.LogCaptureFixture) -> None:
    """T16, T20: neither its word nor the cookie's value stands in the log, at its most talkative."""

    async def act() -> list[str]:
        async with running() as home:
            path = await new_link(home)
            answer = await ask(home, "GET", path)
            await ask(home, "GET", path)
            return [path.partition("=")[2], answer.headers["set-cookie"].partition("=")[2][:40]]

    with caplog.at_level(logging.DEBUG):
        secrets = asyncio.run(act())

    assert not [secret for secret in secrets if secret in caplog.text]


def test_a_browser_at_the_front_door_is_led_to_the_dashboard() -> None:
    """`GET /` is Ollama's for programs, and for a browser the way to /ui/."""

    async def act() -> tuple[Answer, Answer]:
        async with running() as home:
            return await ask(home, "GET", "/"), await ask(home, "GET", "/", [("Accept", "text/html,*/*;q=0.8")])

    program, browser = asyncio.run(act())

    assert (program.status, program.body) == (200, b"Ollama is running")
    assert (browser.status, browser.headers["location"]) == (303, "/ui/")


def test_every_setting_says_where_it_is_from_and_no_key_is_shown() -> None:
    """T16: lines of the file, presets and defaults; a key in the file is masked; a refused edit says so."""
    config = 'mode = "lan"\n[providers.far]\npreset = "openrouter"\nkey = "sk-or-canary-77f1"\n'

    async def act() -> tuple[dict[str, dict[str, str]], str, str]:
        async with running(config) as home:
            found = await ask(home, "GET", "/hearth/v1/config/values", [admin(home)])
            file = home.folder / "hearth.toml"
            file.write_text(file.read_text().replace('"lan"', '"nowhere"'))
            await home.daemon.reload()
            broken = (await ask(home, "GET", "/hearth/v1/config/values", [admin(home)])).json()
            listed = msgspec.convert(found.json()["rows"], list[dict[str, str]])
            rows = {row["key"]: row for row in listed}
            assert broken["rows"] is None
            return rows, found.body.decode(), str(broken["error"])

    rows, whole, error = asyncio.run(act())

    assert rows["mode"] == {"key": "mode", "value": '"lan"', "source": "hearth.toml:1"}
    assert rows["busy.queue"]["source"] == "default"
    assert rows["providers.far.dialect"]["source"] == "preset openrouter"
    assert "canary" not in whole
    assert "hearth.toml:1" in error


def test_another_hosts_page_gets_no_file() -> None:
    """T1: the door is shut to a rebound name before any file is read."""

    async def act() -> set[int]:
        async with running() as home:
            named = [("Host", f"evil.example:{home.port}")]
            assert host(home) not in named
            return {(await ask(home, "GET", path, named)).status for path in ("/ui/", "/ui/app.js", "/ui/enter?link=x")}

    assert asyncio.run(act()) == {421}
