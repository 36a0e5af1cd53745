"""What a provider wants back with its own tool calls, kept here where the caller's dialect has no place for it.

Thinking's signatures, encrypted reasoning and thought signatures are of use to their maker alone, which may refuse a
turn that comes back without them (wire/providers §2). In memory only, bounded by count, bytes and age.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from functools import partial
from hashlib import blake2b
from time import monotonic
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from hearth.chat import ChatRequest, Message, Part, Request, Thinking, ToolCall
from hearth.dialects.optional import NamesSeals
from hearth.server.seal_makers import SealMakers
from hearth.server.turn_state import SealWatch, Turn, TurnRecorder

if TYPE_CHECKING:
    from hearth.call import Call
    from hearth.dialects.dialect import Called
    from hearth.outbound.memory import Recorder
    from hearth.outbound.upstream import Target

MOST_TURNS = 512
MOST_BYTES = 16 * 1024 * 1024
LONGEST_S = 12 * 3600.0
"""How long a conversation may rest before its next turn goes without."""
SELDOM = "openai_chat"
"""The dialect of which only those servers seal anything that want `DETAILS` back; of the others all do, or none."""
DETAILS = "reasoning_details"
KEEPS = "openai_responses"
"""The dialect of those who keep responses, to go on with."""

_Key = tuple[str, bytes]
Belong = Callable[[str, str, Iterable[str]], None]


class Kept(Struct):
    """A turn in the store: until when, in seconds of the monotonic clock, and under which names."""

    turn: Turn
    until: float
    keys: tuple[_Key, ...]


class ProviderState:
    """The sealed state of recent turns, found by the ids of their tool calls. The event loop's alone."""

    def __init__(
        self,
        belong: Belong | None = None,
        *,
        turns: int = MOST_TURNS,
        size: int = MOST_BYTES,
        longest_s: float = LONGEST_S,
    ) -> None:
        """Start with nothing; keep so many turns and bytes at most, each for so many seconds.

        `belong` takes note that what a provider keeps belongs to a key: the provider, the key's id, the ids of it.
        """
        self._kept: dict[int, Kept] = {}
        self._by_key: dict[_Key, int] = {}
        self._most = (turns, size)
        self._longest_s = longest_s
        self._next = 0
        self.makers = SealMakers()
        self._belong = belong
        self.size = 0
        """The bytes that are kept."""

    def __len__(self) -> int:
        """Count the turns that are kept."""
        return len(self._kept)

    def recorder(self, call: Call, target: Target, *, passing: bool = False, key: str = "") -> Recorder | None:
        """Return what takes down a reply; None where its provider seals nothing and wants nothing back.

        `passing`: the client gets the provider's own bytes, with all that is sealed: its maker alone is noted, and that
        a response which may be kept there belongs to that `key`.
        """
        echo = target.settings.quirks.echo_reasoning
        sealer = echo == DETAILS if target.called.name == SELDOM else hasattr(target.called, "seals_in")
        if not sealer and (passing or echo is None):
            return None
        maker = _maker(target)
        note = partial(self._note, target.called, maker)
        if passing:
            keeps = target.called.name == KEEPS and self._belong is not None
            return SealWatch(note, partial(self._belongs, target.settings.name, key) if keeps else None)
        return TurnRecorder(maker, lambda turn: self.keep(_owner(call), turn), plain=not sealer, note=note)

    def _belongs(self, provider: str, key: str, id: str) -> None:
        if self._belong is not None:
            self._belong(provider, key, (id,))

    def _note(self, called: Called, maker: str, opaque: str) -> None:
        for seal in _secrets(called, opaque):
            self.makers.note(seal, maker)

    def foreign(self, target: Target) -> Container[str] | None:
        """Return what others than this target's provider sealed, as far as it is remembered; None: nobody did."""
        return self.makers.foreign_to(_maker(target)) if self.makers else None

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
        """Return a request with what this target's provider sealed into earlier turns, and with no other's seals.

        It is the very same where there is neither.
        """
        foreign = self.foreign(target)
        if not isinstance(request, ChatRequest) or not (self._kept or foreign is not None):
            return request
        owner, maker = _owner(call), _maker(target)
        messages = tuple(
            self._completed(_without(message, target.called, foreign), owner, maker) for message in request.messages
        )
        if all(old is new for old, new in zip(request.messages, messages, strict=True)):
            return request
        return replace(request, messages=messages)

    def _completed(self, message: Message, owner: str, maker: str) -> Message:
        """A turn that brings sealed thinking along keeps it, and a call its seal; plain thinking is less than ours."""
        calls = [part for part in message.parts if isinstance(part, ToolCall)]
        if not calls:
            return message
        turn = next((found for one in calls if (found := self._find(owner, one)) is not None), None)
        if turn is None or turn.producer != maker:
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


def _maker(target: Target) -> str:
    """Who can read a seal: a provider, at the address it has now, in one of the dialects it speaks."""
    settings = target.settings
    return f"{target.called.name} {settings.name} {settings.address}"


def _secrets(called: Called, opaque: str) -> Sequence[str]:
    return called.seals_in(opaque) if isinstance(called, NamesSeals) else (opaque,)


def _without(message: Message, called: Called, foreign: Container[str] | None) -> Message:
    """Return a turn without what other providers of this dialect sealed into it."""
    if foreign is None or message.role != "assistant":
        return message
    parts = tuple(_unsealed(part, called, foreign) for part in message.parts)
    return message if parts == message.parts else replace(message, parts=parts)


def _unsealed(part: Part, called: Called, foreign: Container[str]) -> Part:
    if not isinstance(part, Thinking | ToolCall) or part.producer != called.name:
        return part
    if not any(seal in foreign for seal in _secrets(called, part.opaque)):
        return part
    return replace(part, opaque="", producer="")


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
