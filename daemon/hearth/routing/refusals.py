"""When nobody may be tried: the one problem that says why, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from hearth.call import Call
from hearth.problems import ContextTooLong, Forbidden, OverBudget, Problem, UnknownModel, Unsupported
from hearth.routing.modes import REACH, mode_of, who_set
from hearth.routing.near import shown
from hearth.routing.policies import ability, app_models, budget, context_window, privacy
from hearth.routing.policy import ALLOW
from hearth.routing.resolution import Resolution
from hearth.routing.respoken import as_asked
from hearth.routing.search import UNNAMED
from hearth.routing.targets import Target
from hearth.routing.world import World
from hearth_config.settings import Settings

if TYPE_CHECKING:
    from hearth.routing.plan import Refused

_MOST_TARGETS = 4
_MOST_NAMED = 3


def problem_of(
    call: Call,
    resolution: Resolution,
    refused: Sequence[Refused],
    world: World,
    settings: Settings,
    known: Iterable[Target] = (),
) -> Problem:
    """Return the problem of a call without candidates: the first target decides its kind, all say their reason.

    One that is unable names those among the `known` who are able, and allowed to this call.
    """
    message = f"{_reasons(refused[:_MOST_TARGETS])}."
    if resolution.kind == "missing":
        private = next((one for one in refused if one.verdict.policy == privacy.NAME), None)
        if private is None:
            return _unknown(resolution)
        message = f'No model "{shown(resolution.asked)}" is here; {message}'
        return _forbidden_place(message, private, call, world, settings)
    decisive = refused[0]
    if decisive.verdict.policy == ability.NAME:
        able = [target.name for target in known if _can(as_asked(call, target, settings), call, world, settings)]
        return _unable(message, able, call)
    return _BUILDERS[decisive.verdict.policy](message, decisive, call, world, settings)


def _reasons(refused: Sequence[Refused]) -> str:
    """Return why each is refused; those refused for the same reason together."""
    alike: dict[str, list[str]] = {}
    for one in refused:
        alike.setdefault(one.verdict.detail, []).append(one.target.name)
    return "; ".join(
        f"{name} {detail}" + (f"; the same holds for {', '.join(others)}" if others else "")
        for detail, (name, *others) in alike.items()
    )


def _unknown(resolution: Resolution) -> UnknownModel:
    if resolution.asked in UNNAMED:
        return UnknownModel(
            "No model was named, and there is no default.",
            next_step="Name one, set default_model in hearth.toml, or install one: `ollama pull qwen3:8b`.",
            param="model",
            code="model_not_found",
        )
    near = " or ".join(f'"{name}"' for name in resolution.near)
    return UnknownModel(
        f'No model "{shown(resolution.asked)}" is known.',
        next_step=f"Did you mean {near}?" if near else "`hearth models` lists those there are.",
        param="model",
        code="model_not_found",
    )


def _forbidden_place(message: str, one: Refused, call: Call, world: World, settings: Settings) -> Problem:
    if one.target.place not in REACH[mode_of(call, world, settings)]:
        step = f'Ask for a model on this machine ("local/NAME"), or loosen {who_set(call, world, settings)}.'
    elif one.target.remote and not settings.providers[one.target.provider].remote_models:
        step = f"Set remote_models = true in [providers.{one.target.provider}] to let such prompts leave this machine."
    else:
        step = f'Add "{call.task}" to tasks in [fallback] to let such calls leave this machine.'
    return Forbidden(message, next_step=step, code="privacy")


def _forbidden_model(message: str, one: Refused, call: Call, world: World, settings: Settings) -> Problem:  # noqa: ARG001
    return Forbidden(message, next_step=f'Add "{one.target.name}" to models in [apps.{call.app.name}].', param="model")


def _unable(message: str, able: Sequence[str], call: Call) -> Problem:
    whole = call.outline.operation == "embed" or "suffix" in call.outline.needs
    if not able:
        instead = "install one that can" if whole else "leave that out"
        return Unsupported(message, next_step=f"None here can; {instead}. `hearth models --all` shows who can what.")
    names = ", ".join(able[:_MOST_NAMED])
    more = f" and {len(able) - _MOST_NAMED} more" if len(able) > _MOST_NAMED else ""
    instead = "" if whole else "; or leave that out"
    return Unsupported(message, next_step=f"Ask for one that can: {names}{more}{instead}.")


def _can(target: Target, call: Call, world: World, settings: Settings) -> bool:
    """Whether a target is sure to be able, and neither mode nor app forbid it."""
    judges = (privacy.judge, app_models.judge, ability.judge)
    return target.installed and all(judge(call, target, world, settings) is ALLOW for judge in judges)


def _too_long(message: str, one: Refused, call: Call, world: World, settings: Settings) -> Problem:  # noqa: ARG001
    target = one.target
    roomier = (
        target.settings.num_ctx is not None and target.window is not None and target.window > target.settings.num_ctx
    )
    raised = f', raise num_ctx in [providers.{target.provider}.models."{target.model}"]' if roomier else ""
    return ContextTooLong(
        message,
        next_step=f"Shorten the prompt{raised}, or ask for a model with a larger window.",
        param="messages",
        code="context_length_exceeded",
    )


def _too_dear(message: str, one: Refused, call: Call, world: World, settings: Settings) -> Problem:  # noqa: ARG001
    return OverBudget(message, next_step=budget.next_step(call, one.target, world), code="budget")


_BUILDERS: dict[str, Callable[[str, Refused, Call, World, Settings], Problem]] = {
    privacy.NAME: _forbidden_place,
    app_models.NAME: _forbidden_model,
    context_window.NAME: _too_long,
    budget.NAME: _too_dear,
}
