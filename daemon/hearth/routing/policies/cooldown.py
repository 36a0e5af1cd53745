"""Who has just failed rests, and is asked last meanwhile: so the last candidate is never lost to it."""

from __future__ import annotations

from hearth.call import Call
from hearth.routing.policy import ALLOW, Verdict, defer
from hearth.routing.targets import Target
from hearth.routing.world import UNKNOWN_PROVIDER, UNKNOWN_TARGET, World
from hearth_config.settings import Settings

NAME = "cooldown"


def judge(call: Call, target: Target, world: World, settings: Settings) -> Verdict:  # noqa: ARG001 - the one shape
    """Defer a target that rests, or whose provider does."""
    now = world.now
    provider = world.providers.get(target.provider, UNKNOWN_PROVIDER)
    if provider.resting_until > now:
        return _rests("down", provider.resting_until - now, provider.rest_reason)  # it rests for its silence alone
    state = world.states.get(target.name, UNKNOWN_TARGET)
    if state.resting_until > now:
        return _rests(state.rest_code or "resting", state.resting_until - now, state.rest_reason)
    return ALLOW


def _rests(code: str, seconds: float, reason: str) -> Verdict:
    why = f" ({reason.rstrip('.')})" if reason else ""
    return defer(NAME, code, f"rests for {seconds:.0f} s more{why}")
