"""The policies in the order in which they are asked: one file each, and nothing decides that is not in this list."""

from __future__ import annotations

from hearth.routing.policies import (
    ability,
    app_models,
    availability,
    budget,
    busy,
    context_window,
    cooldown,
    privacy,
)
from hearth.routing.policy import Policy

POLICIES: tuple[Policy, ...] = (
    privacy,
    app_models,
    ability,
    context_window,
    budget,
    availability,
    cooldown,
    busy,
)
