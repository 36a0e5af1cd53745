"""Whatever bytes come, on whatever route: no fault of Hearth's, no traceback, and the next request is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearth.rehearsal import Rehearsal
from hearth_home import Home, beside, running
from server.door import JSON, PLACES, SERVED, Answer, Place, admin, ask, host, quiet_log, read, say, spell

HARMLESS = [one for one in PLACES if one.path not in ("/hearth/v1/stop", "/hearth/v1/events", "/hearth/v1/usage")]
"""All routes, save those that end the daemon, never end themselves, or empty its log."""

WORDS = (
    *("model", "name", "messages", "prompt", "input", "stream", "options", "format", "think", "tools", "keep_alive"),
    *("suffix", "images", "template", "system", "raw", "context", "n", "max_tokens", "max_completion_tokens", "stop"),
    *("seed", "temperature", "top_p", "logprobs", "top_logprobs", "response_format", "stream_options", "tool_choice"),
    *("user", "dimensions", "encoding_format", "hearth", "task", "mode", "verbose", "from", "source", "destination"),
)
PARTS = ("role", "content", "type", "text", "function", "url", "arguments", "image_url", "tool_calls", "parameters")
NAMES = ("scripted", "thinker", "embedder", "nobody", "ollama/scripted", "local/scripted", "cloud/x", "x:cloud")
TYPICAL = ("user", "assistant", "tool", "json", "offline", "function", "text", "-1", "5m", "float", "base64")
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from((*NAMES, *TYPICAL))
)
KEYS = st.sampled_from((*WORDS, *PARTS)) | st.text(max_size=4)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
MESSAGES = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(["user", "system", "x"]), "content": st.text(max_size=8) | VALUES}),
    max_size=2,
)
LIKELY = st.fixed_dictionaries(
    {"model": st.sampled_from(NAMES)},
    optional={"messages": MESSAGES, "prompt": st.text(max_size=8), "input": st.text(max_size=8) | VALUES},
)
OBJECTS = st.builds(lambda likely, more: {**more, **likely}, LIKELY, st.dictionaries(KEYS, VALUES, max_size=3))
PLAIN = OBJECTS.map(msgspec.json.encode)
CUT = st.builds(lambda body, at: body[: at % (len(body) + 1)], PLAIN, st.integers(0, 500))
SPOILED = st.builds(lambda body, at, put: body[:at] + put + body[at:], PLAIN, st.integers(0, 80), st.binary(max_size=3))
BODIES = PLAIN | PLAIN | CUT | SPOILED | VALUES.map(msgspec.json.encode) | st.binary(max_size=64)
TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), max_size=12)
WISHED = ("X-Hearth-Mode", "X-Hearth-Max-Cost", "User-Agent", "Accept", "Content-Type", "Range", "Cookie", "Expect")
RARE = ("Origin", "Referer", "Content-Encoding", "Authorization", "X-Api-Key", "Upgrade", "Sec-Fetch-Site")
SAID = ("hearth_x", "offline", "100-continue", "h2c", "text/html", "0.1", "none", "\udcff\udcfe")
HEADERS = st.lists(
    st.tuples(st.sampled_from(WISHED) | st.sampled_from((*WISHED, *RARE)), TEXTS | st.sampled_from(SAID)), max_size=2
)
TAILS = st.just("") | st.sampled_from(["/", "?x=1", "?limit=x", "?by=x", "?since=nan", "/..", "%00", "%ff", "/cancel"])


class Running(NamedTuple):
    """A daemon with its rehearsal, and the loop they live in."""

    loop: asyncio.Runner
    home: Home
    engine: Rehearsal


@contextmanager
def _daemon() -> Iterator[Running]:
    """One daemon for all examples: starting one for each would be all that the time is spent on."""
    with asyncio.Runner() as loop:
        engine = Rehearsal(record=False)
        loop.run(engine.start())
        daemon = running(beside(engine))
        home = loop.run(daemon.__aenter__())
        try:
            yield Running(loop, home, engine)
        finally:
            loop.run(daemon.__aexit__(None, None, None))
            loop.run(engine.stop())


def _is_ours(answer: Answer) -> bool:
    """Whether it is a fault that Hearth made: a provider's own 5xx is told as such, or passed on as it came."""
    return b"Traceback" in answer.body or b"Hearth failed" in answer.body or b"Internal Server Error" in answer.body


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_no_request_makes_hearth_fail() -> None:
    """G7, F30: 2,500 requests with bodies that are nearly right, on every route, with headers of all kinds."""
    with quiet_log(), _daemon() as at:

        @settings(max_examples=2500)
        @given(st.sampled_from(SERVED) | st.sampled_from(HARMLESS), TAILS, BODIES, HEADERS, st.booleans())
        def holds(place: Place, tail: str, body: bytes, headers: list[tuple[str, str]], owner: bool) -> None:
            shown = [*headers, JSON, *([admin(at.home)] if owner else [])]

            answer = at.loop.run(ask(at.home, place.method, place.path + tail, shown, body))

            assert answer.status == 0 or 200 <= answer.status < 600
            assert not _is_ours(answer), answer

        holds()

        assert at.loop.run(ask(at.home, "GET", "/", [], b"")).body == b"Ollama is running"
        assert not at.home.daemon.stopping.is_set()


LINES = st.sampled_from(
    [
        b"GET / HTTP/1.1",
        b"POST /api/chat HTTP/1.1",
        b"POST /v1/chat/completions HTTP/1.1",
        b"HEAD /api/blobs/x HTTP/1.1",
        b"POST /api/blobs/sha256:" + b"0" * 64 + b" HTTP/1.1",
        b"OPTIONS * HTTP/1.1",
        b"GET http://x/ HTTP/1.1",
        b"Content-Length: 5",
        b"Content-Length: 0",
        b"Transfer-Encoding: chunked",
        b"Connection: close",
        b"Connection: upgrade",
        b"Upgrade: websocket",
        b"Expect: 100-continue",
        b"Origin: null",
        b"HOST",
        b"",
        b"",
        b"5",
        b"hello",
        b"0",
        b'{"model":"scripted"}',
    ]
)
PIECES = st.lists(st.lists(LINES | st.binary(max_size=8), min_size=1, max_size=6), min_size=1, max_size=3)


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_no_bytes_make_hearth_fail() -> None:
    """G7, T23, F31: 700 streams of lines that look like HTTP, in any order, cut anywhere into packets."""
    with quiet_log(), _daemon() as at:

        @settings(max_examples=700)
        @given(PIECES, st.booleans())
        def holds(pieces: list[list[bytes]], started: bool) -> None:
            name = ": ".join(host(at.home))
            start = spell("POST", "/api/chat", [host(at.home)])[:-2] if started else b""
            sent = [b"\r\n".join([name.encode() if line == b"HOST" else line for line in one]) for one in pieces]

            data = at.loop.run(
                say(at.home, start + sent[0], *sent[1:], b"\r\n\r\n", wait=0.03, pause=0.002, patience=0.03)
            )

            assert not data or data.startswith(b"HTTP/1.")
            assert b" 500 " not in data
            assert not _is_ours(read(data))

        holds()

        assert at.loop.run(ask(at.home, "GET", "/", [], b"")).body == b"Ollama is running"
