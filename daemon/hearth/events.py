"""What a reply means, piece by piece: the events of a stream, and the frame that keeps the bytes beside them."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Raw, Struct

from hearth.problems import Problem

FinishReason = Literal["stop", "length", "tool_calls", "filter", "load", "unload", "unknown"]
"""Why a reply ended.

"load" and "unload" are Ollama's answers to a request without a prompt. An error is a `Failed`, never a finish.
"""


class Started(Struct, frozen=True):
    """The reply has begun; the fields are the provider's own words and may be empty."""

    id: str = ""
    model: str = ""
    created: int = 0


class TextDelta(Struct, frozen=True):
    """More text of one choice."""

    text: str
    choice: int = 0


class ThinkingDelta(Struct, frozen=True):
    """More of what the model thinks before it answers."""

    text: str
    choice: int = 0


class ThinkingSealed(Struct, frozen=True):
    """The sealed form of the thinking since the last seal, or of thinking nobody may read.

    `opaque` is for `producer` (the name of a dialect) alone, which must get it back as it came (`chat.Thinking`).
    """

    opaque: str
    producer: str
    choice: int = 0


class RefusalDelta(Struct, frozen=True):
    """More of the model's refusal."""

    text: str
    choice: int = 0


class ToolCallDelta(Struct, frozen=True):
    """A tool call, whole or in pieces. Pieces of one call share `index` (from 0, without gaps, in order of arrival).

    `id` and `name` come with its first piece only; `arguments` is JSON text to be appended. `whole` says that
    nothing follows for this index. `opaque` and `producer` come with any piece (`chat.ToolCall`).
    """

    index: int
    arguments: str
    id: str = ""
    name: str = ""
    whole: bool = False
    choice: int = 0
    opaque: str = ""
    producer: str = ""


class Citation(Struct, frozen=True):
    """A source the text before this event leans on; any field but one of `url` and `title` may be empty."""

    url: str = ""
    title: str = ""
    quote: str = ""
    """The words of the source."""
    choice: int = 0


class LogProbs(Struct, frozen=True):
    """Token probabilities.

    A JSON array of `{token, logprob, bytes, top_logprobs}`; OpenAI and Ollama share that shape.
    """

    content: Raw
    choice: int = 0


class Vectors(Struct, frozen=True):
    """Embeddings, one a given input, in order."""

    vectors: tuple[tuple[float, ...], ...]


class Usage(Struct, frozen=True):
    """Tokens counted by the provider. None is unknown, never 0.

    `input` includes `cached` and `cache_write`; `output` includes `reasoning`.
    Times are nanoseconds as engines report them; `cost` is the provider's own figure in `currency`.
    """

    input: int | None = None
    output: int | None = None
    cached: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None
    cost: float | None = None
    currency: str = "USD"
    total_ns: int | None = None
    load_ns: int | None = None
    input_ns: int | None = None
    output_ns: int | None = None


class Finished(Struct, frozen=True):
    """One choice has ended for a reason; `raw` is the provider's word for it.

    `sequence` is the stop sequence that was met, where the provider says so.
    """

    reason: FinishReason
    raw: str = ""
    choice: int = 0
    sequence: str = ""


class Done(Struct, frozen=True):
    """The provider's last word (`[DONE]`, `"done":true`).

    The reply is whole. Without it, or a `Finished`, a stream was cut.
    """


class Failed(Struct, frozen=True):
    """The reply ended in an error."""

    problem: Problem


Event: TypeAlias = (
    Started
    | TextDelta
    | ThinkingDelta
    | ThinkingSealed
    | RefusalDelta
    | ToolCallDelta
    | Citation
    | LogProbs
    | Vectors
    | Usage
    | Finished
    | Done
    | Failed
)

MEANINGFUL = (TextDelta, ThinkingDelta, RefusalDelta, ToolCallDelta, Vectors, Finished)
"""Events that commit a reply: once one of them has been sent, the target may not be swapped (design §2.5)."""


class Frame(Struct, frozen=True):
    """One record of a reply: the bytes as they came and what they mean.

    Same dialect: `raw` is sent on; else the events are encoded. An empty `raw` is metered and not forwarded
    (usage nobody asked for).
    """

    raw: bytes
    events: tuple[Event, ...] = ()
