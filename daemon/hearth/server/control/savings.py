"""Where an answer made at home would have gone in the cloud, and what it costs there: the model's cloud fallback."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, get_args

from hearth.call import Task
from hearth.ledger.savings import Compare, Comparison
from hearth.routing.tasks import may_leave

if TYPE_CHECKING:
    from hearth.money.tags import PriceTag
    from hearth.routing.catalog import Catalog
    from hearth.routing.targets import Target

TASKS: dict[str, Task] = {task: task for task in get_args(Task)}


def comparing(catalog: Catalog, price_of: Callable[[str], PriceTag | None]) -> Compare:
    """Return what says, for a target at home and a task, what its first priced cloud fallback asks.

    The fallback is that of `[fallback]` for this model, else a cloud target that shares an alias with it.
    """
    known: dict[tuple[str, str], Comparison | None] = {}

    def compare(target: str, task: str) -> Comparison | None:
        key = target, task
        if key not in known:
            known[key] = _first_priced(_elsewhere(catalog, target, TASKS.get(task, "chat")), price_of)
        return known[key]

    return compare


def _elsewhere(catalog: Catalog, target: str, task: Task) -> list[Target]:
    """Return the cloud targets that could have stood in for a target, the likeliest first; none for what stays home."""
    if not may_leave(task, catalog.settings.fallback.tasks):
        return []
    candidates = [*catalog.resolve(target, task).fallback]
    for alias in catalog.settings.models:
        found = catalog.resolve(alias, task).targets
        if any(one.name == target for one in found):
            candidates += found
    embeds = task == "embeddings"
    return [one for one in candidates if one.place == "cloud" and not (embeds and "embeddings" in one.lacks)]


def _first_priced(targets: list[Target], price_of: Callable[[str], PriceTag | None]) -> Comparison | None:
    for target in targets:
        tag = price_of(target.name)
        if tag is not None and tag.input is not None and tag.output is not None:
            return Comparison(target.name, tag.currency, tag.input, tag.output, tag.cached, tag.per_request or 0.0)
    return None
