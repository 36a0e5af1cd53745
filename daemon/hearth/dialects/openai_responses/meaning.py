"""What the events of one response mean, with what has to be remembered between them."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, UnsetType

from hearth.dialects.openai_failures import from_error
from hearth.dialects.openai_responses.chunks import Body, Wire
from hearth.dialects.openai_responses.seals import NAME, seal_item
from hearth.dialects.openai_responses.tools import as_arguments
from hearth.dialects.openai_responses.usage import read_usage
from hearth.dialects.probabilities import probabilities
from hearth.dialects.reply_reader import ReplyMeaning
from hearth.events import (
    Citation,
    Done,
    Event,
    Failed,
    Finished,
    FinishReason,
    RefusalDelta,
    Started,
    TextDelta,
    ThinkingDelta,
    ThinkingSealed,
    ToolCallDelta,
)
from hearth.problems import ProviderFault, ProviderRefusal

_CUT_SHORT: dict[str, FinishReason] = {"max_output_tokens": "length", "content_filter": "filter"}
_REFUSALS = ("invalid_prompt", "invalid_image", "invalid_base64", "image_", "unsupported_image", "bio_policy")
"""How codes of a failed response begin that another try would meet again."""


class Meaning(ReplyMeaning):
    """What the events of one response mean, with what has to be remembered between them.

    Items are known by their id, since Ollama gives two of them one place and llama.cpp gives no places at all; where
    there is no id, by their place.
    """

    def __init__(self, provider: str) -> None:
        super().__init__(provider)
        self._started = False
        self._calls: dict[object, int] = {}
        self._said: set[object] = set()
        """The items whose content has been told."""
        self._summary = 0

    def read(self, wire: Wire) -> list[Event]:
        """Return the events of one record; none for what has no meaning elsewhere."""
        kind = wire.type
        if kind.endswith(".delta"):
            return self._delta(kind, wire, wire.delta if isinstance(wire.delta, str) else "")
        if wire.item is not None:
            return self._item(wire.item, _text(wire.item.get("id")) or wire.output_index, done=kind.endswith(".done"))
        if kind == "response.output_text.annotation.added":
            return [*_citation(wire.annotation)]
        if kind == "error" or (wire.error is not None and wire.response is None):
            return [self._failure(wire.error or {"code": wire.code, "message": wire.message, "param": wire.param})]
        return self._lifecycle(kind, wire.response) if wire.response is not None else []

    def _lifecycle(self, kind: str, body: Body) -> list[Event]:
        if kind in ("response.completed", "response.incomplete", "response.failed"):
            return self.whole(body, kind.removeprefix("response."))
        return self._start(body)

    def whole(self, body: Body, status: str = "completed") -> list[Event]:
        """Return the events of a response at its end, whole or with what the events before have not told."""
        events = self._start(body)
        status = body.status or status
        if status == "failed":
            return [*events, self._failure(body.error)]
        for number, item in enumerate(body.output or ()):
            place = _text(item.get("id")) or number
            if place not in self._said:
                events += self._item(item, place, done=True)
        usage = read_usage(body.usage)
        return [*events, *((usage,) if usage is not None else ()), self._finish(body, status), Done()]

    def _start(self, body: Body) -> list[Event]:
        if self._started:
            return []
        self._started = True
        return [Started(body.id or "", body.model or "", int(body.created_at or 0))]

    def _finish(self, body: Body, status: str) -> Finished:
        """Return how a response ended; one in the background has not, which only its own dialect can follow."""
        if status == "incomplete":
            why = body.incomplete_details.reason if body.incomplete_details is not None else None
            return Finished(_CUT_SHORT.get(why or "", "unknown"), why or status)
        if status != "completed":
            return Finished("unknown", status)
        return Finished("tool_calls" if self._calls else "stop", status)

    def _delta(self, kind: str, wire: Wire, delta: str) -> list[Event]:
        place = wire.item_id or wire.output_index
        if kind == "response.output_text.delta":
            self._said.add(place)
            return [*([TextDelta(delta)] if delta else []), *_logprobs(wire.logprobs)]
        if not delta:
            return []
        if kind == "response.function_call_arguments.delta" and place in self._calls:
            self._said.add(place)
            return [ToolCallDelta(self._calls[place], delta)]
        if kind == "response.refusal.delta":
            self._said.add(place)
            return [RefusalDelta(delta)]
        if kind in ("response.reasoning_summary_text.delta", "response.reasoning_text.delta"):
            return [ThinkingDelta(self._gap(place, wire.summary_index or 0) + delta)]
        return []

    def _gap(self, place: object, part: int) -> str:
        """Return what stands before a piece of thinking: the parts of a summary are paragraphs."""
        gap = "\n\n" if place in self._said and part != self._summary else ""
        self._summary = part
        self._said.add(place)
        return gap

    def _item(self, item: dict[str, Any], place: object, *, done: bool) -> list[Event]:
        """Return what an item that begins or ends tells beyond its deltas."""
        kind, said = item.get("type"), place in self._said
        if kind in ("function_call", "custom_tool_call"):
            return self._call(item, place, done=done, said=said)
        if not done:
            return []
        self._said.add(place)
        if kind == "message":
            return [] if said else _message(item)
        if kind == "reasoning":
            return [*([] if said else _thoughts(item)), *_seal(item)]
        return []

    def _call(self, item: dict[str, Any], place: object, *, done: bool, said: bool) -> list[Event]:
        """Return a call that begins, or what of it no delta has told; a call without arguments has `{}`."""
        known = place in self._calls
        number = self._calls.setdefault(place, len(self._calls))
        id, name = ("", "") if known else (_text(item.get("call_id") or item.get("id")), _text(item.get("name")))
        if not done:
            return [] if known else [ToolCallDelta(number, "", id, name)]
        self._said.add(place)
        if said:
            return []
        custom = item.get("type") == "custom_tool_call"
        arguments = as_arguments(_text(item.get("input"))) if custom else _text(item.get("arguments"))
        return [ToolCallDelta(number, arguments or "{}", id, name, whole=True)]

    def _failure(self, error: object) -> Failed:
        problem = from_error(error, None, self._provider)
        code = error.get("code") if isinstance(error, dict) else None
        if isinstance(code, str) and code.startswith(_REFUSALS) and problem is not None:
            problem = ProviderRefusal(problem.message, who=self._provider, code=code, param=problem.param)
        return self.fail(problem or ProviderFault("The response failed without saying why.", who=self._provider))


def _message(item: dict[str, Any]) -> list[Event]:
    events: list[Event] = []
    for part in _objects(item.get("content")):
        if _text(part.get("text")):
            events.append(TextDelta(_text(part["text"])))
            events += _logprobs(Raw(msgspec.json.encode(part.get("logprobs") or [])))
            events += [found for annotation in _objects(part.get("annotations")) for found in _citation(annotation)]
        elif _text(part.get("refusal")):
            events.append(RefusalDelta(_text(part["refusal"])))
    return events


def _thoughts(item: dict[str, Any]) -> list[Event]:
    summary = [_text(part.get("text")) for part in _objects(item.get("summary"))]
    raw = [_text(part.get("text")) for part in _objects(item.get("content"))]
    text = "\n\n".join(filter(None, summary)) or "".join(raw)
    return [ThinkingDelta(text)] if text else []


def _seal(item: dict[str, Any]) -> list[Event]:
    opaque = seal_item(item)
    return [ThinkingSealed(opaque, NAME)] if opaque else []


def _citation(annotation: object) -> list[Event]:
    """Return a source on the web; a file at the provider is nothing that another dialect could show."""
    if not isinstance(annotation, dict) or annotation.get("type") != "url_citation":
        return []
    return [Citation(_text(annotation.get("url")), _text(annotation.get("title")))]


def _logprobs(given: Raw | UnsetType) -> list[Event]:
    if not isinstance(given, Raw) or bytes(given) in (b"[]", b"null"):
        return []
    return [*probabilities(given)]


def _objects(value: object) -> list[dict[str, Any]]:
    """Return the objects of a list; none where something else stands in its place."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
