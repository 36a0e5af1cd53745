"""The lists of models in a hearth.toml, and what may not stand in one table of [models]."""

from collections.abc import Iterator

from hearth_config.errors import Path, Problem
from hearth_config.settings import Alias, Settings


def target_lists(settings: Settings) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Yield every list of "provider/model", with its path: those of [fallback], then those of each alias."""
    yield ("fallback", "cloud"), settings.fallback.cloud
    for name, use in settings.fallback.by_model.items():
        yield ("fallback", "by_model", name), use
    for name, alias in settings.models.items():
        yield ("models", name, "use"), alias.use
        for kind, use in alias.tasks.said().items():
            yield ("models", name, "tasks", kind), use


def check_alias(name: str, alias: Alias) -> Iterator[Problem]:
    """Yield what is wrong with an alias by itself: its name, its weights, and whether it means any model."""
    path: Path = ("models", name)
    if alias.weights and len(alias.weights) != len(alias.use):
        models = "1 model" if len(alias.use) == 1 else f"{len(alias.use)} models"
        yield Problem((*path, "weights"), f"has {len(alias.weights)} numbers for {models}", "Give one for each of use")
    elif alias.weights and not any(alias.weights):
        step = "Give at least one more than 0"
        yield Problem((*path, "weights"), "is 0 for every model, so none would ever be chosen", step)
    if name == "default" or name.startswith(("local/", "cloud/")):
        yield Problem(path, "is a name that Hearth itself gives a meaning", "Choose another name")
    if not name.strip():
        yield Problem(path, "has no name, so nobody could ask for it", "Give it one")
    if not alias.use:
        yield Problem((*path, "use"), "is empty", 'List at least one "provider/model"')
