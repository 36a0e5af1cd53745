"""The shapes of a reply on the wire, as tolerant as servers are different (wire/providers §4.15, last paragraph).

One set serves streamed chunks and whole replies, chat, completions and llama.cpp's own completion form.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, Struct, UnsetType

from hearth.dialects.forgiving import forgiving
from hearth.dialects.openai_failures import BaseResp
from hearth.dialects.openai_usage import InputDetails, OutputDetails

# `Any` stands where servers put several kinds of things into one place; whoever reads it looks at what it is.


class Function(Struct, gc=False):
    """Name and a piece of the arguments; some servers send the arguments as an object."""

    name: str | None = None
    arguments: Any = None


class Call(Struct, gc=False):
    """A tool call or a piece of one."""

    index: int | None = None
    id: str | None = None
    function: Function | None = None


class Delta(Struct, gc=False):
    """A piece of a message, or a whole one. `content` is text, or Mistral's array of typed chunks."""

    content: Any = None
    reasoning_content: Any = None
    reasoning: Any = None
    reasoning_details: Any = None
    refusal: str | None = None
    tool_calls: list[Call] | None = None
    function_call: Function | None = None
    annotations: Any = None


class Probs(Struct, gc=False):
    """Token probabilities: OpenAI's chat form (`content`), or the parallel lists of old completions."""

    content: Raw | UnsetType = msgspec.UNSET
    tokens: list[str] | None = None
    token_logprobs: list[float | None] | None = None
    top_logprobs: list[dict[str, float] | None] | None = None


class Choice(Struct, gc=False):
    """One choice: `delta` in streams, `message` in whole replies, `text` in completions."""

    index: int | None = None
    delta: Delta | None = None
    message: Delta | None = None
    text: str | None = None
    finish_reason: str | None = None
    logprobs: Probs | None = None
    usage: UsageWire | None = None
    """Moonshot's place for it in a stream."""


class UsageWire(Struct, gc=False):
    """Counts, in the words of all providers together (wire/providers §2)."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: InputDetails | None = None
    prompt_token_details: InputDetails | None = None
    completion_tokens_details: OutputDetails | None = None
    prompt_cache_hit_tokens: int | None = None
    num_cached_tokens: int | None = None
    cached_tokens: int | None = None
    """Moonshot's own place."""
    cost: Any = None
    """A number in USD (OpenRouter), or an object with its parts and their sum (Perplexity)."""


class Timings(Struct, gc=False):
    """llama.cpp's own clock, in milliseconds, and its own counts."""

    cache_n: int | None = None
    prompt_n: int | None = None
    prompt_ms: float | None = None
    predicted_n: int | None = None
    predicted_ms: float | None = None


class Groq(Struct, gc=False):
    """Groq's own corner of a chunk."""

    usage: UsageWire | None = None
    error: Any = None


class Chunk(Struct, gc=False):
    """One record of a stream, or a whole reply."""

    id: Any = None
    model: Any = None
    created: float | None = None
    choices: list[Choice] | None = None
    usage: UsageWire | None = None
    error: Any = None
    timings: Timings | None = None
    x_groq: Groq | None = None
    base_resp: BaseResp | None = None
    content: Any = None
    stop: bool | None = None
    stop_type: str | None = None
    tokens_evaluated: int | None = None
    tokens_predicted: int | None = None
    citations: Any = None
    search_results: Any = None


decode_chunk = forgiving(
    msgspec.json.Decoder(Chunk),
    ("usage",),
    ("choices", "*", "usage"),
    ("x_groq", "usage"),
    ("timings",),
    ("tokens_evaluated",),
    ("tokens_predicted",),
)
