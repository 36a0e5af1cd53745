"""The plan of a call: whom to try, in which order, and why. Every decision about where a call goes is made here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from hearth.call import Call, Mode
from hearth.problems import Problem
from hearth.routing.modes import REACH, mode_of
from hearth.routing.policies import POLICIES
from hearth.routing.policies.ability import UNSURE
from hearth.routing.policies.busy import worth_loading
from hearth.routing.policy import ALLOW, Verdict
from hearth.routing.refusals import problem_of
from hearth.routing.resolution import Resolution
from hearth.routing.respoken import respoken
from hearth.routing.sticky import kept
from hearth.routing.strategies import Order, home_first, ordered
from hearth.routing.targets import Target
from hearth.routing.world import Hold, World
from hearth_config.settings import Settings

_JUDGES = tuple(policy.judge for policy in POLICIES)
_RANK = {UNSURE: 0, "busy": 1, "down": 2, "resting": 2, "rate_limited": 2, "no_key": 2, "set_aside": 2, "missing": 3}
_MISSING = 3
_REFUSED = 4


class Candidate(Struct, frozen=True):
    """A target that may be tried. `reason` goes into `X-Hearth-Reason`; `verdicts` say why it was put off.

    `conversation` is what the answer's end is remembered by, where a conversation is to stay with who answered it.
    `stands_in` is true of those from `[fallback]`: they are for what is busy, missing or down, not for a refusal.
    """

    target: Target
    reason: str
    verdicts: tuple[Verdict, ...] = ()
    conversation: bytes = b""
    stands_in: bool = False


class Refused(Struct, frozen=True):
    """A target that is not tried, and why: the last verdict decided."""

    target: Target
    verdicts: tuple[Verdict, ...]

    @property
    def verdict(self) -> Verdict:
        """The verdict that decided."""
        return self.verdicts[-1]


class Plan(Struct, frozen=True):
    """What is to be done with a call. Exactly one holds: there are candidates, or there is a problem.

    `warm` are models on this machine that were put off only because they are not loaded: load them for the next call.
    `pulls` are missing models that may be fetched while a candidate answers. `figures` are what the strategy measured
    of each target, by name. `sorted_by` says by which rule the call was found to be of its kind, where it was sorted.
    `called_by` says who is called by the caller's own dialect rather than by the usual one, and for what.
    """

    resolution: Resolution
    mode: Mode
    candidates: tuple[Candidate, ...] = ()
    refused: tuple[Refused, ...] = ()
    problem: Problem | None = None
    warm: tuple[Target, ...] = ()
    pulls: tuple[Target, ...] = ()
    figures: Mapping[str, float | None] = {}
    sorted_by: str = ""
    called_by: str = ""


class _Judged(Struct, frozen=True):
    """One target with its verdicts other than allow. `rank`: 0 is tried, 1 to 3 are put off, 4 is refused.

    `unsure`: nobody says whether it can do what the call needs.
    """

    target: Target
    verdicts: tuple[Verdict, ...] = ()
    rank: int = 0
    is_fallback: bool = False
    unsure: bool = False


def plan(call: Call, resolution: Resolution, world: World, settings: Settings, known: Iterable[Target] = ()) -> Plan:
    """Decide whom to try. Pure; a few microseconds for one to three targets.

    `known` are all targets there are, the nearest first: who cannot do what was asked may name who can.
    """
    if call.outline.native or call.outline.better:
        resolution, called_by = respoken(call, resolution, settings)
        if called_by:
            return replace(_plan(call, resolution, world, settings, known), called_by=called_by)
    return _plan(call, resolution, world, settings, known)


def _plan(call: Call, resolution: Resolution, world: World, settings: Settings, known: Iterable[Target]) -> Plan:
    mode = mode_of(call, world, settings)
    if resolution.problem is not None:
        return Plan(resolution, mode, problem=resolution.problem)
    order = _in_order(call, resolution, world, settings, mode)
    judged = [_judge(call, target, world, settings) for target in order.targets]
    if len(judged) == 1 and not judged[0].rank and not resolution.fallback and not resolution.pulls:
        return Plan(resolution, mode, (Candidate(order.targets[0], _first_choice(order.targets[0], resolution)),))
    if resolution.fallback and _may_fall_back(call, resolution, judged):
        judged += [_judge(call, target, world, settings, is_fallback=True) for target in resolution.fallback]
    if call.outline.wishes.context == "refuse" and judged and _too_long(judged[0]):
        judged = judged[:1]
    usable = _arranged(judged, mode)
    reasons = dict(_reasons(judged, resolution, mode, world.hold))
    conversation = world.hold.conversation if world.hold is not None else b""
    candidates = tuple(
        Candidate(one.target, reasons[id(one)], one.verdicts, conversation, one.is_fallback) for one in usable
    )
    if candidates and not resolution.pulls and not any(one.verdicts for one in judged):
        return Plan(resolution, mode, candidates, figures=order.figures)
    tried = {id(one) for one in usable}
    refused = tuple(Refused(one.target, one.verdicts) for one in judged if id(one) not in tried)
    return Plan(
        resolution,
        mode,
        candidates,
        refused,
        None if candidates else problem_of(call, resolution, refused, world, settings, known),
        tuple(one.target for one in judged if one.rank == 1 and worth_loading(call, one.target, world, settings)),
        resolution.pulls if candidates and "cloud" in REACH[mode] else (),
        order.figures,
    )


def _in_order(call: Call, resolution: Resolution, world: World, settings: Settings, mode: Mode) -> Order:
    """Return the targets as the strategy says; a conversation stays where it was, and home comes before the cloud."""
    if len(resolution.targets) < 2:
        return Order(resolution.targets)
    order = ordered(call, resolution, world, settings)
    targets = order.targets if world.hold is None else kept(order.targets, call, world, settings)
    return Order(targets if mode == "any" else home_first(targets), order.figures)


def _judge(call: Call, target: Target, world: World, settings: Settings, *, is_fallback: bool = False) -> _Judged:
    verdicts: list[Verdict] = []
    rank = 0
    for judge in _JUDGES:
        verdict = judge(call, target, world, settings)
        if verdict is not ALLOW:
            verdicts.append(verdict)
            rank = max(rank, _RANK.get(verdict.code, _REFUSED))
            if verdict.kind == "refuse":
                break
    if not verdicts:
        return _Judged(target, is_fallback=is_fallback)
    return _Judged(target, tuple(verdicts), rank, is_fallback, any(verdict.code == UNSURE for verdict in verdicts))


def _may_fall_back(call: Call, resolution: Resolution, judged: list[_Judged]) -> bool:
    """Fallback is for what is busy, missing or down; a refusal stands, save a length the caller wants routed."""
    if resolution.kind == "missing":
        return True
    if call.outline.wishes.context == "route" and any(_too_long(one) for one in judged):
        return True
    return any(one.rank < _REFUSED for one in judged)


def _arranged(judged: list[_Judged], mode: Mode) -> list[_Judged]:
    """Those to be tried in order, then those put off; a model known to be missing only if nobody else is left.

    One that may be unable comes after its equals, yet never moves a call away from home: a doubt is no reason for that.
    """
    usable = [one for one in judged if one.rank < _REFUSED]
    if any(one.unsure for one in usable):
        usable.sort(key=_by_ability if mode == "any" else _by_ability_at_home)
    elif any(one.rank for one in usable):
        usable.sort(key=_rank)
    if any(one.rank for one in usable) and usable[0].rank < _MISSING:
        usable = [one for one in usable if one.rank < _MISSING]
    return usable


def _reasons(
    judged: Sequence[_Judged], resolution: Resolution, mode: Mode, hold: Hold | None
) -> Iterator[tuple[int, str]]:
    """Yield why each one answers, should it come to that, by its `id`.

    The first target preferred to it that could not simply be tried says so; where there is none, what made it the first
    choice.
    """
    late: _Judged | None = None
    doubted: _Judged | None = None
    for one in judged:
        stopped_by = late if one.unsure else doubted
        if stopped_by is not None:
            yield id(one), stopped_by.verdicts[-1].code
        elif one.is_fallback:
            yield id(one), "missing" if resolution.kind == "missing" else "fallback"
        else:
            yield id(one), _first_choice(one.target, resolution, mode, hold)
        late = late or (one if one.rank else None)
        doubted = doubted or (one if one.rank or one.unsure else None)


def _first_choice(target: Target, resolution: Resolution, mode: Mode = "offline", hold: Hold | None = None) -> str:
    """Why a target answers that nobody was preferred to."""
    if resolution.stands_for:
        return "hard-coded"
    if resolution.moves:
        if hold is not None and hold.target == target.name:
            return "sticky"
        if mode == "any" or target.place == "cloud":
            return resolution.strategy
    return "listed" if target.place == "cloud" else "local"


def _too_long(one: _Judged) -> bool:
    return bool(one.verdicts) and one.verdicts[-1].policy == "context_window"


def _rank(one: _Judged) -> int:
    return one.rank


def _by_ability(one: _Judged) -> tuple[int, bool, bool]:
    return one.rank, one.is_fallback, one.unsure


def _by_ability_at_home(one: _Judged) -> tuple[int, bool, bool, bool]:
    return one.rank, one.is_fallback, one.target.place == "cloud", one.unsure
