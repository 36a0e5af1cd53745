"""Jumps of the calendar by a year, a suspend of eight hours, a process that is stopped (G22): no timeout is wrong.

`python benchmarks/clocks.py [--rounds 3] [--json FILE]` runs a real daemon under `clock_shift.c` (Linux, with a C
compiler): its calendar and the clock that counts sleep move when we say so, what does not count sleep goes on. A
suspend is a stopped process (SIGSTOP), both clocks eight hours on, and every kept connection closed meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, NamedTuple

from hearth.rehearsal import Fault, Rehearsal, Script
from hearth.rehearsal.script import ModelScript
from progress import tell
from real_process import Answer, RealProcess
from verdict import Line, Verdict, conclude

YEAR_S = 365 * 86_400.0
NIGHT_S = 8 * 3600.0
FIRST_S = 2.0
"""How soon the first call after a resume is answered (G22)."""
IDLE_S = 3.0
STOPPED_S = 2 * IDLE_S
"""How long the process is stopped: longer than any provider may be silent."""
LATE_S = 3.0
"""How much later than `IDLE_S` a stall may be noticed on a machine that is busy."""
JUMPS = (YEAR_S, 0.0, -YEAR_S, 0.0, YEAR_S, -YEAR_S, 0.0)
MODELS = (ModelScript(name="scripted"), ModelScript(name="slow", tokens_per_second=10.0))
CONFIG = """
mode = "any"
[retry]
attempts = 1
[timeouts]
connect = "2s"
first_token = "20s"
idle = "{idle}s"
[busy]
other_cpu = "off"
free_memory = "off"
[budget]
monthly_limit = 1000
[providers.far]
dialect = "openai_chat"
address = "{url}/v1"
place = "cloud"
price = {{ input_per_million = 10.0, output_per_million = 10.0 }}
"""


class Stage(NamedTuple):
    """What plays: the provider, the daemon, and the file that moves its clocks."""

    provider: Rehearsal
    daemon: RealProcess
    shift: Path

    def move(self, calendar: float, asleep: float = 0.0) -> None:
        """Set how far the calendar, and the clock that counts sleep, are from the truth, in seconds."""
        with self.shift.open("r+b") as file:
            file.write(struct.pack("dd", calendar, asleep))


def main(words: list[str] | None = None) -> int:
    """Move the clocks, and say whether anybody noticed."""
    options = argparse.ArgumentParser(prog="benchmarks/clocks.py", description=__doc__)
    options.add_argument("--rounds", type=int, default=3, help="how often everything is done")
    options.add_argument("--json", type=Path, help="where the answer is written too")
    chosen = options.parse_args(words)
    lines = asyncio.run(_all(chosen.rounds))
    what = f"{chosen.rounds} rounds of {len(JUMPS)} jumps of a year, a suspend of 8 h, a stop of {STOPPED_S:g} s"
    return conclude(Verdict("G22", what, lines), chosen.json)


async def _all(rounds: int) -> tuple[Line, ...]:
    found: list[Line] = []
    async with _stage() as stage:
        for number in range(rounds):
            for part in (jumps, stalls, suspend, cut_asleep, stopped):
                tell(f"round {number + 1}: {part.__name__}")
                found += await part(stage)
        found += await books(stage)
    return _joined(found)


def _joined(lines: list[Line]) -> tuple[Line, ...]:
    """One line a name: the first that misses, else the last."""
    by_name: dict[str, Line] = {}
    for line in lines:
        if line.name not in by_name or by_name[line.name].held:
            by_name[line.name] = line
    return tuple(by_name.values())


@asynccontextmanager
async def _stage() -> AsyncIterator[Stage]:
    with tempfile.TemporaryDirectory(prefix="hearth-clocks-") as name:
        folder = Path(name)
        library, shift = folder / "clock_shift.so", folder / "shift"
        source = Path(__file__).with_name("clock_shift.c")
        command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl", "-lm"]
        subprocess.run(command, check=True)  # noqa: ASYNC221 -- nothing else runs yet
        shift.write_bytes(struct.pack("dd", 0.0, 0.0))
        home = folder / "home"
        home.mkdir()
        daemon = RealProcess(home, {"LD_PRELOAD": str(library), "HEARTH_CLOCK_SHIFT": str(shift)})
        async with Rehearsal(Script(kind="openai", models=MODELS)) as provider:
            provider.record = False
            daemon.configure(CONFIG.format(url=provider.url, idle=f"{IDLE_S:g}"))
            await daemon.start()
            try:
                await daemon.ask("far/scripted", stream=False)
                yield Stage(provider, daemon, shift)
            finally:
                await daemon.stop()


async def jumps(stage: Stage) -> list[Line]:
    """What is under way and what begins anew goes on while the calendar jumps."""
    slow = [asyncio.ensure_future(stage.daemon.ask("far/slow", stream=True, tokens=60)) for _ in range(3)]
    stage.provider.next(Fault.late_head(2.5), model="scripted")
    late = asyncio.ensure_future(stage.daemon.ask("far/scripted", stream=False))
    quick: list[Answer] = []
    for jump in JUMPS:
        await asyncio.sleep(0.5)
        stage.move(jump)
        quick += [await stage.daemon.ask("far/scripted", stream=stream) for stream in (True, False)]
    streams, waited = await asyncio.gather(*slow), await late
    return [
        _whole("streams under way while the calendar jumps", streams),
        _whole("an answer that is waited for meanwhile", [waited]),
        _whole("calls right after a jump", quick, within=FIRST_S),
        await _trusted(stage),
    ]


async def stalls(stage: Stage) -> list[Line]:
    """A provider that falls silent is given up when its time is over, wherever the calendar has gone."""
    took = []
    for jump in (YEAR_S, -YEAR_S, 0.0):
        stage.provider.next(Fault.stall(after=3), model="scripted")
        asked = asyncio.ensure_future(stage.daemon.ask("far/scripted", stream=True))
        await asyncio.sleep(0.5)
        stage.move(jump)
        answer = await asked
        took.append(answer.seconds)
        assert not answer.finished, "a stalled stream looks finished"
    name, goal = "a stall is noticed while the calendar jumps", f"after {IDLE_S:g} to {IDLE_S + LATE_S:g} s"
    held = all(IDLE_S - 0.1 <= seconds <= IDLE_S + LATE_S for seconds in took)
    return [Line(name, f"after {min(took):.1f} to {max(took):.1f} s", goal, held)]


async def suspend(stage: Stage) -> list[Line]:
    """Eight hours asleep, kept connections gone: the first call is answered at once, what was under way goes on."""
    asked = asyncio.ensure_future(stage.daemon.ask("far/slow", stream=True, tokens=30))
    await asyncio.sleep(1.0)
    stage.daemon.send(signal.SIGSTOP)
    stage.provider.rescript(idle_close=0.05)
    await asyncio.sleep(0.5)
    stage.move(NIGHT_S, NIGHT_S)
    stage.provider.rescript(idle_close=0.0)
    stage.daemon.send(signal.SIGCONT)
    first = await stage.daemon.ask("far/scripted", stream=False)
    rest = [await stage.daemon.ask("far/scripted", stream=stream) for stream in (True, False)]
    stream = await asked
    stage.move(0.0, NIGHT_S)
    lines = [
        _whole("the first call after a suspend", [first], within=FIRST_S),
        _whole("calls after it", rest, within=FIRST_S),
        _whole("a stream whose provider slept too", [stream]),
        await _trusted(stage),
    ]
    stage.move(0.0, 0.0)
    return lines


async def cut_asleep(stage: Stage) -> list[Line]:
    """A stream that was cut meanwhile ends in an error, and the next call is answered all the same."""
    stage.provider.next(Fault.cut(objects=12, by="rst"), model="slow")
    asked = asyncio.ensure_future(stage.daemon.ask("far/slow", stream=True, tokens=30))
    await asyncio.sleep(0.8)
    stage.daemon.send(signal.SIGSTOP)
    await asyncio.sleep(1.5)
    stage.move(NIGHT_S, NIGHT_S)
    stage.daemon.send(signal.SIGCONT)
    first = await stage.daemon.ask("far/scripted", stream=False)
    cut = await asked
    stage.move(0.0, 0.0)
    honest = Line("a stream that was cut in the sleep", _shown(cut), "an error", cut.status == 200 and not cut.finished)
    return [_whole("the first call after a suspend", [first], within=FIRST_S), honest, await _trusted(stage)]


async def stopped(stage: Stage) -> list[Line]:
    """A process that was stopped for longer than any silence allowed reads what came meanwhile before it gives up."""
    asked = [asyncio.ensure_future(stage.daemon.ask("far/slow", stream=stream, tokens=40)) for stream in (True, False)]
    await asyncio.sleep(1.0)
    stage.daemon.send(signal.SIGSTOP)
    await asyncio.sleep(STOPPED_S)
    stage.daemon.send(signal.SIGCONT)
    first = await stage.daemon.ask("far/scripted", stream=True)
    under_way = await asyncio.gather(*asked)
    return [
        _whole("answers under way while the process was stopped", under_way),
        _whole("the first call after the stop", [first], within=FIRST_S),
        await _trusted(stage),
    ]


async def books(stage: Stage) -> list[Line]:
    """The usage log has every call once, and the month's budget what all of them cost."""
    await asyncio.sleep(1.0)
    status = await stage.daemon.told("/hearth/v1/status")
    spent = float(status["budgets"][0]["spent"])
    with closing(sqlite3.connect(stage.daemon.folder / "usage.db")) as log:
        calls, single = log.execute("SELECT count(*), count(DISTINCT call_id) FROM attempts").fetchone()
        (cost,) = log.execute("SELECT total(cost) FROM attempts").fetchone()
        ids = [name for (name,) in log.execute("SELECT id FROM calls ORDER BY rowid")]
    return [
        Line("rows of the usage log", f"{calls}, {calls - single} twice", "each once", calls == single > 0),
        Line("calls by their ids", f"{len(ids)}", "all of them", len(ids) == calls),
        Line("the month's budget", f"{spent:.6f} of {cost:.6f}", "no more than was spent", 0 < spent <= cost + 1e-9),
    ]


def _whole(name: str, answers: list[Answer], within: float | None = None) -> Line:
    latest = max(answer.seconds for answer in answers)
    broken = [answer for answer in answers if not answer.finished]
    held = not broken and (within is None or latest <= within)
    found = f"{len(answers) - len(broken)} of {len(answers)} whole, the slowest {latest:.1f} s"
    goal = "all whole" if within is None else f"all whole within {within:g} s"
    return Line(name, f"{found}; {_shown(broken[0])}" if broken else found, goal, held)


def _shown(answer: Answer) -> str:
    _, found, error = answer.body.partition(b'"message":')
    return f"status {answer.status}, {error[:90].decode('utf-8', 'replace') if found else 'no error'}"


async def _trusted(stage: Stage) -> Line:
    """Nobody rests: no timeout of ours was taken for a provider's fault."""
    status: dict[str, Any] = await stage.daemon.told("/hearth/v1/status")
    resting = [one["name"] for one in status["providers"] if one.get("rests_s")]
    return Line("providers that rest", ", ".join(resting) or "none", "none", not resting)


if __name__ == "__main__":
    sys.exit(main())
