"""What a provider wants back with its own tool calls, kept here where the caller's dialect has no place for it.

Thinking's signatures, encrypted reasoning and thought signatures are of use to their maker alone, which may refuse a
turn that comes back without them (wire/providers §2). In memory only, bounded by count, bytes and age.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from time import monotonic
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from hearth.chat import ChatRequest, Message, Part, Request, Thinking, ToolCall
from hearth.server.turn_state import Turn, TurnRecorder

if TYPE_CHECKING:
    from hearth.call import Call
    from hearth.outbound.upstream import Target

MOST_TURNS = 512
MOST_BYTES = 16 * 1024 * 1024
LONGEST_S = 12 * 3600.0
"""How long a conversation may rest before its next turn goes without."""
SEALERS = frozenset({"anthropic", "gemini", "openai_responses"})
"""The dialects that seal something into a turn."""

_Key = tuple[str, bytes]


class Kept(Struct):
    """A turn in the store: until when, in seconds of the monotonic clock, and under which names."""

    turn: Turn
    until: float
    keys: tuple[_Key, ...]


class ProviderState:
    """The sealed state of recent turns, found by the ids of their tool calls. The event loop's alone."""

    def __init__(self, turns: int = MOST_TURNS, size: int = MOST_BYTES, longest_s: float = LONGEST_S) -> None:
        """Start with nothing; keep so many turns and bytes at most, each for so many seconds."""
        self._kept: dict[int, Kept] = {}
        self._by_key: dict[_Key, int] = {}
        self._most = (turns, size)
        self._longest_s = longest_s
        self._next = 0
        self.size = 0
        """The bytes that are kept."""

    def __len__(self) -> int:
        """Count the turns that are kept."""
        return len(self._kept)

    def recorder(self, call: Call, target: Target) -> TurnRecorder | None:
        """Return what takes down the turns of a translated reply; None where its provider wants nothing back."""
        sealer = target.called.name in SEALERS
        if not sealer and target.settings.quirks.echo_reasoning is None:
            return None
        producer = target.called.name if sealer else target.settings.name
        return TurnRecorder(producer, lambda turn: self.keep(_owner(call), turn), plain=not sealer)

    def keep(self, owner: str, turn: Turn) -> None:
        """Keep a turn that somebody's reply ended with; the oldest make room."""
        size = turn.size
        if not turn.calls or not turn.worth_keeping or size > self._most[1] // 4:
            return
        keys = tuple(dict.fromkeys(key for one in turn.calls for key in _keys(owner, one)))
        number, self._next = self._next, self._next + 1
        self._kept[number] = Kept(turn, monotonic() + self._longest_s, keys)
        self._by_key.update(dict.fromkeys(keys, number))
        self.size += size
        while len(self._kept) > self._most[0] or self.size > self._most[1]:
            self._drop(next(iter(self._kept)))

    def restored(self, request: Request, call: Call, target: Target) -> Request:
        """Return a request with what this target's provider sealed into earlier turns; itself, where there is none."""
        if not self._kept or not isinstance(request, ChatRequest):
            return request
        producers = (target.called.name, target.settings.name)
        owner = _owner(call)
        messages = tuple(self._completed(message, owner, producers) for message in request.messages)
        if all(old is new for old, new in zip(request.messages, messages, strict=True)):
            return request
        return replace(request, messages=messages)

    def _completed(self, message: Message, owner: str, producers: Sequence[str]) -> Message:
        """A turn that brings sealed thinking along keeps it, and a call its seal; plain thinking is less than ours."""
        calls = [part for part in message.parts if isinstance(part, ToolCall)]
        if not calls:
            return message
        turn = next((found for one in calls if (found := self._find(owner, one)) is not None), None)
        if turn is None or turn.producer not in producers:
            return message
        seals = {_fingerprint(one): one for one in turn.calls}
        parts: tuple[Part, ...] = tuple(
            _sealed(part, seals) if isinstance(part, ToolCall) else part for part in message.parts
        )
        if turn.thinking and not any(isinstance(part, Thinking) and part.opaque for part in parts):
            parts = (*turn.thinking, *(part for part in parts if not isinstance(part, Thinking)))
        return replace(message, parts=parts) if parts != message.parts else message

    def _find(self, owner: str, call: ToolCall) -> Turn | None:
        """By its id, unless the name is used for another call; else by what was called."""
        wanted = _fingerprint(call)
        for key in _keys(owner, call):
            number = self._by_key.get(key)
            if number is None:
                continue
            kept = self._kept[number]
            if kept.until < monotonic():
                self._drop(number)
            elif any(_fingerprint(one) == wanted for one in kept.turn.calls):
                return kept.turn
        return None

    def _drop(self, number: int) -> None:
        kept = self._kept.pop(number)
        self.size -= kept.turn.size
        for key in kept.keys:
            if self._by_key.get(key) == number:
                del self._by_key[key]


def _owner(call: Call) -> str:
    """Turns are given back to the program that got them."""
    return f"{call.app.name}|{call.app.user_agent}"


def _keys(owner: str, call: ToolCall) -> Iterable[_Key]:
    if call.id:
        yield owner, b"id " + call.id.encode("utf-8", "surrogatepass")
    yield owner, _fingerprint(call)


def _fingerprint(call: ToolCall) -> bytes:
    """A name for what was called: clients write arguments anew, and Ollama's send no ids."""
    try:
        arguments = msgspec.json.encode(msgspec.json.decode(call.arguments or "{}"), order="sorted")
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        arguments = call.arguments.encode("utf-8", "surrogatepass")
    name = call.name.encode("utf-8", "surrogatepass")
    return blake2b(name + b"\0" + arguments, digest_size=16).digest()


def _sealed(call: ToolCall, seals: dict[bytes, ToolCall]) -> ToolCall:
    known = seals.get(_fingerprint(call))
    if known is None or call.opaque or not known.opaque:
        return call
    return replace(call, opaque=known.opaque, producer=known.producer)
