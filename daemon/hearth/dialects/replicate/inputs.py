"""The input of a prediction: a request's meaning under the names and in the types that this one model takes."""

from __future__ import annotations

from typing import Any

import msgspec

from hearth.chat import ChatRequest, Image, Knobs, Reasoning
from hearth.dialects.data_urls import picture_url
from hearth.dialects.replicate.prompts import as_messages, split, transcript
from hearth.dialects.replicate.schema import Field, Fields
from hearth.problems import Unsupported

_KNOBS: dict[str, tuple[str, ...]] = {
    "temperature": ("temperature",),
    "top_p": ("top_p",),
    "top_k": ("top_k",),
    "min_p": ("min_p",),
    "typical_p": ("typical_p",),
    "seed": ("seed",),
    "max_tokens": ("max_completion_tokens", "max_tokens", "max_new_tokens", "max_output_tokens", "max_length"),
    "presence_penalty": ("presence_penalty",),
    "frequency_penalty": ("frequency_penalty",),
    "repeat_penalty": ("repetition_penalty", "repeat_penalty"),
}
"""Our knobs, and the names models have for them (wire/providers §4.7); one that a model lacks is lost."""
_IMAGES = ("image_input", "images", "image")
_STOPS = ("stop_sequences", "stop")
_NEAREST = {"minimal": ("minimal", "low"), "xhigh": ("xhigh", "max", "high"), "max": ("max", "xhigh", "high")}
_LEAST = ("none", "minimal")


def write_input(request: ChatRequest, fields: Fields, defaults: Knobs) -> dict[str, Any]:
    """Return the input. Raises `Unsupported` for a picture or an effort that this model has no input for."""
    _refuse(request)
    system, turns, images = split(request.messages)
    written: dict[str, Any] = {}
    if "messages" in fields:
        messages = as_messages(request.messages)
        as_text = fields["messages"].type == "string"
        written["messages"] = msgspec.json.encode(messages).decode() if as_text else messages
    else:
        prompt = transcript(turns)
        if system and "system_prompt" in fields:
            written["system_prompt"] = system
        elif system:
            prompt = f"{system}\n\n{prompt}"
        written["prompt"] = prompt
    if images:
        written |= _pictures(images, fields)
    return written | _thinking(request.reasoning, fields) | _knobs(request.knobs, defaults, fields)


def _refuse(request: ChatRequest) -> None:
    """Refuse what no model can be asked for through this API, with what would work."""
    wanted = (
        ("tools", "call tools", bool(request.tools)),
        ("response_format", "be held to JSON", request.format is not None),
        ("logprobs", "tell token probabilities", request.logprobs),
        ("n", "give several answers", request.choices > 1),
    )
    for param, what, asked in wanted:
        if asked:
            raise Unsupported(f"Models of Replicate cannot {what}.", next_step="Ask another provider.", param=param)


def _pictures(images: list[Image], fields: Fields) -> dict[str, Any]:
    urls = [image.url or picture_url(image.media_type, image.data) for image in images]
    name = next((name for name in _IMAGES if name in fields), None)
    if name is None:
        raise Unsupported("This model of Replicate takes no images.", param="messages")
    if fields[name].type == "array":
        return {name: urls}
    if len(urls) > 1:
        raise Unsupported("This model of Replicate takes one image a request.", param="messages")
    return {name: urls[0]}


def _thinking(reasoning: Reasoning, fields: Fields) -> dict[str, Any]:
    """Return how hard to think; to be told to think is a feature, and a model without a word for it is refused."""
    if reasoning.on is None and reasoning.effort is None:
        return {}
    field = fields.get("reasoning_effort")
    if field is None:
        if reasoning.on is False or reasoning.optional:
            return {}
        raise Unsupported(
            "This model of Replicate has no input for thinking.", next_step="Ask without it.", param="reasoning_effort"
        )
    word = _word(reasoning, field)
    return {} if word is None else {"reasoning_effort": word}


def _word(reasoning: Reasoning, field: Field) -> str | None:
    """Return the model's word for an effort, the nearest it has; None leaves it at its own."""
    if reasoning.on is False:
        return next((word for word in _LEAST if word in field.words), None)
    effort = reasoning.effort
    if effort is None or not field.words:
        return effort
    return next((word for word in _NEAREST.get(effort, (effort,)) if word in field.words), None)


def _knobs(knobs: Knobs, defaults: Knobs, fields: Fields) -> dict[str, Any]:
    written: dict[str, Any] = {}
    for meaning, names in _KNOBS.items():
        given = _or(getattr(knobs, meaning), getattr(defaults, meaning))
        name = next((name for name in names if name in fields), None)
        if given is not None and name is not None:
            written[name] = given
    return written | _stops(knobs.stop or defaults.stop or (), fields)


def _stops(stops: tuple[str, ...], fields: Fields) -> dict[str, Any]:
    """Return stop sequences as a list, or joined by commas. Raises `Unsupported` where a model has no form for one."""
    if not stops:
        return {}
    name = next((name for name in _STOPS if name in fields), None)
    if name is None:
        raise Unsupported(
            "This model of Replicate takes no stop sequences.", next_step="Ask without them.", param="stop"
        )
    if fields[name].type == "array":
        return {name: list(stops)}
    if any("," in stop for stop in stops):
        raise Unsupported("This model of Replicate takes no stop sequence with a comma in it.", param="stop")
    return {name: ",".join(stops)}


def _or(given: object, default: object) -> object:
    return default if given is None else given
