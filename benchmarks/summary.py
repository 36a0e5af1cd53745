"""A run's goals as a Markdown table, to be quoted: `python benchmarks/summary.py [FILE]` reads the JSON of a run."""

import sys
from collections.abc import Iterable
from pathlib import Path

import msgspec

from goals import Goal, Verdict
from report import LATEST, Report, figure_title, number
from rounds import titled
from routes import HEARTH


def summary(report: Report) -> str:
    """The machine, and a line a figure: what each route measured, and the goal; what missed it is bold."""
    figures: dict[tuple[str, int, str], list[Verdict]] = {}
    for verdict in report.goals:
        goal = verdict.goal
        figures.setdefault((goal.case, goal.clients, goal.metric), []).append(verdict)
    names = [route.name for route in HEARTH]
    head = ["figure", *names, "goal"]
    lines = [head, ["---"] * len(head), *(_line(names, judged) for judged in figures.values())]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return f"{' · '.join(f'{name} {value}' for name, value in report.machine.items())}\n\n{table}\n"


def _line(names: list[str], judged: list[Verdict]) -> list[str]:
    """One figure on every route; what concerns Hearth alone stands in the first column."""
    goal = judged[0].goal
    cells = {verdict.route: _cell(verdict) for verdict in judged}
    measured = (
        [cells["hearth"], *[""] * (len(names) - 1)] if "hearth" in cells else [cells.get(name, "–") for name in names]
    )
    return [
        f"{titled(goal.case, goal.clients)}: {figure_title(goal.metric)}",
        *measured,
        _goals(verdict.goal for verdict in judged),
    ]


def _cell(verdict: Verdict) -> str:
    return number(verdict.measured) if verdict.held else f"**{number(verdict.measured)}**"


def _goals(goals: Iterable[Goal]) -> str:
    """The limit in the same dialect, and the one in translation where it differs."""
    return " / ".join(dict.fromkeys(f"{goal.sense} {goal.limit:g}" for goal in goals))


def main(file: Path) -> None:
    """Print the summary of a run that was written to `file`."""
    print(summary(msgspec.json.decode(file.read_bytes(), type=Report)), end="")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else LATEST)
