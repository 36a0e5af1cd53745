"""A model that its provider does not have any more: who asks for it by a bare name is understood anew, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hearth.routing.near import nearest

if TYPE_CHECKING:
    from hearth.problems import ModelMissing
    from hearth.routing.plan import Plan
    from hearth.server.core import Core
    from hearth.server.live import LiveCall


def planned_anew(core: Core, live: LiveCall, made: Plan, missing: ModelMissing) -> Plan:
    """Return the plan for a call whose model is in its provider's list no more, now that this is known.

    A name that was found in that list alone is unknown now: `[fallback]` may answer to it. Raises the problem of the
    new plan where nobody may, and `missing`, with the names that come near, where the name meant that very model.
    """
    if made.resolution.kind == "listed":
        again = core.plan(live.call)
        if again.problem is not None:
            raise again.problem from missing
        if again.resolution.kind != "listed":
            return again
    target = made.candidates[-1].target
    listed = (model.name for model in core.inventory.inventory.of(target.provider).models)
    near = " or ".join(f'"{target.provider}/{name}"' for name in nearest(target.model, listed))
    if near and not missing.next_step:
        missing.next_step = f"Did you mean {near}?"
        missing.raw = b""  # the provider's own words do not say so
    raise missing
