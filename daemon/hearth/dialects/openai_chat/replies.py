"""Chat replies for clients, streamed and whole, as strict as the official SDK reads them (wire/providers §5.1).

Thinking goes out as `reasoning_content` and under no second name. Clients that know both names mostly take the first
they find, but some show both (MoonshotAI/kimi-code#3928), and a doubled text is worse than one left out.
`reasoning_content` is the name that most of them look for first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias, cast, get_args

import msgspec
from msgspec import Raw

from hearth.dialects.dialect import Stamp
from hearth.dialects.framing import sse
from hearth.dialects.openai_chat.outline import OpenAIOutline
from hearth.dialects.openai_chat.sources import annotation
from hearth.dialects.openai_chat.usage import write_usage
from hearth.dialects.openai_errors import envelope
from hearth.events import (
    Citation,
    Done,
    Event,
    Failed,
    Finished,
    FinishReason,
    LogProbs,
    RefusalDelta,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    Usage,
)
from hearth.problems import Problem

HEARTBEAT = b": keep-alive\n\n"
DONE = b"data: [DONE]\n\n"
encode = msgspec.json.Encoder().encode
_WORDS: dict[FinishReason, str] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "filter": "content_filter",
    "load": "stop",
    "unload": "stop",
    "unknown": "stop",
}
_ROLE = b'{"role":"assistant","content":""}'


class Choice:
    """What one choice has said so far."""

    __slots__ = ("annotations", "calls", "finish", "logprobs", "numbers", "refusal", "text", "thinking")

    def __init__(self) -> None:
        self.text: list[str] = []
        self.annotations: list[dict[str, Any]] = []
        self.thinking: list[str] = []
        self.refusal: list[str] = []
        self.calls: list[Call] = []
        self.numbers: dict[int, int] = {}
        self.logprobs: list[Any] = []
        self.finish: str | None = None


class Call:
    """A tool call of a whole reply."""

    __slots__ = ("arguments", "id", "name")

    def __init__(self, id: str, name: str) -> None:
        self.id = id
        self.name = name
        self.arguments: list[str] = []


def finish_word(finished: Finished, *, called: bool) -> str:
    """Return OpenAI's word for an end; a stop after tool calls is "tool_calls" (Ollama says `stop` there)."""
    return "tool_calls" if called and finished.reason in ("stop", "unknown") else _WORDS[finished.reason]


class ChatWriter:
    """Writes one chat reply."""

    content_type: str
    heartbeat = HEARTBEAT

    def __init__(self, outline: OpenAIOutline, stamp: Stamp) -> None:
        self.content_type = "text/event-stream; charset=utf-8" if outline.stream else "application/json"
        self._stamp = stamp
        self._hide = outline.wishes.thinking == "hide"
        self._include_usage = outline.include_usage
        created = stamp.now_ns // 1_000_000_000
        self._head = {
            "id": f"chatcmpl-{stamp.id}",
            "object": "chat.completion",
            "created": created,
            "model": stamp.model,
        }
        start = encode({**self._head, "object": "chat.completion.chunk"})[:-1]
        self._start = b"data: " + start + b',"choices":[{"index":'
        self._usage_start = b"data: " + start + b',"choices":[],"usage":'
        self._usage: Usage | None = None
        self._begun: set[int] = set()
        self._said: dict[int, int] = {}
        self._numbers: dict[int, dict[int, int]] = {}

    def stream(self, events: Sequence[Event]) -> bytes:
        """Return the chunks of these events."""
        out: list[bytes] = []
        for event in events:
            self._write(event, out)
        return b"".join(out)

    def _write(self, event: Event, out: list[bytes]) -> None:  # noqa: C901 -- one case an event
        match event:
            case TextDelta(text=text, choice=choice):
                self._said[choice] = self._said.get(choice, 0) + len(text)
                self._chunk(out, choice, b'{"content":%b}' % encode(text))
            case ThinkingDelta(text=text, choice=choice):
                if not self._hide:
                    self._chunk(out, choice, b'{"reasoning_content":%b}' % encode(text))
            case ToolCallDelta():
                self._chunk(out, event.choice, self._call(event))
            case RefusalDelta(text=text, choice=choice):
                self._chunk(out, choice, b'{"refusal":%b}' % encode(text))
            case LogProbs(content=content, choice=choice):
                self._chunk(out, choice, b"{}", logprobs=b'{"content":%b,"refusal":null}' % bytes(content))
            case Citation(choice=choice):
                cited = encode([annotation(event, self._said.get(choice, 0))])
                self._chunk(out, choice, b'{"annotations":%b}' % cited)
            case Finished(choice=choice):
                word = finish_word(event, called=choice in self._numbers)
                self._chunk(out, choice, b"{}", finish=b'"%b"' % word.encode())
            case Usage():
                self._usage = event
            case Done():
                usage = write_usage(self._usage) if self._include_usage else None
                if usage is not None:
                    out.append(self._usage_start + encode(usage) + b"}\n\n")
                out.append(DONE)
            case Failed(problem=problem):
                out.append(self.failed(problem))

    def _chunk(
        self, out: list[bytes], choice: int, delta: bytes, *, finish: bytes = b"null", logprobs: bytes = b"null"
    ) -> None:
        """Add one chunk; the role goes before the first of a choice, once, since clients join what is repeated."""
        if choice not in self._begun:
            self._begun.add(choice)
            self._chunk(out, choice, _ROLE)
        out.append(
            self._start + b'%d,"delta":%b,"logprobs":%b,"finish_reason":%b}]}\n\n' % (choice, delta, logprobs, finish)
        )

    def _call(self, event: ToolCallDelta) -> bytes:
        """Return the delta of a piece of a tool call: id, type and name in its first one only."""
        numbers = self._numbers.setdefault(event.choice, {})
        first = event.index not in numbers
        number = numbers.setdefault(event.index, len(numbers))
        arguments = encode(event.arguments)
        if not first:
            return b'{"tool_calls":[{"index":%d,"function":{"arguments":%b}}]}' % (number, arguments)
        id = encode(event.id or call_id(self._stamp, event.choice, number))
        return b'{"tool_calls":[{"index":%d,"id":%b,"type":"function","function":{"name":%b,"arguments":%b}}]}' % (
            number,
            id,
            encode(event.name),
            arguments,
        )

    def whole(self, events: Sequence[Event]) -> bytes:
        """Return a `chat.completion`. Raises the `Problem` of a `Failed` among the events."""
        choices, usage = gather(events, self._stamp)
        rows = [
            {
                "index": number,
                "message": _message(choice, hide=self._hide),
                "logprobs": {"content": choice.logprobs, "refusal": None} if choice.logprobs else None,
                "finish_reason": choice.finish,
            }
            for number, choice in sorted(choices.items())
        ]
        return whole_body(self._head, rows, usage)

    def failed(self, problem: Problem) -> bytes:
        """Return the error that ends a stream; no `[DONE]` follows, and the SDK raises `APIError`."""
        return sse(envelope(problem))


