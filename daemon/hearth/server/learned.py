"""What each target showed lately: times to the first token, rates, good and bad endings, calls under way.

It outlives a restart through the usage log. Models with a lane learn their times there (`outbound/lanes`); everything
else is learned here, for all targets alike.
"""

from __future__ import annotations

from time import monotonic, time
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from hearth.routing.expected import HALF_LIFE, Average, Learned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from hearth.ledger.learned import LearnedRow
    from hearth.outbound.lane_values import Lesson
    from hearth.outbound.residents import Pair

LEARN_EVERY_S = 0.05
"""Lessons of calls that end closer together are left out: they say the same."""
SAVE_EVERY_S = 60.0
MOST = 2000
"""So many targets are known at once."""
MOST_ENDINGS = 100.0
APART_S = 7 * 86_400.0
"""How long it is remembered over restarts that two models do not fit together: memory is seldom added.

It needs no half-life: the first load that shows both loaded unlearns it.
"""
_NOTHING = Learned()


class Figures(Struct, frozen=True, omit_defaults=True):
    """What is kept of a target on disk; its moments are of time.time()."""

    learned: Learned = _NOTHING
    good: float = 0.0
    bad: float = 0.0
    apart: dict[str, float] = {}
    """Other models of its engine that do not fit beside it, and when that was seen."""


class Track:
    """What is known of one target."""

    __slots__ = ("asked_at", "at", "bad", "good", "in_flight", "learned", "learned_at")

    def __init__(self) -> None:
        """Know nothing yet."""
        self.learned = _NOTHING
        self.learned_at = -LEARN_EVERY_S
        self.good = 0.0
        self.bad = 0.0
        self.at = 0.0
        self.asked_at = 0.0
        self.in_flight = 0

    def success(self, now: float) -> float:
        """Return the share of good endings lately, 0 to 1; who has not failed counts as perfect."""
        if not self.bad:
            return 1.0
        self._fade(now)
        return (self.good + 1.0) / (self.good + self.bad + 1.0)

    def count(self, now: float, *, well: bool) -> None:
        """Count an ending. What came before weighs at most `MOST_ENDINGS`, so that a change soon shows."""
        if now - self.at >= 1.0 or self.good + self.bad >= MOST_ENDINGS:
            self._fade(now)
        if well:
            self.good += 1.0
        else:
            self.bad += 1.0

    def _fade(self, now: float) -> None:
        """Let what happened lose half its weight every `HALF_LIFE` seconds."""
        kept = 0.5 ** (max(now - self.at, 0.0) / HALF_LIFE)
        if self.good + self.bad >= MOST_ENDINGS:
            kept /= 2
        self.good, self.bad, self.at = self.good * kept, self.bad * kept, now


class LearnedTimes:
    """The tracks of all targets, by name. The event loop's alone."""

    def __init__(self, *, clock: Callable[[], float] = monotonic, wall: Callable[[], float] = time) -> None:
        """Know nobody yet. `clock` never jumps; `wall` is the time that a restart can be measured with."""
        self._clock = clock
        self._wall = wall
        self._tracks: dict[str, Track] = {}
        self._saved_at = clock()
        self.get = self._tracks.get

    def __iter__(self) -> Iterator[str]:
        """Yield the names of the targets that were asked."""
        return iter(self._tracks)

    def of(self, name: str) -> Learned:
        """Return what a target's calls took lately."""
        track = self._tracks.get(name)
        return _NOTHING if track is None else track.learned

    def began(self, name: str) -> None:
        """Say that an attempt begins."""
        track = self._tracks.get(name)
        if track is None:
            track = self._add(name)
        track.in_flight += 1

    def left(self, name: str) -> None:
        """Say that an attempt has ended, however it did."""
        track = self._tracks.get(name)
        if track is not None and track.in_flight:
            track.in_flight -= 1

    def ended(self, name: str, *, well: bool) -> bool:
        """Say whether an attempt ended well; one that says nothing about the target is not told here.

        Returns whether it is time to save: an idle daemon never wakes for it.
        """
        track = self._tracks.get(name) or self._add(name)
        now = self._clock()
        track.count(now, well=well)
        return now - self._saved_at >= SAVE_EVERY_S

    def learn(self, name: str, lesson: Callable[[], Lesson]) -> None:
        """Take over what an attempt showed; `lesson` is asked only where that is news."""
        now = self._clock()
        track = self._tracks.get(name) or self._add(name)
        if now - track.learned_at >= LEARN_EVERY_S:
            track.learned_at = now
            track.learned = lesson().taught(track.learned, now)

    # To the disk and back.

    def rows(self, in_lanes: Iterable[tuple[str, Learned]], apart: Iterable[Pair] = ()) -> list[LearnedRow]:
        """Return what is to be saved, with what lanes have learned, and who does not fit; it counts as saved now."""
        self._saved_at = now = self._clock()
        ahead = self._wall() - now
        known = {name: track.learned for name, track in self._tracks.items()} | dict(in_lanes)
        others: dict[str, dict[str, float]] = {}
        for one, other, at in apart:
            others.setdefault(one, {})[other] = at + ahead
        rows = []
        for name in {**known, **others}:
            figures = self._figures(name, ahead, known.get(name, _NOTHING), others.get(name, {}))
            if newest := _newest(figures):
                rows.append((name, newest, _encode(figures).decode()))
        return rows

    def apart(self, rows: Iterable[LearnedRow]) -> Iterator[Pair]:
        """Yield the models that an earlier run has found not to fit together, as far as that is not too long ago."""
        now = self._wall()
        ahead = now - self._clock()
        for name, _, figures in rows:
            try:
                seen = _decode(figures).apart
            except msgspec.DecodeError:
                continue
            yield from ((name, other, at - ahead) for other, at in seen.items() if now - APART_S <= at <= now)

    def restore(self, rows: Iterable[LearnedRow]) -> list[str]:
        """Take over what was saved, save of targets that have shown something since; returns the names taken over."""
        ahead = self._wall() - self._clock()
        taken = []
        for name, at, figures in rows:
            try:
                read = _decode(figures)
            except msgspec.DecodeError:
                continue  # it is learned anew
            if self.of(name) is _NOTHING and at <= self._wall():
                track = self._tracks.get(name) or self._add(name)
                track.learned = _moved(read.learned, -ahead)
                track.good, track.bad, track.at = track.good + read.good, track.bad + read.bad, at - ahead
                taken.append(name)
        return taken

    def _figures(self, name: str, ahead: float, learned: Learned, apart: dict[str, float]) -> Figures:
        track = self._tracks.get(name)
        good, bad = (0.0, 0.0) if track is None else (track.good, track.bad)
        return Figures(_moved(learned, ahead), good, bad, apart)

    def _add(self, name: str) -> Track:
        if len(self._tracks) >= MOST:
            idle = next((one for one, track in self._tracks.items() if not track.in_flight), None)
            if idle is not None:
                del self._tracks[idle]
        track = self._tracks[name] = Track()
        return track


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Figures).decode


def _newest(figures: Figures) -> float:
    """Return the last moment at which something was learned; 0.0 for never."""
    learned = figures.learned
    averages = (*learned.first_token, learned.call, learned.load, learned.rate)
    return max((*(one.at for one in averages if one.weight), *figures.apart.values()), default=0.0)


def _moved(learned: Learned, by: float) -> Learned:
    """Return the same with all moments on another clock, `by` seconds ahead of the one before."""

    def moved(one: Average) -> Average:
        return replace(one, at=one.at + by) if one.weight else one

    return Learned(
        tuple(map(moved, learned.first_token)), moved(learned.call), moved(learned.load), moved(learned.rate)
    )
