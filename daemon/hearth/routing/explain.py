"""A plan in words for `hearth explain`, and in compact JSON for the usage log and `hearth why`."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from hearth.routing.plan import Plan
from hearth.routing.policy import Verdict
from hearth.routing.targets import Target


class Judgement(Struct, frozen=True, omit_defaults=True):
    """One target of a plan: tried as number `order` (from 1), or never (0); `why` are the words of its verdicts."""

    target: str
    place: str
    order: int = 0
    reason: str = ""
    why: tuple[str, ...] = ()
    figure: str = ""
    """What the strategy measured of it, in words."""


class Explanation(Struct, frozen=True, omit_defaults=True):
    """A whole plan, as it goes over the control API and into the log."""

    asked: str
    task: str
    mode: str
    kind: str
    strategy: str = ""
    steps: tuple[str, ...] = ()
    targets: tuple[Judgement, ...] = ()
    near: tuple[str, ...] = ()
    problem: str = ""
    warm: tuple[str, ...] = ()
    pulls: tuple[str, ...] = ()
    stands_for: str = ""
    """The glob we ship that a hard-coded name fitted: the default model answers in its place."""
    sorted_by: str = ""
    """The rule by which the call was found to be of its kind, where it was sorted."""
    called_by: str = ""
    """Who is called by the caller's own dialect rather than by the usual one, and for what."""


_encode = msgspec.json.Encoder().encode


def explain(plan: Plan, *, steps: bool = True) -> Explanation:
    """Return a plan as plain values; `steps` False leaves out how the name was found."""
    resolution = plan.resolution
    tried = tuple(
        Judgement(one.target.name, one.target.place, order, one.reason, _words(one.verdicts), _figure(plan, one.target))
        for order, one in enumerate(plan.candidates, 1)
    )
    refused = tuple(_refused(one.target, one.verdicts) for one in plan.refused)
    return Explanation(
        asked=resolution.asked,
        task=resolution.task,
        mode=plan.mode,
        kind=resolution.kind,
        strategy=resolution.strategy if len(resolution.targets) > 1 else "",
        steps=resolution.steps if steps else (),
        targets=tried + refused,
        near=resolution.near,
        problem=plan.problem.text if plan.problem else "",
        warm=tuple(target.name for target in plan.warm),
        pulls=tuple(target.name for target in plan.pulls),
        stands_for=resolution.stands_for,
        sorted_by=plan.sorted_by,
        called_by=plan.called_by,
    )


def compact(plan: Plan) -> str:
    """Return a plan as JSON for the log; `hearth why` reads it back with `read`."""
    return _encode(explain(plan, steps=False)).decode()


def read(text: str) -> Explanation:
    """Read what `compact` wrote; raises msgspec.DecodeError or msgspec.ValidationError."""
    return msgspec.json.decode(text, type=Explanation)


def lines(explanation: Explanation) -> Iterator[str]:
    """Yield an explanation as lines for a terminal."""
    yield f'"{explanation.asked}" for {explanation.task}, mode {explanation.mode}'
    yield from (f"  · {step}" for step in explanation.steps)
    if explanation.stands_for and not explanation.steps:
        yield f'  · "{explanation.stands_for}" is a name that clients hard-code: it means the default model'
    if explanation.sorted_by:
        yield f"sorted as {explanation.task}: {explanation.sorted_by}"
    if explanation.called_by:
        yield f"called: {explanation.called_by}"
    if explanation.strategy:
        yield f"strategy: {explanation.strategy}"
    for one in explanation.targets:
        head = f"{one.order}." if one.order else "no"
        why = "; ".join(one.why) or one.reason
        yield f"  {head:>3} {one.target} ({one.place}): {why}{f' · {one.figure}' if one.figure else ''}"
    if explanation.problem:
        yield f"refused: {explanation.problem}"
    yield from (f"loading meanwhile: {name}" for name in explanation.warm)
    yield from (f"fetching meanwhile: {name}" for name in explanation.pulls)


def _refused(target: Target, verdicts: tuple[Verdict, ...]) -> Judgement:
    return Judgement(target.name, target.place, reason=verdicts[-1].code, why=_words(verdicts))


def _words(verdicts: tuple[Verdict, ...]) -> tuple[str, ...]:
    return tuple(verdict.detail for verdict in verdicts)


_FIGURES = {
    "cheapest": "would cost about {:.6f}",
    "fastest": "would take about {:.1f} s",
    "best_value": "cost and time over success come to {:.3g}",
    "least_busy": "{:.0%} of its slots are taken",
}


def _figure(plan: Plan, target: Target) -> str:
    """Return in words what the strategy measured of a target; "" where it measures nothing."""
    if target.name not in plan.figures:
        return ""
    figure = plan.figures[target.name]
    return "its price is not known" if figure is None else _FIGURES[plan.resolution.strategy].format(figure)
