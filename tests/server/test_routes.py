"""Paths and methods that nobody answers, and those that only look as if somebody did."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from time import process_time

import msgspec
import pytest

import hearth.server
from hearth.rehearsal import Rehearsal
from hearth.server.app import TABLE
from hearth.server.routes import find
from hearth_home import beside, running
from server.door import PLACES, Answer, admin, ask, quiet_log

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND")


def test_an_unknown_route_is_told_in_the_words_its_clients_know() -> None:
    """Ollama's router answers in plain text (recording `error-unknown-route-get`), OpenAI's in its envelope."""

    async def act() -> tuple[Answer, Answer, Answer]:
        async with running() as home:
            ollama, openai = await ask(home, "GET", "/api/tokenize"), await ask(home, "POST", "/v1/responses/x")
            return ollama, openai, await ask(home, "GET", "/hearth/v1/nothing", [admin(home)])

    ollama, openai, ours = asyncio.run(act())

    assert (ollama.status, ollama.body, ollama.headers["content-type"]) == (404, b"404 page not found", "text/plain")
    assert (openai.status, openai.headers["content-type"]) == (404, "application/json")
    error = openai.json()["error"]
    assert isinstance(error, dict)
    assert (error["type"], error["code"]) == ("invalid_request_error", "unknown_url")
    said = ours.json()["error"]
    assert isinstance(said, dict)
    assert (ours.status, said["kind"], said["message"]) == (404, "not_found", "404 page not found.")
    assert "under /v1" in said["next_step"]


@pytest.mark.parametrize(
    ("asked", "right"),
    [
        ("/chat/completions", "/v1/chat/completions"),
        ("/v1/v1/chat/completions", "/v1/chat/completions"),
        ("/api/v1/chat/completions", "/v1/chat/completions"),
        ("/v1/v1/messages", "/v1/messages"),
        ("/models", "/v1/models"),
    ],
)
def test_a_wrong_base_url_is_told_the_right_route(asked: str, right: str) -> None:
    """Their clients read it in their own envelope: one /v1 too few or too many is the usual mistake."""

    async def act() -> Answer:
        async with running() as home:
            return await ask(home, "POST", asked)

    answer = asyncio.run(act())

    assert (answer.status, answer.headers["content-type"].partition(";")[0]) == (404, "application/json")
    assert f"Did you mean {right}? Then correct the base URL." in answer.body.decode()


def test_beside_the_routes_of_a_dialect_its_clients_are_answered_in_it() -> None:
    """Anthropic's batches are not served: its client finds its own envelope, as Google's does (wire/providers §5.3)."""

    async def act() -> tuple[Answer, Answer]:
        async with running() as home:
            return await ask(home, "GET", "/v1/messages/batches"), await ask(home, "GET", "/v1beta/files")

    anthropic, google = asyncio.run(act())

    assert (anthropic.status, anthropic.json()["type"]) == (404, "error")
    said = anthropic.json()["error"]
    assert isinstance(said, dict)
    assert said["type"] == "not_found_error"
    assert said["message"].startswith("404 page not found")
    status = google.json()["error"]
    assert isinstance(status, dict)
    assert (google.status, status["status"]) == (404, "NOT_FOUND")


def test_a_wrong_method_names_the_right_ones() -> None:
    """405 with Allow on every path (RFC 9110 §15.5.6; recording `error-wrong-method-tags`); HEAD goes with GET."""

    async def act() -> None:
        async with running() as home:
            for path in {place.path for place in PLACES}:
                right = {place.method for place in PLACES if place.path == path}
                right |= {"HEAD"} if "GET" in right else set()
                for method in set(METHODS) - right:
                    answer = await ask(home, method, path, [admin(home)])
                    assert answer.status == 405, (method, path, answer)
                    assert set(answer.headers["allow"].split(", ")) == right

    with quiet_log():
        asyncio.run(act())


def test_a_wrong_method_on_tags_is_answered_as_ollama_does() -> None:
    """The recording `error-wrong-method-tags`, to the letter."""

    async def act() -> Answer:
        async with running() as home:
            return await ask(home, "POST", "/api/tags", [("Content-Type", "application/json")], b'{"x": 1}')

    answer = asyncio.run(act())

    assert (answer.status, answer.headers["allow"], answer.body) == (405, "HEAD, GET", b"405 method not allowed")
    assert answer.headers["content-type"] == "text/plain"


TRAVERSALS = [
    "/../etc/passwd",
    "/..%2f..%2fetc/passwd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/ui/../../etc/passwd",
    "/static/..\\..\\etc\\passwd",
    "//etc/passwd",
    "//api/tags",
    "/./api/tags",
    "/api/../api/tags",
    "/api//tags",
    "/api/tags;x",
    "/api/tags%00",
    "/API/TAGS",
    "/%61pi/tags",
    "/hearth/v1/../../etc/passwd",
    "/v1/models/../../hearth/v1/status",
    "/v1/models/..%2f..%2fhearth%2fv1%2fstatus",
    "/v1/models/%2e%2e/%2e%2e/etc/passwd",
    "/file:///etc/passwd",
]


@pytest.mark.parametrize("path", TRAVERSALS)
def test_no_path_leads_out_of_the_table(path: str) -> None:
    """T24, T9: there are no files behind a path, and no spelling turns one route into another."""

    async def act() -> Answer:
        async with running() as home:
            return await ask(home, "GET", path)

    with quiet_log():
        answer = asyncio.run(act())

    assert answer.status == 404
    assert b"root:" not in answer.body


@pytest.mark.parametrize(
    "digest", ["../../etc/passwd", "sha256:" + "0" * 63, "sha256:%c3%a9", "x" * 64, "", "sha256-" + "g" * 64]
)
def test_a_blob_is_named_by_a_digest_alone(digest: str) -> None:
    """T24, T26: 64 hexadecimal digits; nothing else becomes a path at Ollama."""

    async def act() -> tuple[int, list[str]]:
        async with Rehearsal() as ollama, running(beside(ollama)) as home:
            before = len(ollama.calls)
            status = (await ask(home, "HEAD", f"/api/blobs/{digest}")).status
            return status, [call.path for call in ollama.calls[before:]]

    with quiet_log():
        status, reached = asyncio.run(act())

    assert status in (400, 404)
    assert not reached


def test_a_link_does_nothing() -> None:
    """T19: GET, HEAD and OPTIONS on any route, with any query, ask no model, change no switch and no file."""
    query = "?q=hello&model=scripted&prompt=hello&mode=any&stop=1&_method=DELETE"

    async def act() -> None:
        async with Rehearsal() as ollama, running(beside(ollama)) as home:
            kept = {file: file.read_bytes() for file in (home.folder / "hearth.toml", home.folder / "token")}
            paths = {place.path for place in PLACES} - {"/hearth/v1/events"}
            asked = [
                ask(home, one, path + query, [admin(home)]) for path in paths for one in ("GET", "HEAD", "OPTIONS")
            ]
            await asyncio.gather(*asked)

            assert not [call.path for call in ollama.calls if call.method != "GET" and call.path != "/api/show"]
            assert all(file.read_bytes() == before for file, before in kept.items())
            assert not (home.folder / "state.json").exists()
            assert not home.daemon.stopping.is_set()
            assert home.daemon.core.reloads == 0

    with quiet_log():
        asyncio.run(act())


def test_no_handler_reads_an_address_out_of_the_request() -> None:
    """T9: a URL put together from the Host header is poison; the server's files use the path of the target alone."""
    poison = re.compile(r"request\.(url|host|remote|forwarded|scheme|secure)\b")
    sources = Path(next(iter(hearth.server.__path__))).rglob("*.py")

    assert not [file.name for file in sources if poison.search(file.read_text(encoding="utf-8"))]


