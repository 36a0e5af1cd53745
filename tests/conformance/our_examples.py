"""Our own dialects as their authors hand them over: recorded replies, or those that each provider's reference shows."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from dialects.cohere.cohere_examples import CALLS, TALK, WHOLE
from dialects.gemini.gemini_wire import array, chunk, sse
from dialects.replicate.replicate_examples import prediction
from hearth.conformance import ErrorReply, Examples, Reply
from hearth.events import FinishReason
from hearth.problems import ContextTooLong, KeyRefused, ModelMissing, ProviderRefusal, QuotaSpent

GOLDEN = Path(__file__).parents[1] / "golden"
HELLO = "Hello! I am a small test model."
CALLED = ("get_weather",)
_COUNTED = {"promptTokenCount": 3, "candidatesTokenCount": 2}
_SUNNY = {"functionCall": {"name": "get_weather", "args": {"city": "Paris"}}}


def recorded(name: str, text: str = HELLO, tools: tuple[str, ...] = (), finish: FinishReason = "stop") -> Reply:
    """A recording as an example: where it is, and what it says."""
    response: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))["response"]
    head = {key.lower(): value for key, value in response["headers"]}
    pieces = [
        one if isinstance(one, str) else base64.b64decode(one["base64"]).decode() for _, one in response["chunks"]
    ]
    return Reply("".join(pieces).encode(), text, tools, finish, head["content-type"])


def _openai(names: str) -> tuple[bytes, tuple[str, ...]]:
    models = tuple(names.split())
    return json.dumps({"object": "list", "data": [{"id": name, "object": "model"} for name in models]}).encode(), models


_LISTED, _MODELS = _openai("gpt-5 gpt-5-mini")
_UNKNOWN_KEY = ErrorReply(401, b'{"error":{"message":"Incorrect API key","code":"invalid_api_key"}}', KeyRefused)
_SPENT = ErrorReply(429, b'{"error":{"message":"You exceeded your quota","code":"insufficient_quota"}}', QuotaSpent)

EXAMPLES: dict[str, Examples] = {
    "ollama": Examples(
        replies=(
            recorded("ollama/chat-plain-stream"),
            recorded("ollama/chat-plain"),
            recorded("ollama/chat-tool-call-templated-stream", "", CALLED, "tool_calls"),
        ),
        errors=(ErrorReply(404, b'{"error":"model \'x\' not found"}', ModelMissing),),
        listing=b'{"models":[{"name":"a:latest","model":"a:latest"},{"name":"b:1b","model":"b:1b"}]}',
        models=("a:latest", "b:1b"),
    ),
    "openai_chat": Examples(
        replies=(
            recorded("openai_chat/llama-plain-stream"),
            recorded("openai_chat/llama-plain"),
            recorded("openai_chat/llama-tool-call-stream", "", CALLED, "tool_calls"),
        ),
        errors=(_UNKNOWN_KEY, _SPENT),
        listing=_LISTED,
        models=_MODELS,
    ),
    "openai_responses": Examples(
        route="responses",
        replies=(
            recorded("openai_responses/llama-plain-stream"),
            recorded("openai_responses/llama-length", " one, two, three, four, five,"),
            recorded("openai_responses/llama-tool-call-stream", "", CALLED, "tool_calls"),
        ),
        errors=(_UNKNOWN_KEY, _SPENT),
        listing=_LISTED,
        models=_MODELS,
    ),
    "anthropic": Examples(
        route="messages",
        replies=(
            recorded("anthropic/llama-plain-stream"),
            recorded("anthropic/llama-plain"),
            recorded("anthropic/llama-tool-use-stream", "", CALLED, "tool_calls"),
            recorded("anthropic/llama-length-stream", " one, two, three, four, five,", (), "length"),
        ),
        errors=(
            ErrorReply(
                400,
                b'{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 9 > 8"}}',
                ContextTooLong,
            ),
        ),
        listing=b'{"data":[{"type":"model","id":"claude-opus-5"}],"has_more":false}',
        models=("claude-opus-5",),
    ),
    "gemini": Examples(
        model="gemini-3.5-flash",
        replies=(
            Reply(
                sse(chunk({"text": "Grüße "}), chunk({"text": "🙂"}, finish="STOP", usageMetadata=_COUNTED)), "Grüße 🙂"
            ),
            Reply(
                array(chunk({"text": "Grüße "}), chunk({"text": "🙂"}, finish="MAX_TOKENS")), "Grüße 🙂", (), "length",
                content_type="application/json",
            ),
            Reply(sse(chunk(_SUNNY, finish="STOP", usageMetadata=_COUNTED)), "", CALLED, "tool_calls"),
        ),
        errors=(
            ErrorReply(
                400,
                b'{"error":{"code":400,"status":"INVALID_ARGUMENT","message":"API key not valid.",'
                b'"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}}',
                KeyRefused,
            ),
        ),
        listing=b'{"models":[{"name":"models/gemini-3.5-flash","supportedGenerationMethods":["generateContent"]}]}',
        models=("gemini-3.5-flash",),
    ),
    "cohere": Examples(
        replies=(
            Reply(TALK, "Grüße 🙂"),
            Reply(CALLS, "", ("get-weather", "now"), "tool_calls"),
            Reply(WHOLE, "Grüße 🙂", content_type="application/json"),
        ),
        errors=(ErrorReply(404, b'{"message":"model \'x\' not found"}', ModelMissing),),
        listing=b'{"models":[{"name":"command-a-03-2025","endpoints":["chat"]}]}',
        models=("command-a-03-2025",),
    ),
    "replicate": Examples(
        model="meta/llama",
        replies=(
            Reply(prediction("succeeded", output=["Hello ", "there"]), "Hello there", content_type="application/json"),
        ),
        errors=(ErrorReply(422, b'{"title":"Input validation failed","detail":"x","status":422}', ProviderRefusal),),
    ),
}  # fmt: skip
