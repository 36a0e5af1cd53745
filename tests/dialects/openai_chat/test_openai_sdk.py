"""The official SDK, unmodified, over a real socket, reads what the writers write."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import openai
import pytest

from dialects.openai_chat.openai_golden import STAMP
from hearth.dialects.body import cut
from hearth.dialects.dialect import ModelInfo, ReplyWriter
from hearth.dialects.openai_chat import SERVED, write_model, write_models
from hearth.events import (
    Done,
    Event,
    Failed,
    Finished,
    Started,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    Usage,
    Vectors,
)
from hearth.problems import ContextTooLong, Problem, ProviderFault, RateLimited, Unauthorized, UnknownModel

ANSWER: list[Event] = [
    Started("x", "m", 1),
    ThinkingDelta("Let me see. "),
    ThinkingDelta("Yes."),
    TextDelta("Grüße, "),
    TextDelta("🙂\u2028!"),
    ToolCallDelta(0, '{"city":', "call_a", "get_weather"),
    ToolCallDelta(1, '{"city":"Rome"}', "", "get_weather", whole=True),
    ToolCallDelta(0, '"Paris"}'),
    Usage(input=7, output=9, cached=3, reasoning=2),
    Finished("tool_calls", "tool_calls"),
    Done(),
]


class _Scripted(ThreadingHTTPServer):
    """Answers each request as `reply` says: a list of events, or a problem."""

    said: list[Event]
    problem: Problem | None = None
    hits = 0


class _Handler(BaseHTTPRequestHandler):
    server: _Scripted
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        found = ModelInfo("team/copied:v1", window=8192, modified="2026-11-20T10:00:00.123456789Z")
        self._send(200, "application/json", write_models([found]) if self.path == "/v1/models" else write_model(found))

    def do_POST(self) -> None:
        self.server.hits += 1
        members = cut(self.rfile.read(int(self.headers["Content-Length"])))
        route = {"/v1/chat/completions": "chat", "/v1/completions": "completions"}.get(self.path, "embeddings")
        if self.server.problem is not None:
            shown = SERVED.problem(self.server.problem)
            self._send(shown.status, "application/json", shown.body, shown.headers[1:])
            return
        outline = SERVED.outline(route, members)
        writer: ReplyWriter = SERVED.writer(outline, STAMP)
        said = self.server.said
        if not outline.stream:
            self._send(200, writer.content_type, writer.whole(said))
            return
        body = writer.heartbeat + b"".join(writer.stream([event]) for event in said)
        self._send(200, writer.content_type, body)

    def _send(self, status: int, kind: str, body: bytes, headers: tuple[tuple[str, str], ...] = ()) -> None:
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(body))), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def _client(said: list[Event], problem: Problem | None = None) -> Iterator[tuple[openai.OpenAI, _Scripted]]:
    server = _Scripted(("127.0.0.1", 0), _Handler)
    server.said, server.problem = said, problem
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        with openai.OpenAI(base_url=f"http://127.0.0.1:{server.server_port}/v1", api_key="x") as client:
            yield client, server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_sdk_reads_a_whole_chat_reply() -> None:
    """Text, thinking, two calls, usage: each where the SDK looks for it."""
    with _client(ANSWER) as (client, _):
        reply = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}])

    message = reply.choices[0].message
    assert message.content == "Grüße, 🙂\u2028!"
    assert (message.model_extra or {})["reasoning_content"] == "Let me see. Yes."
    calls = [call.function for call in message.tool_calls or () if call.type == "function"]
    assert [json.loads(call.arguments)["city"] for call in calls] == ["Paris", "Rome"]
    assert reply.choices[0].finish_reason == "tool_calls"
    assert reply.usage is not None
    assert (reply.usage.prompt_tokens, reply.usage.total_tokens) == (7, 16)
    assert reply.model == "shown"
    assert reply.id == f"chatcmpl-{STAMP.id}"


def test_the_sdk_joins_a_stream_into_the_same_reply() -> None:
    """Pain 18: role, ids and names come once and indices have no gap, since the SDK joins what repeats."""
    with (
        _client(ANSWER) as (client, _),
        client.chat.completions.stream(
            model="m", messages=[{"role": "user", "content": "x"}], stream_options={"include_usage": True}
        ) as stream,
    ):
        chunks = [event.chunk for event in stream if event.type == "chunk"]
        reply = stream.get_final_completion()

    message = reply.choices[0].message
    calls = message.tool_calls or []
    assert message.role == "assistant"
    assert message.content == "Grüße, 🙂\u2028!"
    assert (message.model_extra or {})["reasoning_content"] == "Let me see. Yes."
    assert [call.id for call in calls] == ["call_a", f"call_{STAMP.id}001"]
    assert [(call.function.name, call.function.arguments) for call in calls] == [
        ("get_weather", '{"city":"Paris"}'),
        ("get_weather", '{"city":"Rome"}'),
    ]
    assert reply.usage is not None
    assert reply.usage.completion_tokens_details is not None
    assert reply.usage.completion_tokens_details.reasoning_tokens == 2
    assert len({(chunk.id, chunk.created, chunk.model) for chunk in chunks}) == 1


def test_usage_is_not_streamed_unasked() -> None:
    """A client that did not ask for usage gets no chunk without choices, which some would trip over."""
    with _client(ANSWER) as (client, _):
        chunks = list(
            client.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}], stream=True)
        )

    assert all(chunk.choices for chunk in chunks)
    assert all(chunk.usage is None for chunk in chunks)


def test_the_sdk_reads_completions() -> None:
    """The old route works whole and streamed."""
    said: list[Event] = [TextDelta("return "), TextDelta("a + b"), Finished("length"), Usage(input=3, output=2), Done()]

    with _client(said) as (client, _):
        whole = client.completions.create(model="m", prompt="x")
        parts = list(client.completions.create(model="m", prompt="x", stream=True))

    assert whole.choices[0].text == "return a + b"
    assert whole.choices[0].finish_reason == "length"
    assert "".join(part.choices[0].text for part in parts) == "return a + b"


def test_the_sdk_reads_embeddings_in_the_form_it_asks_for() -> None:
    """The SDK asks for base64 unless told otherwise; both forms hold the same numbers."""
    said: list[Event] = [Vectors(((0.5, -0.25), (1.0, 2.0))), Usage(input=4), Done()]

    with _client(said) as (client, _):
        packed = client.embeddings.create(model="m", input=["a", "b"])
        plain = client.embeddings.create(model="m", input=["a", "b"], encoding_format="float")

    assert [row.embedding for row in packed.data] == [row.embedding for row in plain.data] == [[0.5, -0.25], [1.0, 2.0]]
    assert packed.usage.prompt_tokens == 4


def test_the_sdk_reads_models() -> None:
    """A model is listed with the window it really has, and found by an id with a slash and a colon."""
    with _client([]) as (client, _):
        listed = list(client.models.list())
        one = client.models.retrieve("team/copied:v1")

    assert [model.id for model in listed] == ["team/copied:v1"]
    assert one.owned_by == "team"
    assert (one.model_extra or {})["context_length"] == 8192
    assert one.created == 1763632800 + 31536000


@pytest.mark.parametrize(
    ("problem", "kind", "code"),
    [
        (UnknownModel("No model 'x'."), openai.NotFoundError, "model_not_found"),
        (ContextTooLong("Too long."), openai.BadRequestError, "context_length_exceeded"),
        (Unauthorized("No token."), openai.AuthenticationError, "invalid_api_key"),
        (RateLimited("Slower.", who="box", retry_after=0.2), openai.RateLimitError, "rate_limit_exceeded"),
    ],
)
def test_the_sdk_raises_its_own_error_for_a_problem(
    problem: Problem, kind: type[openai.APIStatusError], code: str
) -> None:
    """F16: each problem has the status and code that clients branch on; what we retried already is asked once only."""
    with _client([], problem) as (client, server), pytest.raises(kind) as caught:
        client.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}])

    assert caught.value.code == code
    assert server.hits == 1


def test_an_error_in_a_stream_is_raised() -> None:
    """Pain 22: what breaks after the first token is an error for the SDK, never a clean end."""
    said: list[Event] = [TextDelta("Hal"), Failed(ProviderFault("It broke.", who="box"))]

    with _client(said) as (client, _):
        stream = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}], stream=True)
        with pytest.raises(openai.APIError, match="box: It broke"):
            list(stream)


def test_an_error_in_a_stream_has_no_end_mark() -> None:
    """Nothing after an error could be taken for a clean end."""
    writer = SERVED.writer(SERVED.outline("chat", cut(b'{"messages":[],"stream":true}')), STAMP)

    said = writer.failed(ProviderFault("It broke.", who="box"))

    assert said.startswith(b'data: {"error":{"message":"box: It broke."')
    assert b"[DONE]" not in said