def whole_body(head: dict[str, Any], rows: list[dict[str, Any]], usage: Usage | None) -> bytes:
    """Return a whole reply; without `usage` where the counts are unknown."""
    body: dict[str, Any] = {**head, "choices": rows}
    counts = write_usage(usage)
    if counts is not None:
        body["usage"] = counts
    return encode(body)


def _message(choice: Choice, *, hide: bool) -> dict[str, Any]:
    text = "".join(choice.text)
    message: dict[str, Any] = {
        "role": "assistant",
        "content": text if text or not (choice.calls or choice.refusal) else None,
        "refusal": "".join(choice.refusal) or None,
    }
    if choice.thinking and not hide:
        message["reasoning_content"] = "".join(choice.thinking)
    if choice.annotations:
        message["annotations"] = choice.annotations
    if choice.calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": "".join(call.arguments)}}
            for call in choice.calls
        ]
    return message


def call_id(stamp: Stamp, choice: int, number: int) -> str:
    """Return an id for a call whose provider gave none; no other call of this or another reply has it."""
    return f"call_{stamp.id}{choice}{number:02}"


def gather(events: Sequence[Event], stamp: Stamp) -> tuple[dict[int, Choice], Usage | None]:
    """Return all that was said by choice, and the last usage. Raises the `Problem` of a `Failed` among the events."""
    choices: dict[int, Choice] = {}
    usage: Usage | None = None
    for event in events:
        if type(event) is Usage:  # a struct's metaclass, which `isinstance` and `match` ask, takes ten times as long
            usage = event
        elif type(event) is Failed:
            raise event.problem
        elif type(event) in _OF_A_CHOICE:
            said = cast("OfAChoice", event)
            _add(choices.setdefault(said.choice, Choice()), said, stamp)
    return choices or {0: Choice()}, usage


OfAChoice: TypeAlias = TextDelta | Finished | ThinkingDelta | RefusalDelta | ToolCallDelta | LogProbs | Citation
_OF_A_CHOICE = frozenset(get_args(OfAChoice))


def _add(choice: Choice, event: OfAChoice, stamp: Stamp) -> None:
    if type(event) is TextDelta:  # nearly all there is
        choice.text.append(event.text)
        return
    match event:
        case Finished():
            choice.finish = finish_word(event, called=bool(choice.calls))
        case ThinkingDelta(text=text):
            choice.thinking.append(text)
        case RefusalDelta(text=text):
            choice.refusal.append(text)
        case ToolCallDelta():
            number = choice.numbers.setdefault(event.index, len(choice.numbers))
            if number == len(choice.calls):
                choice.calls.append(Call(event.id or call_id(stamp, event.choice, number), event.name))
            choice.calls[number].arguments.append(event.arguments)
        case Citation():
            choice.annotations.append(annotation(event, sum(map(len, choice.text))))
        case LogProbs(content=content):
            choice.logprobs += msgspec.json.decode(content, type=list[Raw])
