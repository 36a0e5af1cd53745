"""Every long program in turn, each in a process of its own, and one table of what holds: `make nightly`.

`python benchmarks/nightly.py [--hours 4] [--only WORD] [--folder DIR]` shares the time out: the programs whose worth
grows with time (fuzz, soak) get what the others leave. Each writes its own JSON into the folder.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from progress import tell
from verdict import Line, Verdict, conclude

HERE = Path(__file__).parent
FUZZED = 21
"""Targets of `fuzz.py`."""


class Program(NamedTuple):
    """One of them: what it shows (`goals` of docs/faults.md), its file, its words, and whether it writes a verdict."""

    goals: str
    file: str
    words: tuple[str, ...]
    writes: bool = True


def programs(hours: float) -> tuple[Program, ...]:
    """Return what is run in so many hours, about."""
    minutes = 60 * hours
    soaked = max(0.4 * minutes, 0.5)
    share = min(soaked / 90, 1.0)
    return (
        Program("G23", "bites.py", ()),
        Program("G22", "clocks.py", ("--rounds", str(max(int(5 * hours), 1)))),
        Program("G13, G14", "kills.py", (str(max(int(60 * hours), 3)),), writes=False),
        Program("G17, budgets", "month.py", (str(max(int(25_000 * hours), 500)),), writes=False),
        Program("G8", "fuzz.py", ("--seconds", str(max(int(0.4 * minutes * 60 / FUZZED), 1)))),
        Program(
            "G19",
            "soak.py",
            ("--minutes", f"{soaked:g}", "--requests", str(int(1e6 * share)), "--reloads", str(int(1000 * share))),
        ),
    )


def main(words: list[str] | None = None) -> int:
    """Run them all; 1 when one of them misses its goal."""
    options = argparse.ArgumentParser(prog="benchmarks/nightly.py", description=__doc__)
    options.add_argument("--hours", type=float, default=4.0, help="about how long the night is")
    options.add_argument("--only", default="", help="only programs with this word in their file's name")
    options.add_argument("--folder", type=Path, default=HERE / "results" / "nightly", help="where the answers go")
    chosen = options.parse_args(words)
    some = [one for one in programs(chosen.hours) if chosen.only in one.file]
    lines = tuple(_run(program, chosen.folder) for program in some)
    return conclude(Verdict("nightly", f"{len(some)} programs", lines), chosen.folder / "nightly.json")


def _run(program: Program, folder: Path) -> Line:
    tell(f"{program.file} {' '.join(program.words)}")
    answer = folder / program.file.replace(".py", ".json")
    answer.unlink(missing_ok=True)
    more = ("--json", str(answer)) if program.writes else ()
    began = time.monotonic()
    done = subprocess.run([sys.executable, str(HERE / program.file), *program.words, *more], check=False)
    minutes = (time.monotonic() - began) / 60
    name = f"{program.file} ({program.goals})"
    return Line(name, f"{_said(answer)} in {minutes:.0f} min", "exit code 0", done.returncode == 0)


def _said(answer: Path) -> str:
    """Return how much of a verdict holds; nothing where none was written."""
    if not answer.exists():
        return "ran"
    lines = json.loads(answer.read_bytes())["lines"]
    return f"{sum(line['held'] for line in lines)} of {len(lines)} hold"


if __name__ == "__main__":
    sys.exit(main())
