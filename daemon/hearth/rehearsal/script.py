"""What the rehearsal is told to be: frozen values that describe its models and its manner."""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

from hearth.rehearsal.key_limits import KeyLimit

Kind = Literal["ollama", "openai", "anthropic", "gemini", "cohere", "replicate"]
Flavour = Literal[
    "openai", "openrouter", "groq", "mistral", "deepseek", "together", "xai", "llama-server", "huggingface",
    "azure", "minimax", "moonshot", "fireworks", "cerebras", "perplexity",
    "vllm", "sglang", "tgi", "lm-studio", "localai", "litellm", "nvidia",
]  # fmt: skip
Path = Literal["A", "B"]

CHAT = ("tools", "completion")
THINKING = ("tools", "thinking", "completion")
FULL = ("completion", "tools", "insert", "thinking")


class ModelScript(msgspec.Struct, frozen=True, kw_only=True):
    """One model of the rehearsal.

    `name` carries a tag or means `:latest`; `size` and `vram` (its part on a GPU) are in bytes; `context_length` is
    the trained window in tokens, `num_ctx` the Modelfile's own (0: the engine's default); `tokens_per_second` 0 means
    as fast as possible, `prompt_seconds` is the time to the first of them, of which `reads_on` lets none be saved by a
    caller that leaves. `says` replaces the vocabulary.
    `template_path` A is the GGUF's own Jinja template, B a Modelfile TEMPLATE (wire/ollama, recordings `*-templated`).
    A model with `remote_host` is one that Ollama would forward to somebody else.
    """

    name: str
    size: int = 2_176_009
    context_length: int = 8192
    embedding_length: int = 192
    num_ctx: int = 2048
    capabilities: tuple[str, ...] = CHAT
    vram: int = 0
    load_seconds: float = 0.0
    tokens_per_second: float = 0.0
    prompt_seconds: float = 0.0
    reads_on: bool = False
    remote_host: str | None = None
    remote_model: str | None = None
    template_path: Path = "A"
    digest: str = ""
    says: str | None = None

    @property
    def full_name(self) -> str:
        """The name as Ollama lists it: always with a tag."""
        return with_tag(self.name)

    @property
    def full_digest(self) -> str:
        """64 hexadecimal digits, made from the name unless the script gives some."""
        return self.digest or hashlib.sha256(self.full_name.encode()).hexdigest()

    @property
    def pace(self) -> float:
        """Seconds from one token to the next; 0.0 is as fast as possible."""
        return 1 / self.tokens_per_second if self.tokens_per_second else 0.0

    def seconds_for(self, tokens: int) -> float:
        """Seconds until an answer of so many tokens is whole, the model loaded."""
        return self.prompt_seconds + tokens * self.pace

    @property
    def embeds(self) -> bool:
        """Whether this is an embedding model, which cannot chat."""
        return "embedding" in self.capabilities


def with_tag(name: str) -> str:
    """`m` and `m:latest` are one name (wire/ollama §5.4); a host's port is not a tag."""
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


MODELS = (
    ModelScript(name="scripted"),
    ModelScript(name="small", num_ctx=128),
    ModelScript(name="thinker", capabilities=THINKING),
    ModelScript(name="templated", capabilities=FULL, template_path="B"),
    ModelScript(name="plain", capabilities=("completion",), template_path="B"),
    ModelScript(name="embedder", size=157_095, embedding_length=16, num_ctx=256, capabilities=("embedding",)),
)


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """The whole part: which server is played, with which models, keys and manners.

    `parallel` is OLLAMA_NUM_PARALLEL (slots a model), `max_queue` OLLAMA_MAX_QUEUE (loads that may wait),
    `max_loaded` OLLAMA_MAX_LOADED_MODELS; `keep_alive` is in seconds. `keys` empty means that no key is asked for.
    `registry` holds what `pull` can fetch, `pull_seconds` how long that takes. `idle_close` closes a kept-alive
    connection after that many seconds without a request. `loading` makes a llama-server answer 503 Loading model.
    `comment_every` is how
    often, in seconds, a provider that sends comments while it waits sends them; `cost_per_token` is in USD.
    `limits` are those of keys (`key_limits`), held and told in headers; a key that is not valid is refused before.
    `truncates_to` is what is left of a prompt that was cut: the whole window, or about half of it as real Ollama does.
    """

    kind: Kind = "ollama"
    flavour: Flavour = "openai"
    models: tuple[ModelScript, ...] = MODELS
    registry: tuple[ModelScript, ...] = ()
    keys: tuple[str, ...] = ()
    limits: tuple[KeyLimit, ...] = ()
    version: str = "0.32.15"
    parallel: int = 1
    max_queue: int = 512
    max_loaded: int = 3
    default_num_ctx: int = 4096
    keep_alive: float = 300.0
    pull_seconds: float = 0.0
    cloud_disabled: bool = False
    idle_close: float = 0.0
    loading: bool = False
    comment_every: float = 5.0
    cost_per_token: float = 0.000_001
    truncates_to: Literal["window", "half"] = "window"
