"""How providers and models are, as their calls lately showed it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hearth.metrics.kinds import Metric
from hearth.metrics.readings import Reading

if TYPE_CHECKING:
    from collections.abc import Callable

    from hearth.status_health import HealthStatus

WHO = ("name", "hearth.place")
"""A provider's name, or a target's: "provider/model"."""


def _of(name: str, unit: str, words: str, read: Callable[[HealthStatus], float | None]) -> Reading:
    metric = Metric(f"hearth.health.{name}", "gauge", unit, words, WHO)
    return Reading(metric, lambda status: (((one.name, one.place), read(one)) for one in status.health))


OF_HEALTH = (
    _of("success", "1", "The share of good endings lately.", lambda one: one.success),
    _of("well", "", "1 unless its circuit is open, or calls failed lately.", lambda one: one.state == "well"),
    _of("rest", "s", "How long it still rests.", lambda one: one.rests_s),
    _of("failures", "{failure}", "Failures in a row.", lambda one: one.failures),
    _of("in_flight", "{call}", "Calls under way.", lambda one: one.in_flight),
    _of("quiet", "s", "The longest time since the last token among calls under way.", lambda one: one.quiet_s),
    _of("first_token", "s", "What the first token lately took.", lambda one: one.first_token_s),
    _of("speed", "{token}", "Tokens a second lately.", lambda one: one.tokens_per_s),
    _of("check", "s", "What the last look at it took.", lambda one: one.check.took_ms / 1000 if one.check else None),
    _of("check_failed", "", "1 if the last look failed.", lambda one: bool(one.check.error) if one.check else None),
)
