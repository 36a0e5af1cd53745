"""What a request means, in no provider's words: messages, tools, knobs.

Every dialect reads its wire format into these values and writes them back; nothing here knows a wire format, a clock
or an id.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Raw, Struct

Operation = Literal["chat", "complete", "embed"]
Role = Literal["system", "user", "assistant", "tool"]
Need = Literal[
    "tools",
    "tool_choice",
    "images",
    "audio",
    "files",
    "json",
    "json_schema",
    "thinking",
    "suffix",
    "logprobs",
    "choices",
    "raw",
    "embeddings",
    "repository",
    "dimensions",
    "token_ids",
    "tokenize",
]
"""An ability a target must have, or it is refused (design §2.3).

Knobs such as `top_k` are not among them: those may be lost.
"""

Members: TypeAlias = dict[str, Raw]
"""A JSON object cut at its top level.

Each member's bytes are kept as they came, so that unknown fields survive a splice.
"""


class Text(Struct, frozen=True, tag="text"):
    """Plain text."""

    text: str


class Image(Struct, frozen=True, tag="image"):
    """A picture.

    `data` is standard base64 without a `data:` prefix, or else `url` is set; `media_type` may be unknown ("").
    """

    data: str = ""
    media_type: str = ""
    url: str = ""
    detail: str = ""


class Audio(Struct, frozen=True, tag="audio"):
    """Sound: standard base64 and its format ("wav", "mp3")."""

    data: str
    format: str


class File(Struct, frozen=True, tag="file"):
    """A document: base64 `data`, or a provider's `id`."""

    data: str = ""
    media_type: str = ""
    name: str = ""
    id: str = ""


class Thinking(Struct, frozen=True, tag="thinking"):
    """What the model thought in an earlier turn.

    `opaque` is its producer's sealed form and of use to `producer` alone.
    """

    text: str
    opaque: str = ""
    producer: str = ""


class Refusal(Struct, frozen=True, tag="refusal"):
    """The model's own words for saying no."""

    text: str


class ToolCall(Struct, frozen=True, tag="tool_call"):
    """A call the model made.

    `arguments` is JSON text (an object in good replies, anything in bad ones); `id` may be empty. `opaque` is what
    its maker sealed into it (Gemini's thought signature) and of use to `producer` alone.
    """

    id: str
    name: str
    arguments: str
    opaque: str = ""
    producer: str = ""


class ToolResult(Struct, frozen=True, tag="tool_result"):
    """What a tool answered; `name` is filled where the caller or an earlier call told it."""

    call_id: str
    parts: tuple[Text | Image | File, ...]
    name: str = ""
    is_error: bool = False


Part: TypeAlias = Text | Image | Audio | File | Thinking | Refusal | ToolCall | ToolResult


class Message(Struct, frozen=True):
    """One turn. Parts keep the caller's order; `developer` is read as `system`."""

    role: Role
    parts: tuple[Part, ...] = ()
    name: str = ""


class Tool(Struct, frozen=True):
    """A function the model may call; `parameters` is its JSON Schema as it came."""

    name: str
    description: str = ""
    parameters: Raw | None = None
    strict: bool | None = None


class ToolChoice(Struct, frozen=True):
    """Whether a tool must be called; `name` goes with "named"."""

    kind: Literal["auto", "none", "required", "named"]
    name: str = ""


class Format(Struct, frozen=True):
    """The shape the answer must have: any JSON, or one schema."""

    kind: Literal["json", "json_schema"]
    schema: Raw | None = None
    name: str = "response"
    strict: bool | None = None
    description: str = ""


class Reasoning(Struct, frozen=True):
    """How hard to think.

    `effort` None with `on` True is the model's default; `on` None means the caller said nothing. `optional`: the caller
    takes an answer without thoughts too, of a model that has none.
    """

    on: bool | None = None
    effort: Literal["minimal", "low", "medium", "high", "xhigh", "max"] | None = None
    optional: bool = False


class Knobs(Struct, frozen=True, omit_defaults=True):
    """Settings of the sampler.

    None means the caller left it open. Losing one is allowed, silently changing one is not.
    """

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    typical_p: float | None = None
    seed: int | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    repeat_penalty: float | None = None
    repeat_last_n: int | None = None


class ChatRequest(Struct, frozen=True):
    """A conversation to be continued.

    `unknown` holds members no meaning was found for: they go to a target of the same dialect only.
    """

    messages: tuple[Message, ...]
    knobs: Knobs = Knobs()
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    format: Format | None = None
    reasoning: Reasoning = Reasoning()
    logprobs: bool = False
    top_logprobs: int | None = None
    choices: int = 1
    user: str = ""
    unknown: Members = {}


class SourceFile(Struct, frozen=True):
    """Another file of the repository that a gap is filled in: its name, "" where nobody told it, and its text."""

    name: str
    text: str


class CompleteRequest(Struct, frozen=True):
    """Text to be continued (`prompt`), or a gap to be filled (`suffix` is not None: fill in the middle, FIM).

    `templated` says that the model's chat template is wanted around the prompt (Ollama's generate); raw
    completions leave it out. `verbatim`: the prompt is written in the model's own tokens, nothing may be put around it.
    `begun` is what stands in the gap already, after `prompt` (llama.cpp's /infill keeps them apart); `context` are
    other files to be read along.
    """

    prompt: str
    suffix: str | None = None
    knobs: Knobs = Knobs()
    system: str = ""
    images: tuple[Image, ...] = ()
    format: Format | None = None
    reasoning: Reasoning = Reasoning()
    templated: bool = False
    logprobs: bool = False
    top_logprobs: int | None = None
    choices: int = 1
    echo: bool = False
    unknown: Members = {}
    verbatim: bool = False
    begun: str = ""
    context: tuple[SourceFile, ...] = ()


class EmbedRequest(Struct, frozen=True):
    """Texts (or token ids) to be turned into vectors, one vector each, in order."""

    inputs: tuple[str, ...] | tuple[tuple[int, ...], ...]
    dimensions: int | None = None
    unknown: Members = {}


Request: TypeAlias = ChatRequest | CompleteRequest | EmbedRequest
