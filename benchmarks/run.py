"""`make bench`: measures what Hearth adds to a direct connection, and nginx beside it, in one run."""

import argparse
import contextlib
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

import measure
from cases import CASES, FULL, QUICK, Effort
from goals import verdicts
from progress import tell
from report import LATEST, Report, as_json, doubts, table
from rounds import Row, titled
from targets import compile_hearth

BUSY = 0.1
"""A share of all processors held by others that makes figures doubtful."""
FILES = 8192
"""Open files that a thousand streams need on each side."""


def main(words: list[str] | None = None) -> int:
    """Measure the cases that were asked for, print each when it is done, and write all as JSON."""
    options = _options().parse_args(words)
    effort = _effort(options)
    _allow_files(FILES)
    core = measure.two_cores()[0]
    measure.stay_on({core} if core is not None else set())
    report = Report(measure.machine(), quick=options.quick, rows=[], full=options.full)
    print(" · ".join(f"{name} {value}" for name, value in report.machine.items()), end="\n\n", flush=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    compile_hearth()
    busy = measure.busy_share()
    run_cases(options.cases, effort, report, lambda: _write(report, options.json))
    busy = max(busy, measure.busy_share())
    _conclude(report, busy)
    _write(report, options.json)
    return 0 if any(row.metrics for row in report.rows) else 1


def _write(report: Report, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(as_json(report))


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    effort = parser.add_mutually_exclusive_group()
    effort.add_argument("--quick", action="store_true", help="fewer rounds and shorter visits: a look, not a record")
    effort.add_argument("--full", action="store_true", help="longer visits, more streams, 100,000 requests: a record")
    parser.add_argument("--cases", type=_case_names, default=list(CASES), help=f"of {','.join(CASES)}; default all")
    parser.add_argument("--rounds", type=int, help="rounds of all routes in turn (default 5, quick 3)")
    parser.add_argument(
        "--json", metavar="FILE", type=Path, default=LATEST, help="where everything measured is written"
    )
    parser.add_argument("--again", action="store_true", help="measure the direct line against itself: should add 0")
    return parser


def _case_names(words: str) -> list[str]:
    names = [word.strip() for word in words.split(",") if word.strip()]
    unknown = [name for name in names if name not in CASES]
    if unknown or not names:
        raise argparse.ArgumentTypeError(f"no case {', '.join(unknown) or 'named'}; there are {', '.join(CASES)}")
    return names


def _effort(options: argparse.Namespace) -> Effort:
    effort = QUICK if options.quick else FULL if options.full else Effort()
    if options.rounds:
        effort = msgspec.structs.replace(effort, rounds=options.rounds)
    if options.again:
        effort = msgspec.structs.replace(effort, targets=("again", *effort.targets))
    return effort


def run_cases(names: list[str], effort: Effort, report: Report, keep: Callable[[], None]) -> None:
    """Add to the report what each case gives, and `keep` it; one that fails, or Ctrl-C, leaves a note."""
    try:
        for name in names:
            _run_case(name, effort, report)
            report.goals = verdicts(report.rows)
            keep()
    except KeyboardInterrupt:
        report.notes.append("interrupted: the cases after that are missing")


def _run_case(name: str, effort: Effort, report: Report) -> None:
    tell(f"{name} …")
    try:
        outcome = CASES[name](effort)
    except Exception as error:  # noqa: BLE001 -- the other cases are worth having
        report.notes.append(f"{name} could not be measured: {type(error).__name__}: {error}")
        return
    report.rows.extend(outcome.rows)
    report.notes.extend(note for note in outcome.notes if note not in report.notes)
    for title, rows in _parts(outcome.rows):
        print(table(title, rows), flush=True)


def _parts(rows: list[Row]) -> list[tuple[str, list[Row]]]:
    """The rows of one case and number of clients together."""
    parts: dict[str, list[Row]] = {}
    for row in rows:
        parts.setdefault(titled(row.case, row.clients), []).append(row)
    return list(parts.items())


def _conclude(report: Report, busy: float) -> None:
    if busy > BUSY:
        report.notes.append(f"other programs held {busy:.0%} of the processors: do not trust these figures")
    report.notes.extend(doubts(report.rows))
    report.goals = verdicts(report.rows)
    for note in report.notes:
        print(f"note: {note}")
    missed = [verdict for verdict in report.goals if not verdict.held]
    print(f"goals held: {len(report.goals) - len(missed)} of {len(report.goals)}")


def _allow_files(number: int) -> None:
    if sys.platform != "win32":
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(number, hard)), hard))


if __name__ == "__main__":
    sys.exit(main())
