"""What a privacy mode allows, and which setting is the tightest that holds for a call."""

from __future__ import annotations

from hearth.call import Call, Mode, Place, tightest
from hearth.routing.world import World
from hearth_config.settings import Settings

REACH: dict[Mode, frozenset[Place]] = {
    "offline": frozenset({"machine"}),
    "lan": frozenset({"machine", "lan"}),
    "prefer-local": frozenset({"machine", "lan", "cloud"}),
    "any": frozenset({"machine", "lan", "cloud"}),
}
"""The places a call may go to."""


def mode_of(call: Call, world: World, settings: Settings) -> Mode:
    """Return the tightest of the file's mode, the switch and the call's own (its app's and its header's)."""
    return tightest(call.mode, world.mode, settings.mode)


def who_set(call: Call, world: World, settings: Settings) -> str:
    """Say in words where the mode of a call comes from, the hardest to change first."""
    mode = mode_of(call, world, settings)
    app = settings.apps.get(call.app.name)
    if settings.mode == mode:
        return f'mode = "{mode}" in hearth.toml'
    if world.mode == mode:
        return f"`hearth mode {mode}`"
    if app is not None and app.mode == mode:
        return f'mode = "{mode}" in [apps.{call.app.name}]'
    return f"the request's own mode {mode}"
