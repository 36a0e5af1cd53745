"""Plans that need more than a name: whose turn it is, who answered the conversation before, what kind of chat it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from hearth.routing.plan import Plan, plan
from hearth.routing.strategies import PRICED
from hearth.routing.tasks import sorted_into
from hearth.server.key_prices import key_prices
from hearth.server.sticky import Sticky

if TYPE_CHECKING:
    from hearth.call import Call
    from hearth.problems import Problem
    from hearth.routing.plan import Candidate
    from hearth.routing.resolution import Resolution
    from hearth.server.core import Core

_MOST_NAMES = 1024


class Choosing:
    """What is remembered from call to call so that strategies can take turns and conversations stay where they are."""

    def __init__(self, core: Core) -> None:
        """Remember nothing yet."""
        self._core = core
        self._turns: dict[str, int] = {}
        self.sticky = Sticky()

    def plan(self, call: Call, resolution: Resolution) -> Plan:
        """Decide whom a call may try whose name means different things, or whose targets change their order."""
        core = self._core
        settings = core.generation.settings
        sorted_by = ""
        if resolution.kinds and call.task == "chat":
            task, sorted_by = sorted_into(call, resolution.kinds, settings.tasks)
            if task != "chat":
                call = replace(call, task=task)
                resolution = core.catalog.resolve(call.outline.model, task)
        world = core.world()
        if resolution.moves:
            turn = self._turns.get(resolution.asked, 0)
            prices = key_prices(core) if resolution.strategy in PRICED else world.prices
            world = replace(world, turn=turn, hold=self.sticky.hold(call), prices=prices)
        made = plan(call, resolution, world, settings, core.catalog.targets.values())
        return replace(made, sorted_by=sorted_by) if sorted_by else made

    def taken(self, made: Plan) -> None:
        """Say that a call goes by this plan: the next one of the same name is the next turn."""
        if made.resolution.moves:
            if len(self._turns) >= _MOST_NAMES:
                self._turns.clear()
            name = made.resolution.asked
            self._turns[name] = self._turns.get(name, 0) + 1

    def ended(self, candidate: Candidate, problem: Problem | None) -> None:
        """Say how an attempt ended that was part of a conversation."""
        if problem is None:
            self.sticky.answered(candidate.conversation, candidate.target.name)
        else:
            self.sticky.failed(candidate.conversation, candidate.target.name)
