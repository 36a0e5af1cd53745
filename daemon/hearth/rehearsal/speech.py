"""An answer being spoken: tokens under limits and stop sequences, counted, at the pace of the model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from hearth.rehearsal.content import Answer

REPEATS = 30
Part = tuple[Literal["thinking", "text"], str]


class Speech:
    """Speaks one answer once.

    `limit` is the most tokens (thinking included; negative: `ceiling`), `stops` end the text before them.
    After `parts()` is through, `reason` is "stop", "length" or "" (aborted for repeating itself), `count` is the
    number of tokens the engine would report (an end-of-text token included), `calls` whether the calls were reached.
    """

    def __init__(
        self, answer: Answer, *, limit: int, ceiling: int, stops: tuple[str, ...] = (), aborts: bool = False
    ) -> None:
        self.answer = answer
        self.limit = ceiling if limit < 0 else min(limit, ceiling)
        self.stops = tuple(stop for stop in stops if stop)
        self.aborts = aborts
        self.reason = "stop"
        self.count = 0
        self.calls = False

    def parts(self) -> Iterator[Part]:
        """The pieces in order; a piece that may begin a stop sequence is held back until that is known."""
        for token in self.answer.thinking:
            if not self._may_speak():
                return
            yield "thinking", token
        yield from self._text()
        if self.reason == "stop" and self.answer.calls:
            self.calls = True
            self.count += 5 + 3 * len(self.answer.calls)

    def _may_speak(self) -> bool:
        if self.count >= self.limit:
            self.reason = "length"
            return False
        self.count += 1
        return True

    def _text(self) -> Iterator[Part]:
        held, last, run = "", "", 0
        for token in self.answer.tokens():
            if not self._may_speak():
                break
            run = run + 1 if token == last else 1
            last = token
            if self.aborts and run > REPEATS + 1:
                self.reason = ""
                break
            held += token
            stopped = _before_stop(held, self.stops)
            if stopped is not None:
                if stopped:
                    yield "text", stopped
                return
            ready = len(held) - _possible_stop(held, self.stops)
            if ready:
                yield "text", held[:ready]
            held = held[ready:]
        else:
            self.count += 1
        if held:
            yield "text", held


def _before_stop(text: str, stops: tuple[str, ...]) -> str | None:
    found = [at for at in (text.find(stop) for stop in stops) if at >= 0]
    return text[: min(found)] if found else None


def _possible_stop(text: str, stops: tuple[str, ...]) -> int:
    """How many of the last characters could be the beginning of a stop sequence."""
    longest = 0
    for stop in stops:
        for size in range(min(len(stop) - 1, len(text)), longest, -1):
            if text.endswith(stop[:size]):
                longest = size
                break
    return longest
