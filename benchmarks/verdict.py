"""What the long programs say at their end: what was found beside its goal, as a table and as JSON; an exit code."""

from __future__ import annotations

from pathlib import Path

import msgspec


class Line(msgspec.Struct, frozen=True):
    """One thing looked at: its name, what was found, what was to be found, and whether it holds."""

    name: str
    found: str
    goal: str
    held: bool


class Verdict(msgspec.Struct, frozen=True):
    """One program's whole answer: the goal of docs/faults.md, what was run, and each line."""

    goal: str
    run: str
    lines: tuple[Line, ...]

    @property
    def held(self) -> bool:
        """Whether every line holds, and there was one."""
        return bool(self.lines) and all(line.held for line in self.lines)


def table(verdict: Verdict) -> str:
    """The answer as text, a line each, what does not hold in capitals."""
    rows = [(("pass" if line.held else "MISS"), line.name, line.found, line.goal) for line in verdict.lines]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    shown = [
        f"  {mark}  {name.ljust(widths[1])}  {found.ljust(widths[2])}  {goal}".rstrip()
        for mark, name, found, goal in rows
    ]
    missed = sum(not line.held for line in verdict.lines)
    end = f"{len(rows) - missed} of {len(rows)} hold."
    return "\n".join([f"{verdict.goal}: {verdict.run}", *shown, end, ""])


def conclude(verdict: Verdict, file: Path | None) -> int:
    """Print the answer, write it to a file where one is named, and return the exit code: 1 when something misses."""
    print(table(verdict), end="", flush=True)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(msgspec.json.format(msgspec.json.encode(verdict), indent=1) + b"\n")
    return 0 if verdict.held else 1
