"""A whole request as a client sends it, read into its meaning: chat, completion and embeddings."""

from __future__ import annotations

from typing import Any

from hearth.chat import ChatRequest, CompleteRequest, EmbedRequest, Members, Request
from hearth.dialects.body import value
from hearth.dialects.openai_chat.features import read_format, read_reasoning, read_tools
from hearth.dialects.openai_chat.knobs import DIMENSIONS, NAMES, dimensions_of, read_knobs
from hearth.dialects.openai_chat.native import refuse_native
from hearth.dialects.openai_chat.parts import read_messages
from hearth.fim.known import is_written
from hearth.problems import BadRequest, NotFound, Unsupported

_OURS = NAMES | {"model", "stream", "stream_options", "hearth", "n", "user", "logprobs", "top_logprobs"}
_CHAT = _OURS | {
    "messages",
    "tools",
    "tool_choice",
    "functions",
    "function_call",
    "parallel_tool_calls",
    "response_format",
    "reasoning_effort",
    "reasoning",
}
_COMPLETE = _OURS | {"prompt", "suffix", "echo", "response_format", "reasoning_effort", "reasoning"}
_EMBED = frozenset({"model", "input", *DIMENSIONS, "encoding_format", "user", "hearth"})


def read_request(route: str, members: Members) -> Request:
    """Return the meaning of a request to `route`. Raises `BadRequest`, or `Unsupported` for an unknown feature."""
    if route == "chat":
        return _chat(members)
    if route == "completions":
        return _complete(members)
    if route == "embeddings":
        return _embed(members)
    raise NotFound(f"Unknown route {route!r}.")


def _chat(members: Members) -> ChatRequest:
    refuse_native(members)
    tools, choice = read_tools(members)
    return ChatRequest(
        read_messages(members.get("messages")),
        knobs=read_knobs(members),
        tools=tools,
        tool_choice=choice,
        parallel_tool_calls=value(members, "parallel_tool_calls", bool),
        format=read_format(members),
        reasoning=read_reasoning(members),
        logprobs=value(members, "logprobs", bool) or False,
        top_logprobs=value(members, "top_logprobs", int),
        choices=_choices(members),
        user=value(members, "user", str) or "",
        unknown=_unknown(members, _CHAT),
    )


def _complete(members: Members) -> CompleteRequest:
    refuse_native(members)
    logprobs = value(members, "logprobs", int | bool)
    prompt = _prompt(members)
    suffix = value(members, "suffix", str)
    verbatim = not suffix and is_written(prompt)
    return CompleteRequest(
        prompt,
        suffix=None if verbatim else suffix,
        knobs=read_knobs(members),
        format=read_format(members),
        reasoning=read_reasoning(members),
        logprobs=logprobs is not None and logprobs is not False,
        top_logprobs=logprobs if isinstance(logprobs, int) and not isinstance(logprobs, bool) else None,
        choices=_choices(members),
        echo=value(members, "echo", bool) or False,
        unknown=_unknown(members, _COMPLETE),
        verbatim=verbatim,
    )


def _prompt(members: Members) -> str:
    """Return the one prompt; a list of one text is that text, longer lists and token ids have no meaning elsewhere."""
    prompt: Any = value(members, "prompt", str | list[Any])
    if prompt is None:
        raise BadRequest("you must provide a prompt parameter.", param="prompt")
    if isinstance(prompt, str):
        return prompt
    if len(prompt) == 1 and isinstance(prompt[0], str):
        return prompt[0]
    raise Unsupported(
        "prompt: several prompts or token ids in one request are not supported here.",
        next_step="Send one text a request.",
        param="prompt",
    )


def _embed(members: Members) -> EmbedRequest:
    refuse_native(members)
    given = value(members, "input")
    return EmbedRequest(
        _inputs(given),
        dimensions=dimensions_of(members),
        unknown=_unknown(members, _EMBED),
    )


def _inputs(given: Any) -> tuple[str, ...] | tuple[tuple[int, ...], ...]:  # noqa: ANN401 -- any JSON value may come
    """Return the texts, or the arrays of token ids, to be embedded."""
    if isinstance(given, str):
        return (given,)
    if isinstance(given, list) and given:
        if all(isinstance(item, str) for item in given):
            return tuple(given)
        if _is_tokens(given):
            return (tuple(given),)
        if all(isinstance(item, list) and item and _is_tokens(item) for item in given):
            return tuple(tuple(item) for item in given)
    raise BadRequest(
        "invalid input: it must be a text, texts, token ids or arrays of them, and not empty.", param="input"
    )


def _is_tokens(items: list[Any]) -> bool:
    return all(type(item) is int for item in items)


def _choices(members: Members) -> int:
    count: int | None = value(members, "n", int)
    if count is not None and count < 1:
        raise BadRequest("n must be at least 1.", param="n")
    return count or 1


def _unknown(members: Members, known: frozenset[str] | set[str]) -> Members:
    return {name: raw for name, raw in members.items() if name not in known}
