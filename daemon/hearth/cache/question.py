"""Which requests may be answered from the cache, and what makes two of them the same; pure."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET

from hearth.call import Call, Outline
from hearth.chat import ChatRequest, CompleteRequest, EmbedRequest, File, Image, Message, Request, ToolResult
from hearth_config.settings import Cache

_NEVER = frozenset({"stream", "stream_options"})
"""How an answer is sent is no part of the question."""
_IDLE = {
    "ollama": frozenset({"keep_alive"}),
    "openai_chat": frozenset({"user", "metadata", "safety_identifier", "prompt_cache_key", "store"}),
    "anthropic": frozenset({"metadata"}),
}
"""What changes no answer, by dialect: for whom it is asked, and what the engine does afterwards."""

_EXACT = 2**53


def may_be_kept(call: Call, cache: Cache) -> bool:
    """Say whether the outline of a call allows its answer to be kept: a cheap test, before its meaning is read.

    Not where the caller says no (`"hearth": {"cache": false}`), where the provider brings in more than the model knows
    (tools it runs itself, a conversation it keeps), or where the response is to be continued.
    """
    outline = call.outline
    switch = cache.embeddings if outline.operation == "embed" else cache.answers
    if switch == "off" or outline.wishes.cache is False:
        return False
    kept_by_id = getattr(outline, "remember", False)  # an outline of the Responses API has it
    return not (outline.native or outline.counts or outline.empty or kept_by_id)


def is_settled(request: Request) -> bool:
    """Say whether a request leaves nothing to chance: temperature 0 or a seed, and all that it shows is in it.

    Embeddings are always settled. A picture or file that is only pointed at may be another one tomorrow.
    """
    if isinstance(request, EmbedRequest):
        return True
    if request.knobs.temperature != 0 and request.knobs.seed is None:
        return False
    if isinstance(request, CompleteRequest):
        return not any(image.url for image in request.images)
    return isinstance(request, ChatRequest) and not any(map(_points_elsewhere, request.messages))


def _points_elsewhere(message: Message) -> bool:
    parts = [part for one in message.parts for part in (one.parts if isinstance(one, ToolResult) else (one,))]
    return any((isinstance(part, Image) and part.url) or (isinstance(part, File) and part.id) for part in parts)


def question(call: Call) -> bytes | None:
    """Return what identical requests have in common, None where a body cannot be compared.

    Dialect, route, mode, the model as it was named, and every member of the body that may change the answer, in one
    order and without the caller's spacing. It holds the prompt: only a keyed hash of it is ever written down.
    """
    outline = call.outline
    left_out = _NEVER | _IDLE.get(call.dialect, frozenset())
    try:
        members = ((name, member) for name, member in call.members.items() if name not in left_out)
        said = {name: _plain(msgspec.json.decode(member)) for name, member in members}
        whole = [call.dialect, outline.route, call.mode, outline.headers, _wishes(outline), said]
        return msgspec.json.encode(whole, order="sorted")
    except (msgspec.DecodeError, UnicodeError, OverflowError, RecursionError):
        return None


def _wishes(outline: Outline) -> list[object]:
    """The wishes that change what a caller gets; the mode is told apart, and what it may cost is the plan's."""
    wishes = outline.wishes
    return [None if wish is UNSET else wish for wish in (wishes.thinking, wishes.context)]


def _plain(value: Any) -> Any:  # noqa: ANN401 -- any JSON
    """Write 0.0 as 0 among settings, as other clients do; lists hold what was said, and stay as they are."""
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return int(value)
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return value
