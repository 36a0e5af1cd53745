"""How much other programs hold of this machine, looked at only when somebody asks, never on the event loop."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from math import exp
from threading import Event
from typing import TYPE_CHECKING

from hearth.routing.world import Machine
from hearth.senses.engines_running import Running, engines
from hearth.senses.readings import Reading, read, running

if TYPE_CHECKING:
    from concurrent.futures import Future

FRESH_S = 2.0
"""A younger sample is good enough."""
STALE_S = 60.0
"""An older one says nothing about now."""
SUSTAINED_S = 10.0
"""What lasts that long counts; a short burst hardly does."""
GLIMPSE_S = 0.5
LOOK_FOR_ENGINES_S = 60.0
SUSPICIOUS = 0.25
"""Other programs that hold so much may be an engine that has just been started."""


class LoadSense:
    """This machine as a `Machine`. Free while nobody asks: no timer, no thread at work."""

    def __init__(self) -> None:
        """Nothing is looked at before the first question."""
        self._machine = Machine()
        self._taken_at: float | None = None
        self._last: Reading | None = None
        self._engines: frozenset[int] = frozenset()
        self._processes: dict[int, Running] = {}
        self._looked_at: float | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._sampling: Future[None] | None = None
        self._closed = Event()

    def machine(self) -> Machine:
        """Return what the last sample showed, unknown if it is old, and have a fresh one made. Takes microseconds."""
        now = time.monotonic()
        taken_at = self._taken_at
        if taken_at is not None and now - taken_at <= FRESH_S:
            return self._machine
        if (self._sampling is None or self._sampling.done()) and not self._closed.is_set():
            self._sampling = self._executor().submit(self._sample)
        return self._machine if taken_at is not None and now - taken_at <= STALE_S else Machine()

    def close(self) -> None:
        """Look no more."""
        self._closed.set()
        if self._thread is not None:
            self._thread.shutdown(wait=True, cancel_futures=True)

    def _executor(self) -> ThreadPoolExecutor:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="hearth-load")
        return self._thread

    def _sample(self) -> None:
        try:
            self._machine = self._look()
        except Exception:  # noqa: BLE001 -- a system that does not tell is an unknown, never a failed call
            self._machine = Machine()
        self._taken_at = time.monotonic()

    def _look(self) -> Machine:
        """Take one sample; after a long pause a short second look tells what of it is going on now."""
        before = self._last
        reading = self._read(before)
        other = _steady(self._machine.other_cpu, before, reading)
        if before is None or reading.at - before.at > STALE_S:
            self._closed.wait(GLIMPSE_S)
            glimpsed = read(time.monotonic(), self._engines)
            glimpse = other_share(reading, glimpsed)
            other = glimpse if before is None else min(other_share(before, reading), glimpse)
            reading = glimpsed
        self._last = reading
        return Machine(other, reading.free_memory, reading.on_battery, reading.battery)

    def _read(self, before: Reading | None) -> Reading:
        """Read the counters, looking for engines first where that is due."""
        since = None if self._looked_at is None else time.monotonic() - self._looked_at
        if since is None or since > LOOK_FOR_ENGINES_S:
            self._processes = {}  # an id may have been given to another process meanwhile
            self._look_for_engines()
            since = 0.0
        reading = read(time.monotonic(), self._engines)
        if before is not None and since > 0 and other_share(before, reading) > SUSPICIOUS:
            self._look_for_engines()
            reading = read(time.monotonic(), self._engines)
        return reading

    def _look_for_engines(self) -> None:
        if not self._processes:
            self._looked_at = time.monotonic()
        self._processes = running(self._processes)
        self._engines = engines(self._processes.values())


def other_share(before: Reading, after: Reading) -> float:
    """Return the share of all cores (0 to 1) that neither the engines nor Hearth held between two readings."""
    total = after.total - before.total
    if total <= 0:
        return 0.0
    ours = after.own - before.own + sum(_used(before, pid, seconds, total) for pid, seconds in after.engines.items())
    return min(max((after.busy - before.busy - ours) / total, 0.0), 1.0)


def _used(before: Reading, pid: int, seconds: float, most: float) -> float:
    """What an engine used in between; one not seen before has just been started, so all it ever used counts."""
    return min(max(seconds - before.engines.get(pid, 0.0), 0.0), most)


def _steady(before: float | None, last: Reading | None, reading: Reading) -> float:
    """Return the share smoothed over the last ten seconds or so."""
    if last is None:
        return 0.0
    share = other_share(last, reading)
    weight = 1.0 if before is None else 1 - exp(-(reading.at - last.at) / SUSTAINED_S)
    return share if before is None else before + (share - before) * weight
