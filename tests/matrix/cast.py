"""Who takes part in the matrix: the clients of every served dialect, and a rehearsed provider for every called one."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from hearth.rehearsal import ModelScript, Script
from hearth.rehearsal.script import Kind
from matrix import openai_clients as openai
from matrix import other_clients as other
from matrix.heard import Heard, Object
from matrix.questions import Feature

ALL = ("tools", "vision", "thinking", "completion")


class Client(NamedTuple):
    """A served dialect: where its requests go, what stands in them, and what it understands of replies."""

    body: Callable[[Feature], Object]
    whole: Callable[[Object], Heard]
    stream: Callable[[bytes], Heard]
    path: str = ""
    """With `{}` for the model where the path names it."""
    streamed: str = ""
    """The path of streams where it is another."""
    headers: tuple[tuple[str, str], ...] = ()

    def request(self, feature: Feature, model: str, *, stream: bool) -> tuple[str, Object]:
        """Path and body."""
        if "{}" in self.path:
            return (self.streamed if stream else self.path).format(model.replace("/", "%2F", 1)), self.body(feature)
        return self.path, {"model": model, "stream": stream, **self.body(feature)}


class Provider(NamedTuple):
    """A called dialect: who plays it, and what the config says of it."""

    kind: Kind
    model: str
    preset: str
    prefix: str = ""
    capabilities: tuple[str, ...] = ALL
    flavour: str = "openai"
    more: str = ""
    shows_thoughts: bool = True
    """Whether what the model thinks is told apart from what it says."""

    def script(self) -> Script:
        """The part that the rehearsal plays."""
        models = (ModelScript(name=self.model, capabilities=self.capabilities, context_length=100_000, num_ctx=8192),)
        return Script(kind=self.kind, flavour=self.flavour, models=models)  # type: ignore[arg-type]  # one of them

    def config(self, name: str, url: str) -> str:
        """Its table in hearth.toml."""
        cloud = "" if self.kind == "ollama" else 'key = "sk-test"\n'
        return f'[providers.{name}]\n{self.preset}\naddress = "{url}{self.prefix}"\n{cloud}{self.more}\n'


CLIENTS: dict[str, Client] = {
    "ollama": Client(other.ollama_body, other.ollama_whole, other.ollama_stream, "/api/chat"),
    "openai_chat": Client(openai.chat_body, openai.chat_whole, openai.chat_stream, "/v1/chat/completions"),
    "openai_responses": Client(
        openai.responses_body, openai.responses_whole, openai.responses_stream, "/v1/responses"
    ),
    "anthropic": Client(
        other.anthropic_body, other.anthropic_whole, other.anthropic_stream, "/v1/messages",
        headers=(("anthropic-version", "2023-06-01"),),
    ),
    "gemini": Client(
        other.gemini_body, other.gemini_whole, other.gemini_stream, "/v1beta/models/{}:generateContent",
        "/v1beta/models/{}:streamGenerateContent?alt=sse",
    ),
    "cohere": Client(other.cohere_body, other.cohere_whole, other.cohere_stream, "/v2/chat"),
}  # fmt: skip
PROVIDERS: dict[str, Provider] = {
    "ollama": Provider("ollama", "thinker", 'preset = "ollama"'),
    "openai_chat": Provider("openai", "thinker", 'preset = "vllm"', "/v1", flavour="vllm"),
    "openai_responses": Provider("openai", "gpt-6-rehearsed", 'dialect = "openai_responses"', "/v1"),
    "anthropic": Provider("anthropic", "claude-opus-5", 'preset = "anthropic"'),
    "gemini": Provider("gemini", "gemini-3.5-flash", 'preset = "gemini"', "/v1beta"),
    "cohere": Provider("cohere", "command-a-reasoning", 'preset = "cohere"'),
    "replicate": Provider(
        "replicate",
        "acme/model",
        'preset = "replicate"',
        "/v1",
        ("completion", "vision", "thinking"),
        shows_thoughts=False,
    ),
}
