"""Who is known to be down, keyless or without the model is asked last: what is known may be a moment old."""

from __future__ import annotations

from hearth.call import Call
from hearth.routing.policy import ALLOW, Verdict, defer
from hearth.routing.targets import Target
from hearth.routing.world import UNKNOWN_PROVIDER, World
from hearth_config.settings import Settings

NAME = "availability"


def judge(call: Call, target: Target, world: World, settings: Settings) -> Verdict:  # noqa: ARG001 - the one shape
    """Defer a target whose provider does not answer or has no usable key, or who has not installed the model."""
    provider = world.providers.get(target.provider, UNKNOWN_PROVIDER)
    if provider.reachable is False:
        return defer(NAME, "down", f"does not answer{_because(provider.last_error)}")
    if provider.keys_usable == 0:
        return defer(NAME, "no_key", f"has no usable key{_because(provider.last_error)}")
    if not target.installed:
        return defer(NAME, "missing", "is not installed")
    return ALLOW


def _because(error: str) -> str:
    return f" ({error.rstrip('.')})" if error else ""
