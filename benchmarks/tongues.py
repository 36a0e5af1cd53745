"""How a client asks in each dialect: the path, and a body around a prompt that needs no escapes."""

from collections.abc import Callable
from typing import Literal, get_args

import msgspec

from more_voices import GEMINI

Dialect = Literal["ollama", "openai", "responses", "anthropic", "gemini", "cohere"]
DIALECTS: tuple[Dialect, ...] = get_args(Dialect)
TITLES: dict[Dialect, str] = {
    "ollama": "Ollama",
    "openai": "OpenAI",
    "responses": "Responses",
    "anthropic": "Anthropic",
    "gemini": "Gemini",
    "cohere": "Cohere",
}
VOICE_PATHS: dict[Dialect, str] = {
    "ollama": "/api/chat",
    "openai": "/v1/chat/completions",
    "responses": "/v1/responses",
    "anthropic": "/v1/messages",
    "gemini": GEMINI,
    "cohere": "/v2/chat",
}


def messages(prompt: bytes) -> bytes:
    """The member that holds the conversation, in most dialects; the mock counts its bytes."""
    return b'[{"role":"user","content":"%b"}]' % prompt


def contents(prompt: bytes) -> bytes:
    """The same in Gemini's."""
    return b'[{"role":"user","parts":[{"text":"%b"}]}]' % prompt


def conversation(dialect: Dialect, prompt: bytes) -> bytes:
    """The member that holds the prompt in this dialect."""
    return contents(prompt) if dialect == "gemini" else messages(prompt)


def path(dialect: Dialect, model: str, *, stream: bool) -> str:
    """Where a request goes."""
    if dialect == "gemini":
        return f"{GEMINI}{model}:{'streamGenerateContent?alt=sse' if stream else 'generateContent'}"
    return VOICE_PATHS[dialect]


def body(dialect: Dialect, model: str, prompt: bytes, *, stream: bool) -> bytes:
    """What stands in it; OpenAI's streams ask for usage."""
    return _BODIES[dialect](msgspec.json.encode(model), conversation(dialect, prompt), b"true" if stream else b"false")


_PLAIN = b'{"model":%b,"messages":%b,"stream":%b}'
_BODIES: dict[Dialect, Callable[[bytes, bytes, bytes], bytes]] = {
    "ollama": lambda model, said, stream: _PLAIN % (model, said, stream),
    "cohere": lambda model, said, stream: _PLAIN % (model, said, stream),
    "openai": lambda model, said, stream: (
        _PLAIN[:-1] % (model, said, stream)
        + (b',"stream_options":{"include_usage":true}}' if stream == b"true" else b"}")
    ),
    "responses": lambda model, said, stream: b'{"model":%b,"input":%b,"stream":%b}' % (model, said, stream),
    "anthropic": lambda model, said, stream: _PLAIN[:-1] % (model, said, stream) + b',"max_tokens":4096}',
    "gemini": lambda _model, said, _stream: b'{"contents":%b}' % said,
}
