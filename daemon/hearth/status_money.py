"""How a limit on money stands, as the control API says it."""

from __future__ import annotations

from msgspec import Struct


class BudgetStatus(Struct, frozen=True):
    """One limit, and what counts against it now. `scope` is all, provider, key, app or model, `period` day or month.

    `since` names the period ("2026-11-21", "2026-11"); `reserved` is set aside for calls under way; `state` is ok,
    alert or spent; `unknown` counts the attempts whose cost nobody knows. Sums are in `currency`.
    """

    scope: str
    name: str
    period: str
    since: str
    limit: float
    spent: float
    reserved: float
    currency: str
    state: str
    unknown: int = 0
