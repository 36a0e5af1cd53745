"""What may not stand in one table of [models]: weights that fit nobody, kinds of request without a model."""

from collections.abc import Iterator

from hearth_config.errors import Path, Problem
from hearth_config.settings import Alias


def check_alias(name: str, alias: Alias) -> Iterator[Problem]:
    """Yield what is wrong with an alias by itself."""
    path: Path = ("models", name, "weights")
    if alias.weights and len(alias.weights) != len(alias.use):
        models = "1 model" if len(alias.use) == 1 else f"{len(alias.use)} models"
        yield Problem(path, f"has {len(alias.weights)} numbers for {models}", "Give one for each of use")
    elif alias.weights and not any(alias.weights):
        yield Problem(path, "is 0 for every model, so none would ever be chosen", "Give at least one more than 0")


def tasks_of(name: str, alias: Alias) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Yield the lists of targets that an alias has for kinds of request."""
    return ((("models", name, "tasks", kind), use) for kind, use in alias.tasks.said().items())
