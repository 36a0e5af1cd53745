"""Good input to begin from: recorded traffic, the reference configuration, and what our own halves write."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hearth.conformance.meanings import FEATURES, HELLO
from hearth.dialects.dialect import Destination, Stamp
from hearth.dialects.registry import called, served
from hearth.events import Done, Event, Finished, Started, TextDelta, ToolCallDelta, Usage
from hearth.problems import Overloaded, Problem
from hearth.server.routes import INFERENCE
from hearth_config.manual import example

GOLDEN = Path(__file__).parents[1] / "tests" / "golden"
LONGEST = 4096
"""Bytes; longer recordings change too little with each try."""
ROUTES: dict[str, tuple[str, ...]] = {
    "gemini": ("generateContent", "streamGenerateContent", "countTokens", "embedContent", "batchEmbedContents"),
}
for _methods in INFERENCE.values():
    for _route in _methods.values():
        ROUTES[_route.dialect] = (*ROUTES.get(_route.dialect, ()), _route.infer)

STAMP = Stamp("0123456789abcdefghijklmnop", "some-model", 1_700_000_000_000_000_000)
ANSWER: tuple[Event, ...] = (
    Started("reply-1", "some-model"),
    TextDelta("Hello"),
    ToolCallDelta(0, '{"city":"Paris"}', "call_1abc", "get_weather", whole=True),
    Finished("tool_calls", "tool_calls"),
    Usage(3, 4),
    Done(),
)
HEADERS = (
    b"retry-after: 7",
    b"retry-after-ms: 120",
    b"retry-after: Wed, 21 Oct 2026 07:28:00 GMT\ndate: Wed, 21 Oct 2026 07:27:00 GMT",
    b"x-ratelimit-limit-requests: 60\nx-ratelimit-remaining-requests: 0\nx-ratelimit-reset-requests: 6m0.5s",
    b"anthropic-ratelimit-tokens-limit: 9\nanthropic-ratelimit-tokens-reset: 2026-10-21T07:28:00Z",
    b"x-ratelimit-limit: 20\nx-ratelimit-remaining: 1\nx-ratelimit-reset: 1741305600000",
    b"You will regain access on 2023-12-01 at 00:00 UTC.",
)
HEADS = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nKeep-Alive: timeout=5\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nConnection: close\r\n\r\nrest",
    b"HTTP/1.1 307 Away\r\nLocation: http://a/\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 204 None\r\n\r\n",
)
LISTING = (
    b'{"object":"list","data":[{"id":"a/b","object":"model","name":"B","context_length":4096,"type":"chat",'
    b'"architecture":{"input_modalities":["text","image"],"output_modalities":["text"]},"pricing":{"prompt":"0.001",'
    b'"completion":"0.002"},"supported_parameters":["tools","reasoning"],"top_provider":{"max_completion_tokens":9},'
    b'"capabilities":{"completion_chat":true},"meta":{"n_ctx_train":8,"n_ctx":4,"size":7},'
    b'"providers":[{"context_length":4096,"supports_tools":true}]}],"models":[{"name":"models/m"}]}'
)
"""A list of models with what several servers tell of each."""
PREDICTION = (
    b'{"id":"p1","model":"meta/m","version":"v","input":{"prompt":"Hi"},"output":["Hel","lo"],"logs":"","error":null,'
    b'"status":"succeeded","metrics":{"input_token_count":3,"output_token_count":2,"predict_time":0.5},'
    b'"urls":{"get":"https://api.replicate.com/v1/predictions/p1","stream":"https://stream.replicate.com/v1/p1"}}'
)
"""Replicate's answer; nobody is served in its dialect, so that nothing of ours writes one."""
CONFIGS = tuple(part.encode() for part in (example(), *example().split("\n[")))


def recorded(dialect: str = "") -> Iterator[dict[str, Any]]:
    """Yield the recorded exchanges with a dialect's servers, or all of them."""
    for file in sorted((GOLDEN / dialect).rglob("*.json")):
        found = json.loads(file.read_bytes())
        if isinstance(found, dict) and "request" in found and "response" in found:
            yield found


def bodies() -> Iterator[bytes]:
    """Yield request bodies of all dialects, and what they may wish of Hearth itself."""
    yield b'{"model":"a","hearth":{"mode":"lan","max_cost":0.5,"cache":false,"thinking":"hide","context":"route"}}'
    for exchange in recorded():
        body = exchange["request"].get("body")
        if body and len(body) <= LONGEST:
            yield body.encode()


def requests(dialect: str) -> Iterator[bytes]:
    """Yield request bodies of one dialect, each after the number of its route."""
    for exchange in recorded(dialect):
        body = exchange["request"].get("body")
        found = INFERENCE.get(exchange["request"]["path"].partition("?")[0], {}).get("POST")
        if body and len(body) <= LONGEST and found is not None and found.dialect == dialect:
            yield bytes((ROUTES[dialect].index(found.infer),)) + body.encode()
    half = called(dialect)
    assert half is not None, "whoever is served is called too"
    for tried in FEATURES.values():
        try:
            written = half.request(tried.request, Destination("somebody", "some-model"), stream=True)
        except Problem:
            continue
        for route in range(len(ROUTES[dialect])):
            yield bytes((route,)) + written.body


def replies(dialect: str = "") -> Iterator[bytes]:
    """Yield replies, recorded ones and those that we write ourselves."""
    for exchange in recorded(dialect):
        chunks = exchange["response"].get("chunks") or []
        body = "".join(piece for _, piece in chunks if isinstance(piece, str)).encode()
        if 0 < len(body) <= LONGEST:
            yield body
    if dialect:
        yield LISTING
    if dialect == "ollama":
        yield from replies("models")
    if dialect == "replicate":
        yield PREDICTION
    half = served(dialect) if dialect else None
    if half is not None:
        outline = half.outline(ROUTES[dialect][0], _hello(dialect))
        yield half.writer(outline, STAMP).stream(ANSWER)
        yield half.writer(outline, STAMP).whole(ANSWER)
        yield half.problem(Overloaded("It fell over.")).body


def _hello(dialect: str) -> dict[str, Any]:
    from hearth.dialects.body import cut

    half = called(dialect)
    return dict(cut(half.request(HELLO, Destination("somebody", "some-model"), stream=False).body)) if half else {}
