"""Which model a request means that names none: what the user said, else a sensible one that is there."""

from __future__ import annotations

from collections.abc import Iterator

from hearth.call import Task
from hearth.routing.index import Index
from hearth.routing.targets import Target
from hearth.routing.tasks import KINDS_OF_CHAT
from hearth_config.settings import Settings


def choices(settings: Settings, index: Index, task: Task, override: str | None) -> Iterator[tuple[str, str]]:
    """Yield (name, why) in the order in which they count; the first that resolves is meant."""
    if task == "chat" and override:
        yield override, f'`hearth use` chose "{override}"'
    yield from _said(settings, task)
    if task in KINDS_OF_CHAT:
        yield from choices(settings, index, "chat", override)
        return
    if task != "embeddings":
        yield from _default_model(settings, task, override)
    yield from _at_home(index, task)
    yield from _of_providers(settings, task)
    if task == "embeddings":
        yield from _default_model(settings, task, override)


def _said(settings: Settings, task: Task) -> Iterator[tuple[str, str]]:
    said = getattr(settings.tasks, task)
    if said:
        yield said, f'[tasks] {task} is "{said}"'


def _default_model(settings: Settings, task: Task, override: str | None) -> Iterator[tuple[str, str]]:
    if override and task != "chat":
        yield override, f'`hearth use` chose "{override}"'
    if settings.default_model:
        yield settings.default_model, f'default_model is "{settings.default_model}"'


def _at_home(index: Index, task: Task) -> Iterator[tuple[str, str]]:
    able = [target for target in index.home if not target.remote and _suits(target, task)]
    setting = "default_model" if task == "chat" else f"[tasks] {task}"
    for target in sorted(able, key=lambda one: not one.loaded):
        there = "loaded" if target.loaded else "installed"
        yield target.name, f"{setting} is not set: {target.name} is the first model {there} that suits"


def _of_providers(settings: Settings, task: Task) -> Iterator[tuple[str, str]]:
    word = "embedding_model" if task == "embeddings" else "default_model"
    for provider in settings.providers.values():
        model = getattr(provider, word)
        if model:
            yield f"{provider.name}/{model}", f'{word} of [providers.{provider.name}] is "{model}"'


def _suits(target: Target, task: Task) -> bool:
    embeds = _embeds(target)
    if task == "embeddings":
        return embeds
    return not embeds and (task != "autocomplete" or target.capabilities is None or "insert" in target.capabilities)


def _embeds(target: Target) -> bool:
    if target.capabilities is not None:
        return "embedding" in target.capabilities and "completion" not in target.capabilities
    return "embed" in target.model.lower() or "bert" in target.info.family.lower()
