"""A turn of a reply as it comes by: its thinking, its seals and its tool calls, put together from the events."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from hearth.chat import Thinking, ToolCall
from hearth.events import Done, Finished, Frame, Started, TextDelta, ThinkingDelta, ThinkingSealed, ToolCallDelta

MOST_TURN_BYTES = 1024 * 1024
"""A turn that grows beyond this is not kept."""


class Turn(Struct, frozen=True):
    """What one turn must come back with, and to whom."""

    producer: str
    thinking: tuple[Thinking, ...] = ()
    calls: tuple[ToolCall, ...] = ()

    @property
    def worth_keeping(self) -> bool:
        """Whether there is anything to give back."""
        return bool(self.thinking) or any(call.opaque for call in self.calls)

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        thoughts = sum(len(one.text) + len(one.opaque) for one in self.thinking)
        return thoughts + sum(len(one.id) + len(one.name) + len(one.arguments) + len(one.opaque) for one in self.calls)


class _Choice:
    """One choice on its way."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.thinking: list[Thinking] = []
        self.calls: dict[int, list[ToolCallDelta]] = {}

    def seal(self, opaque: str = "", producer: str = "") -> None:
        """End the thinking so far, by its maker's seal or without one."""
        if self.said or opaque:
            self.thinking.append(Thinking("".join(self.said), opaque, producer))
            self.said = []

    def turn(self, producer: str, *, plain: bool) -> Turn:
        """Return the whole of it; thinking that nobody sealed only where it is wanted `plain`."""
        self.seal()
        thinking = tuple(one for one in self.thinking if plain or one.opaque)
        return Turn(producer, thinking, tuple(_joined(pieces) for pieces in self.calls.values()))


class SealWatch:
    """Takes note of the seals of one reply. Never raises."""

    def __init__(self, note: Callable[[str], None], shown: Callable[[str], None] | None = None) -> None:
        """`note` is handed each of them; `shown`, if anybody wants it, the id of the reply."""
        self._note = note
        self._shown = shown

    def see(self, frames: Sequence[Frame]) -> None:
        """Look for seals in what these frames mean."""
        for frame in frames:
            for event in frame.events:
                if (type(event) is ThinkingSealed or type(event) is ToolCallDelta) and event.opaque:
                    self._note(event.opaque)
                elif self._shown is not None and type(event) is Started:
                    self._shown(event.id)


class TurnRecorder(SealWatch):
    """Takes down the turns of one reply; each is handed on when its choice has ended. Never raises."""

    def __init__(
        self, producer: str, keep: Callable[[Turn], None], *, note: Callable[[str], None], plain: bool = False
    ) -> None:
        """`producer` is who will want it back, `plain` whether it wants unsealed thinking too."""
        super().__init__(note)
        self._producer = producer
        self._plain = plain
        self._keep = keep
        self._choices: dict[int, _Choice] = {}
        self._room = MOST_TURN_BYTES

    def see(self, frames: Sequence[Frame]) -> None:
        """Take note of what these frames mean."""
        super().see(frames)
        for frame in frames:
            for event in frame.events:
                if type(event) is TextDelta:  # nearly all there is; `match` asks each struct's metaclass before
                    continue
                match event:
                    case ThinkingDelta(text=text, choice=choice):
                        self._room -= len(text)
                        if self._room > 0:
                            self._at(choice).said.append(text)
                    case ThinkingSealed(opaque=opaque, producer=producer, choice=choice):
                        self._room -= len(opaque)
                        self._at(choice).seal(opaque, producer)
                    case ToolCallDelta():
                        self._room -= len(event.arguments) + len(event.opaque)
                        self._at(event.choice).calls.setdefault(event.index, []).append(event)
                    case Finished(choice=choice):
                        self._end(choice)
                    case Done():
                        self._end(*self._choices)

    def _at(self, choice: int) -> _Choice:
        found = self._choices.get(choice)
        if found is None:
            found = self._choices[choice] = _Choice()
        return found

    def _end(self, *choices: int) -> None:
        for choice in choices:
            ended = self._choices.pop(choice, None)
            if ended is not None and ended.calls and self._room > 0:
                self._keep(ended.turn(self._producer, plain=self._plain))


def _joined(pieces: Sequence[ToolCallDelta]) -> ToolCall:
    """Put the pieces of a call together; what comes once may come with any of them."""
    return ToolCall(
        id=next((piece.id for piece in pieces if piece.id), ""),
        name=next((piece.name for piece in pieces if piece.name), ""),
        arguments="".join(piece.arguments for piece in pieces),
        opaque=next((piece.opaque for piece in pieces if piece.opaque), ""),
        producer=next((piece.producer for piece in pieces if piece.producer), ""),
    )
