"""Nothing leaves the place that the mode allows: by no name, alias, fallback or forwarding model."""

from __future__ import annotations

from hearth.call import Call
from hearth.routing.modes import REACH, mode_of, who_set
from hearth.routing.policy import ALLOW, Verdict, refuse
from hearth.routing.targets import Target
from hearth.routing.tasks import may_leave
from hearth.routing.world import World
from hearth_config.settings import Settings

NAME = "privacy"

_WHERE = {"lan": "on your network", "cloud": "in the cloud"}


def judge(call: Call, target: Target, world: World, settings: Settings) -> Verdict:
    """Refuse a place beyond the mode, a remote model without `remote_models`, and a task that stays home."""
    if target.place == "machine" and not target.remote:
        return ALLOW
    if target.place not in REACH[mode_of(call, world, settings)]:
        return refuse(NAME, f"is {_WHERE[target.place]}, which {who_set(call, world, settings)} forbids")
    if target.remote and not settings.providers[target.provider].remote_models:
        return refuse(
            NAME, f"is forwarded by Ollama to its cloud, without remote_models in [providers.{target.provider}]"
        )
    if target.place == "cloud" and not may_leave(call.task, settings.fallback.tasks):
        return refuse(NAME, f'is in the cloud, and [fallback] tasks does not list "{call.task}"')
    return ALLOW
