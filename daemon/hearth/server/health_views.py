"""How all providers and models are at one moment, for `hearth status`: their calls, their circuits, the last look."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic, monotonic_ns, time
from typing import TYPE_CHECKING, Literal

from hearth.outbound.circuit import CLOSED
from hearth.routing.expected import Learned
from hearth.status_health import CheckStatus, HealthStatus

if TYPE_CHECKING:
    from hearth.outbound.circuit import Circuit
    from hearth.routing.expected import Average
    from hearth.server.core import Core

_NOTHING = Learned()
_USUAL_PROMPT = 1
"""The place among the times to the first token, by length of prompt, that is shown where it is known."""


def health_views(core: Core) -> tuple[HealthStatus, ...]:
    """Return providers and models of which anything is known beside that they exist."""
    now, quiet = monotonic(), dict(_quiet(core))
    views = [_provider(core, name, now) for name in core.generation.providers]
    views += [_target(core, name, now, quiet.get(name)) for name in _names(core)]
    return tuple(view for view in views if view is not None)


def _names(core: Core) -> Iterator[str]:
    """Yield the models that are listed, and those that nobody lists and that have answered all the same."""
    yield from core.catalog.targets
    for name in list(core.learned):
        track = core.learned.get(name)
        unlisted = name not in core.catalog.targets and name.partition("/")[0] in core.generation.providers
        if unlisted and track is not None and track.learned != _NOTHING:
            yield name


def _provider(core: Core, name: str, now: float) -> HealthStatus | None:
    circuit, check = core.health.circuit(name), _check(core, name)
    if circuit == CLOSED and check is None:
        return None
    state, rests = _state(circuit, now)
    place = core.generation.providers[name].place
    return HealthStatus(name, place, state, circuit.reason, rests, circuit.failures, check=check)


def _target(core: Core, name: str, now: float, quiet: float | None) -> HealthStatus | None:
    circuit, check, track = core.health.circuit(name), _check(core, name), core.learned.get(name)
    lane = core.lanes.get(name)
    learned = lane.learned if lane is not None else core.learned.of(name)
    if circuit == CLOSED and check is None and track is None and learned == _NOTHING:
        return None
    state, rests = _state(circuit, now)
    listed = core.catalog.targets.get(name)
    return HealthStatus(
        name=name,
        place=listed.place if listed is not None else core.generation.providers[name.partition("/")[0]].place,
        state=state,
        why=circuit.reason,
        rests_s=rests,
        failures=circuit.failures,
        success=round(track.success(now), 3) if track is not None and track.good + track.bad > 0 else None,
        errors=dict(core.health.errors.get(name, {})),
        in_flight=track.in_flight if track is not None else 0,
        quiet_s=None if quiet is None else round(quiet, 1),
        first_token_s=_first_token(learned),
        tokens_per_s=_seen(learned.rate),
        check=check,
    )


def _state(circuit: Circuit, now: float) -> tuple[Literal["well", "doubted", "rests", "tried"], float | None]:
    rests = circuit.resting_until - now
    if rests > 0:
        return ("tried" if circuit.probing else "rests"), round(rests, 1)
    return ("doubted" if circuit.failures else "well"), None


def _check(core: Core, name: str) -> CheckStatus | None:
    check = core.prober.checks.get(name)
    if check is None:
        return None
    return CheckStatus(round(max(time() - check.at, 0.0), 1), check.what, round(check.took_ms, 1), check.error)


def _quiet(core: Core) -> Iterator[tuple[str, float]]:
    """Yield for each call in flight its target and the seconds since its last token, the longest silence last."""
    now = monotonic_ns()
    running = [live.answering.current for live in core.calls if live.answering is not None]
    heard = [
        (one.meter.last_ns or one.sent_ns or one.started_ns, one.candidate.target.name)
        for one in running
        if one is not None
    ]
    yield from ((name, (now - since) / 1e9) for since, name in sorted(heard, reverse=True))


def _first_token(learned: Learned) -> float | None:
    known = [one for one in learned.first_token if one.weight]
    usual = learned.first_token[_USUAL_PROMPT]
    return _seen(usual if usual.weight or not known else max(known, key=_last))


def _last(one: Average) -> float:
    return one.at


def _seen(one: Average) -> float | None:
    return round(one.mean, 3) if one.weight else None
