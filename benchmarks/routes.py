"""The ways a request can take: straight to the mock, or through a gateway in the same or in another dialect."""

from typing import Literal

import msgspec

from voices import VOICES, Reply, Script, Voice

Column = Literal["direct", "nginx", "same", "translated", "alone", "again"]
Dialect = Literal["ollama", "openai"]

_PATHS = {"ollama": "/api/chat", "openai": "/v1/chat/completions"}
_WORDS = "Please summarise the following notes about the gateway in one short paragraph, and keep every number. "


class Route(msgspec.Struct, frozen=True):
    """One way: which target to ask, in which dialect, and what stands before the model's name."""

    name: str
    target: str
    column: Column
    dialect: Dialect
    prefix: str = ""

    @property
    def exact(self) -> bool:
        """Whether the reply's bytes must be the mock's own."""
        return self.column != "translated"

    @property
    def voice(self) -> Voice:
        """The mock's voice in this route's dialect."""
        return VOICES[_PATHS[self.dialect]]

    def script(self, reply: Reply, *, stream: bool) -> Script:
        """How the mock says such a reply."""
        return self.voice.stream(reply) if stream else self.voice.whole(reply)

    def request(self, port: int, model: str, prompt: bytes, *, stream: bool) -> bytes:
        """One whole HTTP request, ready to be written in one piece; OpenAI's streams ask for usage."""
        model_name = msgspec.json.encode(self.prefix + model)
        usage = b',"stream_options":{"include_usage":true}' if stream and self.dialect == "openai" else b""
        flag = b"true" if stream else b"false"
        body = b'{"model":%b,"messages":%b,"stream":%b%b}' % (model_name, messages(prompt), flag, usage)
        head = (
            f"POST {self.voice.path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: benchmark\r\nAccept: */*\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


def messages(prompt: bytes) -> bytes:
    """The `messages` member for a prompt that needs no escapes; the mock counts its bytes."""
    return b'[{"role":"user","content":"%b"}]' % prompt


def words(size: int) -> bytes:
    """`size` bytes of plain words that need no escape in JSON."""
    return (_WORDS * (size // len(_WORDS) + 1))[:size].encode()


DIRECT = (
    Route("direct, Ollama", "direct", "direct", "ollama"),
    Route("direct, OpenAI", "direct", "direct", "openai"),
)
NGINX = (
    Route("nginx, Ollama", "nginx", "nginx", "ollama"),
    Route("nginx, OpenAI", "nginx", "nginx", "openai"),
)
CLOUD = "cloud1"
"""The name under which Hearth knows the mock as an OpenAI server; the target writes it into hearth.toml."""
HEARTH = (
    Route("Ollama → Ollama", "hearth", "same", "ollama"),
    Route("OpenAI → OpenAI", "hearth", "same", "openai", f"{CLOUD}/"),
    Route("OpenAI → Ollama", "hearth", "translated", "openai"),
    Route("Ollama → OpenAI", "hearth", "translated", "ollama", f"{CLOUD}/"),
)
AGAIN = (
    Route("again, Ollama", "again", "again", "ollama"),
    Route("again, OpenAI", "again", "again", "openai"),
)
"""The direct line under another name: what is added to it should be 0, give or take the noise of the day."""
