"""The shapes of a reply on the wire: a chunk of a stream and a whole reply are the same thing here."""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct

from hearth.dialects.forgiving import forgiving
from hearth.dialects.gemini.citations import Citations, Grounding
from hearth.dialects.gemini.logprobs import LogprobsWire
from hearth.dialects.gemini.parts import FunctionCall
from hearth.dialects.gemini.usage import UsageWire


class Part(Struct, rename="camel", gc=False):
    """A piece of an answer; kinds that mean nothing elsewhere are left unread."""

    text: str | None = None
    thought: bool = False
    thought_signature: str | None = None
    function_call: FunctionCall | None = None


class Content(Struct):
    """What a candidate says."""

    parts: list[Part] | None = None


class Candidate(Struct, rename="camel"):
    """One answer or a piece of it."""

    content: Content | None = None
    index: int = 0
    finish_reason: str | None = None
    finish_message: str | None = None
    grounding_metadata: Grounding | None = None
    citation_metadata: Citations | None = None
    logprobs_result: LogprobsWire | None = None


class Feedback(Struct, rename="camel"):
    """What was found wrong with the prompt."""

    block_reason: str | None = None


class Chunk(Struct, rename="camel"):
    """One record of a stream, or a whole reply."""

    candidates: list[Candidate] | None = None
    prompt_feedback: Feedback | None = None
    usage_metadata: UsageWire | None = None
    model_version: str | None = None
    response_id: str | None = None
    error: Raw | None = None


decode_chunk = forgiving(msgspec.json.Decoder(Chunk), ("usageMetadata",))
