"""`generationConfig` between the wire and its meaning: knobs, the shape of the answer, the effort of thinking."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import msgspec
from msgspec import Raw, Struct, UnsetType

from hearth.chat import ChatRequest, Format, Knobs, Members, Reasoning
from hearth.dialects.body import value
from hearth.dialects.dialect import Destination
from hearth.dialects.gemini.schemas import json_schema
from hearth.dialects.gemini.traits import LEVELS, Level, Traits, traits_of
from hearth.problems import BadRequest, Unsupported

_JSON = "application/json"
_NULL = Raw(b"null")
_FEATURES = (
    *("speechConfig", "imageConfig", "translationConfig", "routingConfig", "modelSelectionConfig", "responseFormat"),
    *("enableAffectiveDialog", "audioTranscriptionConfig"),
)
"""Members that ask for what only a Gemini does."""
Effort = Literal["minimal", "low", "medium", "high", "xhigh", "max"]
_LEVEL_OF: dict[Effort, Level] = {
    "minimal": "MINIMAL",
    "low": "LOW",
    "medium": "MEDIUM",
    "high": "HIGH",
    "xhigh": "HIGH",
    "max": "HIGH",
}
_EFFORT_OF: dict[str, Effort] = {"MINIMAL": "minimal", "LOW": "low", "MEDIUM": "medium", "HIGH": "high"}
_TOKENS: dict[Effort, int] = {"minimal": 1024, "low": 2048, "medium": 10000, "high": 16384, "xhigh": 32768}
"""Effort -> tokens of thinking, as the reference SDKs have it (§2); "max" is whatever the model can do."""


class Thinking(Struct, rename="camel"):
    """`thinkingConfig`."""

    include_thoughts: bool = False
    thinking_budget: int | None = None
    thinking_level: str | None = None


class Config(Struct, rename="camel"):
    """`generationConfig`, as far as it has a meaning elsewhere."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: float | None = None
    candidate_count: int | None = None
    max_output_tokens: int | None = None
    stop_sequences: list[str] | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    seed: int | None = None
    response_logprobs: bool = False
    logprobs: int | None = None
    response_mime_type: str | None = None
    response_schema: Raw | UnsetType = msgspec.UNSET
    response_json_schema: Raw | UnsetType = msgspec.UNSET
    response_modalities: list[str] | None = None
    thinking_config: Thinking | None = None

    def schema(self) -> Raw | None:
        """Return the schema of the answer as JSON Schema, None for none."""
        if isinstance(self.response_json_schema, Raw) and self.response_json_schema != _NULL:
            return self.response_json_schema
        given = self.response_schema
        return json_schema(given) if isinstance(given, Raw) and given != _NULL else None

    @property
    def wants_json(self) -> bool:
        """Whether the answer must be JSON."""
        return self.response_mime_type == _JSON

    @property
    def wants_schema(self) -> bool:
        """Whether the answer must fit a schema."""
        return any(
            isinstance(given, Raw) and given != _NULL for given in (self.response_json_schema, self.response_schema)
        )


def read_config(members: Members) -> Config:
    """Return the configuration of a request whose names are canonical. Raises `BadRequest`."""
    found: Config | None = value(members, "generationConfig", Config)
    return found or Config()


def native_config(members: Members) -> Iterator[str]:
    """Yield what the configuration asks for that only a Gemini does: pictures or speech as answers, and the like."""
    inside: Members = value(members, "generationConfig", Members) or {}
    yield from (name for name in _FEATURES if inside.get(name, _NULL) != _NULL)
    config = read_config(members)
    yield from (f"answers as {kind}" for kind in config.response_modalities or () if kind.upper() not in _TEXTS)
    if config.response_mime_type not in (None, "", "text/plain", _JSON):
        yield f"answers of type {config.response_mime_type}"


_TEXTS = ("TEXT", "MODALITY_UNSPECIFIED")


def read_knobs(config: Config) -> Knobs:
    """Return the knobs."""
    return Knobs(
        temperature=config.temperature,
        top_p=config.top_p,
        top_k=int(config.top_k) if config.top_k is not None else None,
        seed=config.seed,
        max_tokens=config.max_output_tokens,
        stop=tuple(config.stop_sequences) if config.stop_sequences else None,
        presence_penalty=config.presence_penalty,
        frequency_penalty=config.frequency_penalty,
    )


