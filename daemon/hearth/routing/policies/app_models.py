"""An app may use the models that its `[apps.X] models` names, and no other."""

from __future__ import annotations

from fnmatch import fnmatchcase

from hearth.call import Call
from hearth.routing.policy import ALLOW, Verdict, refuse
from hearth.routing.targets import Target, same_name
from hearth.routing.world import World
from hearth_config.settings import Settings

NAME = "app"


def judge(call: Call, target: Target, world: World, settings: Settings) -> Verdict:  # noqa: ARG001 - the one shape
    """Refuse a target that the app's list names neither itself nor by an alias that leads to it."""
    app = settings.apps.get(call.app.name)
    if app is None or app.models is None or _named(app.models, target, settings):
        return ALLOW
    return refuse(NAME, f"is not among the models of [apps.{call.app.name}]: {', '.join(app.models) or 'none'}")


def _named(models: tuple[str, ...], target: Target, settings: Settings) -> bool:
    return any(_means(entry, target) or _leads_to(entry, target, settings) for entry in models)


def _leads_to(entry: str, target: Target, settings: Settings) -> bool:
    alias = settings.models.get(entry)
    return alias is not None and any(_means(use, target) for use in alias.use)


def _means(entry: str, target: Target) -> bool:
    wanted = same_name(entry)
    return fnmatchcase(same_name(target.name), wanted) or fnmatchcase(same_name(target.model), wanted)
