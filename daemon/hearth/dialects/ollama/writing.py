"""Requests for an Ollama, written from their meaning: what it cannot carry is refused, never dropped."""

from __future__ import annotations

from hearth.chat import ChatRequest, CompleteRequest, EmbedRequest, Format, Knobs, Members, Reasoning, Request
from hearth.dialects.body import raw
from hearth.dialects.dialect import Destination, HttpRequest
from hearth.dialects.ollama.names import sent_name
from hearth.dialects.ollama.options import written
from hearth.dialects.ollama.sending import post
from hearth.dialects.ollama.turns import image_data, write_messages, write_tools
from hearth.fim.filling import prepared
from hearth.problems import Unsupported

_LEVELS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "max", "max": "max"}


def write_request(request: Request, to: Destination, *, stream: bool) -> HttpRequest:
    """Return the request to send: `/api/chat`, `/api/generate` or `/api/embed`. Raises `Unsupported`."""
    if isinstance(request, ChatRequest):
        return _chat(request, to, stream=stream)
    if isinstance(request, CompleteRequest):
        return _generate(request, to, stream=stream)
    return _embed(request, to)


def _chat(request: ChatRequest, to: Destination, *, stream: bool) -> HttpRequest:
    tools = () if _forbids_tools(request) else request.tools
    _one_choice(request.choices)
    members = _start(to, stream=stream)
    members["messages"] = raw(write_messages(request.messages))
    if tools:
        members["tools"] = raw(write_tools(tools))
    _add_shape(members, request.format, request.reasoning, to)
    _add_logprobs(members, request.logprobs, request.top_logprobs)
    _add_options(members, request.knobs, to)
    return post("chat", members, to)


def _generate(request: CompleteRequest, to: Destination, *, stream: bool) -> HttpRequest:
    """Plain generate with the model's template, as Ollama's own `/v1/completions` does; a suffix goes in natively.

    A prompt in the model's own tokens goes in raw: the template around it would break it, and so it would a gap that
    is written in them because the model has no `insert`.
    """
    request = prepared(request, to.filling)
    _one_choice(request.choices)
    if request.echo:
        raise Unsupported("Ollama cannot repeat the prompt in its answer (echo).", param="echo")
    members = _start(to, stream=stream)
    members["prompt"] = raw(request.prompt)
    if request.verbatim:
        members["raw"] = raw(True)
    if request.suffix:
        members["suffix"] = raw(request.suffix)
    if request.system:
        members["system"] = raw(request.system)
    if request.images:
        members["images"] = raw([image_data(image) for image in request.images])
    _add_shape(members, request.format, request.reasoning, to)
    _add_logprobs(members, request.logprobs, request.top_logprobs)
    _add_options(members, request.knobs, to)
    return post("generate", members, to)


def _embed(request: EmbedRequest, to: Destination) -> HttpRequest:
    """Inputs go as a list always, since only there an empty text has a vector."""
    if any(not isinstance(item, str) for item in request.inputs):
        raise Unsupported("Ollama embeds text, not token ids.", next_step="Send strings as input.", param="input")
    members: Members = {"model": raw(sent_name(to, guarded=False)), "input": raw(request.inputs)}
    if request.dimensions is not None:
        members["dimensions"] = raw(request.dimensions)
    _add_options(members, Knobs(), to)
    return post("embed", members, to)


def _start(to: Destination, *, stream: bool) -> Members:
    members: Members = {"model": raw(sent_name(to)), "stream": raw(stream)}
    if to.pins.shift is not None:
        members["shift"] = raw(to.pins.shift)
    return members


def _add_options(members: Members, knobs: Knobs, to: Destination) -> None:
    """Add knobs and the pinned members that all routes share."""
    options = written(knobs, to)
    if options:
        members["options"] = raw(options)
    if to.pins.keep_alive is not None:
        members["keep_alive"] = raw(to.pins.keep_alive)
    members["truncate"] = raw(False)


def _add_shape(members: Members, format: Format | None, reasoning: Reasoning, to: Destination) -> None:
    """Add the answer's shape and how hard to think. Nothing said about thinking stays unsaid.

    Ollama refuses to think with a model that cannot: thoughts the caller can do without are not asked of such a one.
    """
    if format is not None:
        members["format"] = raw("json") if format.schema is None else format.schema
    if reasoning.optional and to.thinks is False:
        return
    if reasoning.on is False:
        members["think"] = raw(False)
    elif reasoning.effort is not None:
        members["think"] = raw(_LEVELS[reasoning.effort])
    elif reasoning.on:
        members["think"] = raw(True)


def _add_logprobs(members: Members, wanted: bool, top: int | None) -> None:  # noqa: FBT001 -- as in the request
    if wanted:
        members["logprobs"] = raw(wanted)
        if top is not None:
            members["top_logprobs"] = raw(top)


def _forbids_tools(request: ChatRequest) -> bool:
    """Say whether tools are to be left out. Ollama ignores a choice of tools, so a forced one is refused."""
    choice = request.tool_choice
    if choice is None or choice.kind == "auto":
        return False
    if choice.kind == "none":
        return True
    raise Unsupported("Ollama cannot be made to call a tool.", next_step='Use tool_choice "auto".', param="tool_choice")


def _one_choice(choices: int) -> None:
    if choices > 1:
        raise Unsupported("Ollama gives one answer a request.", next_step="Ask several times.", param="n")
