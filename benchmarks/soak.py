"""A day of calls in an hour and a half, with faults and reloads (G19): what a daemon holds stays what it was.

`python benchmarks/soak.py [--requests 1000000] [--reloads 1000] [--minutes 90] [--callers 24] [--json FILE]` asks a
real daemon, whose three providers refuse, fail, dawdle and break off now and then, while its config is edited; one
request in twenty is a stream, and some callers hang up. Ten times the callers rest, and memory, open files, threads
and tasks are looked at: what they grow by from rest to rest is kept for good. Linux only: it reads /proc.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import signal
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import measure
from hearth.rehearsal import Fault, Rehearsal, Script
from hearth.rehearsal.http import Request
from hearth.rehearsal.script import Kind
from progress import tell
from real_process import RealProcess
from verdict import Line, Verdict, conclude

RESTS = 10
STREAMS = 0.05
HANG_UPS = 0.1
"""Of the streams."""
SETTLED_S = 4.0
"""How long a rest is: providers close connections that have been unused for a second."""
LEAST_MB = 1.0
"""Memory that is no growth: an allocator gives and takes so much."""
CONFIG = """
# {mark}
mode = "any"
[busy]
other_cpu = "off"
free_memory = "off"
[retry]
backoff = "1ms"
[models.all]
use = ["one/scripted", "two/scripted", "three/scripted"]
strategy = "round_robin"
"""
PROVIDER = """
[providers.{name}]
dialect = "{dialect}"
address = "{url}{prefix}"
place = "cloud"
price = {{ input_per_million = 1.0, output_per_million = 2.0 }}
"""
OPENAI: tuple[Kind, str, str] = ("openai", "openai_chat", "/v1")
KINDS: dict[str, tuple[Kind, str, str]] = {"one": OPENAI, "two": ("ollama", "ollama", ""), "three": OPENAI}
"""What each provider is played as, its dialect, and what its address ends in."""


class Rest(NamedTuple):
    """What the daemon holds while nobody asks: MB (10^6 bytes), counts; `at_s` since the first rest."""

    at_s: float
    rss_mb: float
    files: int
    threads: int
    tasks: int
    asked: int


class Soak:
    """One run: the daemon, its providers, and what has happened so far."""

    def __init__(self, daemon: RealProcess, providers: dict[str, Rehearsal], seed: int) -> None:
        """Nothing was asked yet."""
        self.daemon, self.providers = daemon, providers
        self.dice = random.Random(seed)
        self.asked = self.streams = self.edits = 0
        self.statuses: Counter[int] = Counter()
        self.rests: list[Rest] = []
        self._began = monotonic()

    def edit(self) -> None:
        """Write the config anew, with another timeout."""
        self.edits += 1
        text = CONFIG.format(mark=f"edit {self.edits}")
        for name, provider in self.providers.items():
            _, dialect, prefix = KINDS[name]
            text += PROVIDER.format(name=name, dialect=dialect, url=provider.url, prefix=prefix)
        self.daemon.configure(f'{text}\n[timeouts]\nidle = "{20 + self.edits % 7}s"\n')

    async def ask(self) -> None:
        """Ask once, in one of the ways that callers have."""
        stream = self.dice.random() < STREAMS
        self.asked += 1
        self.streams += stream
        model = self.dice.choice(("all", "all", "one/scripted", "two/scripted", "three/scripted"))
        asked = self.daemon.ask(model, stream=stream, tokens=self.dice.randint(1, 30))
        if stream and self.dice.random() < HANG_UPS:
            task = asyncio.ensure_future(asked)
            await asyncio.wait({task}, timeout=self.dice.random() * 0.02)
            task.cancel()
            await asyncio.wait({task})
            return
        answer = await asked
        self.statuses[answer.status] += 1

    async def ask_until(self, count: int, until: float, callers: int) -> None:
        """Let so many callers ask until so many have been, or the time is over."""

        async def caller() -> None:
            while self.asked < count and monotonic() < until:
                await self.ask()

        await asyncio.gather(*(caller() for _ in range(callers)))

    async def rest(self) -> None:
        """Let everything come to an end, and look at what is held."""
        await asyncio.sleep(SETTLED_S)
        pid, file = self.daemon.pid, self.daemon.folder / "tasks"
        files, threads = (len(list((measure.PROC / str(pid) / part).iterdir())) for part in ("fd", "task"))
        rss = measure.rss_mb(pid)
        file.unlink(missing_ok=True)
        self.daemon.send(signal.SIGUSR2)
        while not file.exists():  # noqa: ASYNC110 -- a file of another process gives no event
            await asyncio.sleep(0.05)
        tasks = int(file.read_text("ascii"))
        self.rests.append(Rest(monotonic() - self._began, rss, files, threads, tasks, self.asked))
        tell(f"{self.asked:,} asked, {self.edits} edits: {rss:.1f} MB, {files} files, {threads} threads, {tasks} tasks")


def main(words: list[str] | None = None) -> int:
    """Soak, and say what was held."""
    options = argparse.ArgumentParser(prog="benchmarks/soak.py", description=__doc__)
    options.add_argument("--requests", type=int, default=1_000_000)
    options.add_argument("--reloads", type=int, default=1_000)
    options.add_argument("--minutes", type=float, default=90.0, help="the longest it may take")
    options.add_argument("--callers", type=int, default=24)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--json", type=Path, help="where the answer is written too")
    chosen = options.parse_args(words)
    return conclude(asyncio.run(_soaked(chosen)), chosen.json)


async def _soaked(chosen: argparse.Namespace) -> Verdict:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hearth-soak-")))
        providers = {name: Rehearsal(Script(kind=kind, idle_close=1.0)) for name, (kind, _, _) in KINDS.items()}
        for number, provider in enumerate(providers.values()):
            await stack.enter_async_context(provider)
            provider.record = False
            _trouble(provider, random.Random(f"{chosen.seed} {number}"))
        daemon = RealProcess(folder, {"HEARTH_TASKS": str(folder / "tasks")}, program="soak_process.py")
        soak = Soak(daemon, providers, chosen.seed)
        soak.edit()
        await daemon.start()
        stack.push_async_callback(daemon.stop)
        await _played(soak, chosen)
        status = await daemon.told("/hearth/v1/status")
        return _judged(soak, chosen, int(status["config"]["reloads"]))


def _trouble(provider: Rehearsal, dice: random.Random) -> None:
    """Let each provider go wrong in every way now and then."""

    def now_and_then(share: float) -> Callable[[Request], bool]:
        return lambda request: request.method == "POST" and dice.random() < share

    for share, fault in (
        (0.004, Fault.refuse(500)),
        (0.002, Fault.refuse(503)),
        (0.002, Fault.refuse(429, retry_after="1")),
        (0.004, Fault.cut(objects=2)),
        (0.004, Fault.cut(size=40, by="rst")),
        (0.004, Fault.late_head(0.05)),
        (0.002, Fault.noise()),
        (0.002, Fault.html()),
        (0.002, Fault.error(after=2)),
    ):
        provider.when(now_and_then(share), fault)


async def _played(soak: Soak, chosen: argparse.Namespace) -> None:
    """Ask in ten parts with a rest after each; the first part warms up."""
    part_s = chosen.minutes * 60 / RESTS
    editor = asyncio.ensure_future(_edited(soak, chosen))
    for number in range(1, RESTS + 1):
        await soak.ask_until(chosen.requests * number // RESTS, monotonic() + part_s - SETTLED_S, chosen.callers)
        await soak.rest()
    editor.cancel()
    await asyncio.wait({editor})
    await asyncio.sleep(2.0)


async def _edited(soak: Soak, chosen: argparse.Namespace) -> None:
    """Edit in step with the requests, or with the time where that is ahead; never faster than edits are heeded."""
    began = monotonic()
    while soak.edits <= chosen.reloads:
        share = max(soak.asked / chosen.requests, (monotonic() - began) / (60 * chosen.minutes))
        if soak.edits <= share * chosen.reloads:
            soak.edit()
        await asyncio.sleep(1.0)


def _judged(soak: Soak, chosen: argparse.Namespace, reloads: int) -> Verdict:
    rests = soak.rests
    took = rests[-1].at_s / 60
    what = f"{soak.asked:,} requests, {soak.streams:,} of them streams, {reloads} reloads, in {took:.0f} min"
    answered = soak.statuses[200] / max(sum(soak.statuses.values()), 1)
    unasked = sorted(set(soak.statuses) - {200, 429, 502, 503, 504})
    lines = (
        Line("requests", f"{soak.asked:,}", f"{chosen.requests:,}", soak.asked >= chosen.requests),
        Line("answered", f"{100 * answered:.2f} %", "≥ 97 %", answered >= 0.97),
        Line("other endings", json.dumps(dict(soak.statuses)), "200, 429, 502, 503 and 504 alone", not unasked),
        Line("reloads", f"{reloads} of {soak.edits - 1} edits", "90 % of the edits", reloads >= 0.9 * (soak.edits - 1)),
        *memory(rests),
        *(steady(name, [getattr(rest, name) for rest in rests]) for name in ("files", "threads", "tasks")),
    )
    return Verdict("G19", what, lines)


def memory(rests: list[Rest]) -> tuple[Line, Line]:
    """The slope over the last half, and what was gained since the first rest; both in percent."""
    first, last, half = rests[0], rests[-1], rests[len(rests) // 2 :]
    grown = last.rss_mb - first.rss_mb
    slope = statistics.linear_regression([rest.at_s / 3600 for rest in half], [rest.rss_mb for rest in half]).slope
    in_half = slope * (half[-1].at_s - half[0].at_s) / 3600
    percent, total = 100 * slope / half[0].rss_mb, 100 * grown / first.rss_mb
    said = f"{percent:+.2f} %/h ({in_half:+.2f} MB)"
    return (
        Line("memory, last half", said, f"< 1 %/h, or < {LEAST_MB:g} MB in all", percent < 1 or in_half < LEAST_MB),
        Line("memory, all", f"{total:+.1f} % ({first.rss_mb:.1f} to {last.rss_mb:.1f} MB)", "< 10 %", total < 10),
    )


def steady(name: str, counts: list[int]) -> Line:
    """What is counted at the last rest, beside the first."""
    apart = counts[-1] - counts[0]
    return Line(name, f"{counts[0]} to {counts[-1]} (at rest {min(counts)} to {max(counts)})", "± 2", abs(apart) <= 2)


if __name__ == "__main__":
    sys.exit(main())
