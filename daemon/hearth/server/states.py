"""The state of every target as a policy looks at it: lanes, health and what was learned, put together when asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from time import monotonic
from typing import TYPE_CHECKING

from msgspec.structs import replace

from hearth.routing.world import UNKNOWN_TARGET, TargetState, World
from hearth.senses.health import TRUSTED

if TYPE_CHECKING:
    from hearth.server.core import Core


class States(Mapping[str, TargetState]):
    """The state of each target at one moment, put together when a policy asks: building a World costs nothing."""

    def __init__(self, core: Core) -> None:
        """Look into the core's lanes, health and learned times."""
        self._core = core
        self._known: dict[str, TargetState] = {}

    def __getitem__(self, name: str) -> TargetState:
        """Return a target's state now."""
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = self._state(name)
        return known

    def get(self, name: str, default: object = None) -> TargetState:  # noqa: ARG002 -- every name has a state
        """Return a target's state now."""
        known = self._known.get(name)
        return self[name] if known is None else known

    def _state(self, name: str) -> TargetState:
        core = self._core
        rest = core.health.target_rest(name)
        track = core.learned.get(name)
        success = 1.0 if track is None or not track.bad else track.success(monotonic())
        lane = core.lanes.get(name)
        if lane is not None:
            state = lane.state(*rest)
            return state if success >= 1 else replace(state, success=success)
        if track is None:
            return UNKNOWN_TARGET if rest == TRUSTED else _resting(TargetState(), *rest)
        return _resting(TargetState(in_flight=track.in_flight, learned=track.learned, success=success), *rest)

    def __iter__(self) -> Iterator[str]:
        """Yield the targets that have a lane or were asked."""
        return iter({**dict.fromkeys(self._core.lanes), **dict.fromkeys(self._core.learned)})

    def __len__(self) -> int:
        """Count the lanes."""
        return sum(1 for _ in self)


def _resting(state: TargetState, until: float, reason: str, code: str) -> TargetState:
    return replace(state, resting_until=until, rest_reason=reason, rest_code=code)


def world_of(core: Core) -> World:
    """Return everything a plan looks at, as of now."""
    till = core.till
    return World(
        monotonic(),
        core.mode,
        core.load.machine(),
        States(core),
        core.health.providers,
        prices=till.book,
        purse=till,
        room=till.least,
    )
