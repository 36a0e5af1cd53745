"""Rounds: each visits all routes in turn, every other one backwards, so that the machine's moods meet all alike.

What a route adds is its figure minus that of the direct line in the same round.
"""

from collections import Counter

import msgspec

from progress import tell
from routes import Column, Route
from stage import Stage
from stats import Spread, spread
from visits import Figures, Visit

WARM_SECONDS = 0.2
WARM_TRIES = 3
"""A fresh target may still be looking around."""


class Case(msgspec.Struct, frozen=True):
    """One thing to measure with so many clients.

    `added` and `ratios` name the figures to compare with the direct line; `warm` is a visit that warms a route sooner
    than the measured one would.
    """

    name: str
    clients: int
    visit: Visit
    added: tuple[str, ...] = ()
    ratios: tuple[str, ...] = ()
    warm: Visit | None = None


class Row(msgspec.Struct):
    """One route in one case, over all rounds; `failed` says why it was not measured at all."""

    case: str
    route: str
    column: Column
    clients: int
    metrics: dict[str, Spread] = msgspec.field(default_factory=dict)
    samples: int = 0
    errors: dict[str, int] = msgspec.field(default_factory=dict)
    failed: str = ""


def titled(case: str, clients: int) -> str:
    """A case as people read it, with its clients where there are several."""
    return f"{case}, {clients} clients" if clients > 1 else case


def measure(stage: Stage, case: Case, rounds: int, seconds: float) -> list[Row]:
    """Warm every route, visit each in `rounds` rounds of `seconds`, and compare."""
    who = titled(case.name, case.clients)
    tell(f"{who}: warming {len(stage.routes)} routes")
    failed = {route: _warm(stage, case, route) for route in stage.routes}
    usable = [route for route in stage.routes if not failed[route]]
    results: dict[Route, list[Figures]] = {route: [] for route in usable}
    for number in range(rounds):
        tell(f"{who}: round {number + 1} of {rounds}")
        for route in reversed(usable) if number % 2 else usable:
            results[route].append(_visit(stage, case.visit, case, route, seconds))
    return [
        _row(case, route, results[route], results.get(stage.base(route), []))
        if route in results
        else Row(case.name, route.name, route.column, case.clients, failed=failed[route])
        for route in stage.routes
    ]


def _visit(stage: Stage, visit: Visit, case: Case, route: Route, seconds: float) -> Figures:
    return visit(route, stage.servers[route.target].port, case.clients, seconds)


def _warm(stage: Stage, case: Case, route: Route) -> str:
    """Short unmeasured visits until one is answered; says why the route cannot be measured, "" if it can."""
    reason = ""
    for _ in range(WARM_TRIES):
        figures = _visit(stage, case.warm or case.visit, case, route, WARM_SECONDS)
        if figures.samples:
            return ""
        reason = next(iter(figures.errors), "no sample came")
    return reason


def _row(case: Case, route: Route, visits: list[Figures], direct: list[Figures]) -> Row:
    series: dict[str, list[float]] = {}
    for at, figures in enumerate(visits):
        for name, value in figures.values.items():
            series.setdefault(name, []).append(value)
        base = direct[at].values if route.column != "direct" and at < len(direct) else {}
        for name, value in _compared(case, figures.values, base).items():
            series.setdefault(name, []).append(value)
    errors = sum((figures.errors for figures in visits), Counter())
    return Row(
        case.name,
        route.name,
        route.column,
        case.clients,
        metrics={name: spread(values) for name, values in series.items()},
        samples=sum(figures.samples for figures in visits),
        errors=dict(errors.most_common(5)),
    )


def _compared(case: Case, values: dict[str, float], base: dict[str, float]) -> dict[str, float]:
    added = {f"added_{name}": values[name] - base[name] for name in case.added if name in values and name in base}
    ratios = {
        f"{name}_of_direct": values[name] / base[name] for name in case.ratios if values.get(name) and base.get(name)
    }
    return added | ratios
