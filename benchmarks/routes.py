"""The ways a request can take: straight to the mock, or through a gateway in the same or in another dialect."""

from typing import Literal

import msgspec

import tongues
from more_voices import ALL_VOICES
from tongues import DIALECTS, TITLES, VOICE_PATHS, Dialect
from voices import Reply, Script, Voice

Column = Literal["direct", "nginx", "same", "translated", "alone", "again"]

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
        return ALL_VOICES[VOICE_PATHS[self.dialect]]

    def script(self, reply: Reply, *, stream: bool) -> Script:
        """How the mock says such a reply."""
        return self.voice.stream(reply) if stream else self.voice.whole(reply)

    def request(self, port: int, model: str, prompt: bytes, *, stream: bool) -> bytes:
        """One whole HTTP request, ready to be written in one piece."""
        body = tongues.body(self.dialect, self.prefix + model, prompt, stream=stream)
        path = tongues.path(self.dialect, self.prefix + model, stream=stream)
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: benchmark\r\nAccept: */*\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    def asked(self, prompt: bytes) -> int:
        """How many bytes of conversation the mock sees where nobody translates."""
        return len(tongues.conversation(self.dialect, prompt))


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
PROVIDERS: dict[Dialect, str] = {dialect: "" if dialect == "ollama" else f"{dialect}1/" for dialect in DIALECTS}
"""What stands before the model's name to name the mock as a provider of that dialect."""
PAIRS_DIRECT = tuple(Route(f"direct, {TITLES[dialect]}", "direct", "direct", dialect) for dialect in DIALECTS)
PAIRS = tuple(
    Route(
        f"{TITLES[client]} → {TITLES[provider]}",
        "hearth",
        "same" if client == provider else "translated",
        client,
        PROVIDERS[provider],
    )
    for client in DIALECTS
    for provider in DIALECTS
)
"""Every client's dialect at every provider's. Replicate is left out: its answers take several exchanges, so that no
direct line is comparable."""
AGAIN = (
    Route("again, Ollama", "again", "again", "ollama"),
    Route("again, OpenAI", "again", "again", "openai"),
)
"""The direct line under another name: what is added to it should be 0, give or take the noise of the day."""