def test_a_slash_at_the_end_makes_no_difference() -> None:
    """Clients that join a base address carelessly reach the route they mean."""

    async def act() -> list[int]:
        async with Rehearsal() as ollama, running(beside(ollama)) as home:
            return [(await ask(home, "GET", path)).status for path in ("/api/tags/", "/v1/models/", "/api/version/")]

    assert asyncio.run(act()) == [200, 200, 200]


def test_every_prefix_of_the_table_is_found() -> None:
    """A name may hold slashes: all that follows the prefix is the name; the nearest prefix counts."""
    prefixes = [path.removesuffix("…") for path in TABLE if path.endswith("…")]

    for prefix in prefixes:
        assert find(TABLE, prefix + "a/b/c/d/e") == (TABLE[prefix + "…"], "a/b/c/d/e")
    assert len(prefixes) >= 4


def test_a_path_of_slashes_costs_nothing() -> None:
    """F28, T25: 16 kB of them are looked at for microseconds, not for a tenth of a second."""
    paths = ["/v1/models/" + "a/" * 7500, "/" * 16000 + "x", "/a" * 8000]
    begun = process_time()

    for _ in range(100):
        for path in paths:
            find(TABLE, path)

    assert process_time() - begun < 0.5


@pytest.mark.parametrize("limit", ["-1", "-99999", "0", "99999999999999999999"])
def test_a_list_of_calls_is_never_endless(limit: str) -> None:
    """SQLite takes a negative limit for none at all; a caller gets one call at least and a thousand at most."""

    async def act() -> int:
        async with Rehearsal() as ollama, running(beside(ollama)) as home:
            body = b'{"model":"scripted","prompt":"Hello there","stream":false}'
            for _ in range(3):
                await ask(home, "POST", "/api/generate", [], body)
            await asyncio.to_thread(home.daemon.ledger.flush, 20.0)
            answer = await ask(home, "GET", f"/hearth/v1/calls?limit={limit}", [admin(home)])
            return len(msgspec.json.decode(answer.body, type=list[object]))

    assert asyncio.run(act()) == (3 if limit.startswith("9") else 1)
