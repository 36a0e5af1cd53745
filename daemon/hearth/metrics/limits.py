"""The room that is left under every limit: of keys, of budgets, of apps; and what the answer cache spares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hearth.metrics.kinds import Metric
from hearth.metrics.readings import Reading, Values

if TYPE_CHECKING:
    from collections.abc import Callable

    from hearth.metrics.kinds import Kind
    from hearth.status import Status
    from hearth.status_cache import CacheStatus
    from hearth.status_money import BudgetStatus

KEY = ("hearth.provider", "hearth.key")
ROOM = (*KEY, "what", "per", "model", "source")
BUDGET = ("scope", "name", "period", "currency")
READY = "ready"


def _room(status: Status) -> Values:
    return (
        ((key.provider, key.id, room.what, room.per, room.model, room.source), room.left)
        for key in status.keys
        for room in key.room
    )


def _app_room(status: Status) -> Values:
    for app in status.apps:
        limits = (
            ("requests", app.requests_per_minute, app.requests),
            ("tokens", app.tokens_per_minute, app.tokens),
            ("parallel", app.parallel, app.in_flight),
        )
        yield from (((app.name, what), max(most - used, 0)) for what, most, used in limits if most is not None)


def _budget(name: str, words: str, read: Callable[[BudgetStatus], float]) -> Reading:
    """A sum of each budget."""
    metric = Metric(f"hearth.budget.{name}", "gauge", "{currency}", words, BUDGET)
    return Reading(
        metric,
        lambda status: (((one.scope, one.name, one.period, one.currency), read(one)) for one in status.budgets),
    )


def _cache(
    name: str, unit: str, words: str, read: Callable[[CacheStatus], float | None], kind: Kind = "counter"
) -> Reading:
    metric = Metric(f"hearth.cache.{name}", kind, unit, words)
    return Reading(metric, lambda status: (((), read(one)) for one in status.caches))


OF_LIMITS = (
    Reading(
        Metric("hearth.key.usable", "gauge", "", "1 if the key can be used now, 0 if not.", KEY),
        lambda status: (((key.provider, key.id), key.state == READY) for key in status.keys),
    ),
    Reading(
        Metric("hearth.key.room", "gauge", "", "What is left under a limit of a key.", ROOM),
        _room,
    ),
    _budget("limit", "What may be spent in the period.", lambda one: one.limit),
    _budget("spent", "What was spent in the period.", lambda one: one.spent),
    _budget("reserved", "What is set aside for calls under way.", lambda one: one.reserved),
    _budget("room", "What is left.", lambda one: max(one.limit - one.spent - one.reserved, 0.0)),
    Reading(
        Metric("hearth.app.room", "gauge", "", "What is left under a limit of an app, this minute.", ("app", "what")),
        _app_room,
    ),
)
OF_CACHE = (
    _cache("hits", "{call}", "Calls answered from disk.", lambda one: one.hits),
    _cache("shared", "{call}", "Calls answered together with the same call of somebody else.", lambda one: one.shared),
    _cache("batched", "{call}", "Calls answered together with others for the same model.", lambda one: one.batched),
    _cache("misses", "{call}", "Calls that could have been answered so, and were not.", lambda one: one.misses),
    _cache(
        "saved_tokens", "{token}", "Tokens that hits and shared calls would have taken.", lambda one: one.saved_tokens
    ),
    _cache("size", "By", "What the kept answers take on disk.", lambda one: one.size, "gauge"),
)