def read_format(config: Config) -> Format | None:
    """Return the shape of the answer; a schema without the MIME type of JSON is refused, as Google does."""
    schema = config.schema()
    if not config.wants_json:
        if schema is not None:
            raise BadRequest("A response schema needs responseMimeType application/json.", param="generationConfig")
        return None
    return Format("json") if schema is None else Format("json_schema", schema)


def read_reasoning(config: Config) -> Reasoning:
    """Return how hard to think. A budget becomes the effort whose budget it reaches."""
    thinking = config.thinking_config
    if thinking is None:
        return Reasoning()
    level, budget = (thinking.thinking_level or "").upper(), thinking.thinking_budget
    if level in ("XHIGH", *_EFFORT_OF):
        return Reasoning(on=True, effort=_EFFORT_OF.get(level, "xhigh"))
    if budget == 0:
        return Reasoning(on=False)
    if budget is not None and budget > 0:
        reached = [effort for effort, tokens in _TOKENS.items() if budget >= tokens]
        return Reasoning(on=True, effort=reached[-1] if reached else "minimal")
    return Reasoning(on=True if thinking.include_thoughts or budget is not None else None)


def write_config(request: ChatRequest, to: Destination) -> dict[str, Any]:
    """Return `generationConfig`. Raises `Unsupported` for what the model's family cannot do."""
    traits = traits_of(to.model)
    wire = write_knobs(request.knobs, to.defaults)
    if request.choices > 1:
        wire["candidateCount"] = request.choices
    if request.logprobs:
        wire["responseLogprobs"] = True
        if request.top_logprobs is not None:
            wire["logprobs"] = request.top_logprobs
    if request.format is not None:
        wire |= _write_format(request.format, traits, tools=bool(request.tools))
    thinking = write_thinking(request.reasoning, traits)
    return wire | {"thinkingConfig": thinking} if thinking else wire


_NAMES = {
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "seed": "seed",
    "max_tokens": "maxOutputTokens",
    "stop": "stopSequences",
    "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
}
"""Knob -> Gemini's name; those that are missing it does not have."""


def write_knobs(knobs: Knobs, defaults: Knobs) -> dict[str, Any]:
    """Return the knobs that are set, and the config's own for those left open."""
    wire: dict[str, Any] = {}
    for meaning, name in _NAMES.items():
        given = getattr(knobs, meaning)
        given = getattr(defaults, meaning) if given is None else given
        if given is not None:
            wire[name] = given
    return wire


def _write_format(form: Format, traits: Traits, *, tools: bool) -> dict[str, Any]:
    if tools and not traits.tools_with_json:
        raise Unsupported(
            "This model cannot be held to JSON while it is offered tools.",
            next_step="A Gemini of generation 3 or later can.",
            param="generationConfig",
        )
    if form.schema is None:
        return {"responseMimeType": _JSON}
    return {"responseMimeType": _JSON, "responseJsonSchema": form.schema}


def write_thinking(reasoning: Reasoning, traits: Traits) -> dict[str, Any]:
    """Return `thinkingConfig`, by level or by budget as the family has it; nothing where the caller said nothing.

    A family that cannot stop thinking gets its least. Raises `Unsupported` where thinking is wanted and there is none.
    """
    if reasoning.on is None and reasoning.effort is None:
        return {}
    wanted = reasoning.on is not False
    if not traits.levels and traits.budget is None:
        if wanted:
            raise Unsupported("This model does not think before it answers.", param="thinkingConfig")
        return {}
    wire: dict[str, Any] = {"includeThoughts": True} if wanted else {}
    if traits.levels:
        level = _level(reasoning, traits.levels)
        return wire | {"thinkingLevel": level} if level else wire
    return wire | {"thinkingBudget": _budget(reasoning, traits)}


def _level(reasoning: Reasoning, levels: tuple[Level, ...]) -> Level | None:
    """Return the nearest level the family has, from the wanted one upwards."""
    if reasoning.on is False:
        return levels[0]
    if reasoning.effort is None:
        return None
    wanted = LEVELS.index(_LEVEL_OF[reasoning.effort])
    return next((level for level in levels if LEVELS.index(level) >= wanted), levels[-1])


def _budget(reasoning: Reasoning, traits: Traits) -> int:
    """Return tokens of thinking within the family's limits; -1 leaves them to the model."""
    least, most = traits.budget or (0, 0)
    if reasoning.on is False:
        return 0 if traits.can_rest else least
    if reasoning.effort is None:
        return -1
    return min(max(_TOKENS.get(reasoning.effort, most), least), most)
