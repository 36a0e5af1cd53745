"""What answers at home saved: the price of the same tokens at the model's cloud fallback, less what home cost; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct


class Comparison(Struct, frozen=True):
    """A cloud target and what it asks: money for each token, and for each request; `cached` None is as `input`."""

    target: str
    currency: str
    input: float
    output: float
    cached: float | None = None
    request: float = 0.0


Compare = Callable[[str, str], Comparison | None]
"""A target at home and a task -> where the call would have gone, None when nobody knows what it costs there."""


class AtHome(Struct, frozen=True):
    """What one target at home answered: how often, with how many tokens, and what that cost here."""

    target: str
    task: str
    currency: str
    answers: int
    input: float
    output: float
    cached: float
    cost: float


class Saved(Struct, frozen=True):
    """Money by currency, the targets compared with, and the answers that could not be compared."""

    money: dict[str, float] = {}
    compared: tuple[str, ...] = ()
    uncompared: int = 0


def uncomparable(_target: str, _task: str) -> Comparison | None:
    """Know no prices."""
    return None


def saved(answered: Iterable[AtHome], compare: Compare) -> Saved:
    """Return what these answers saved. What they cost at home counts where its currency is that of the price."""
    money: dict[str, float] = {}
    names: dict[str, None] = {}
    uncompared = 0
    for one in answered:
        there = compare(one.target, one.task)
        if there is None:
            uncompared += one.answers
            continue
        names[there.target] = None
        here = one.cost if one.currency == there.currency else 0.0
        money[there.currency] = money.get(there.currency, 0.0) + price(one, there) - here
    return Saved(money, tuple(names), uncompared)


def price(one: AtHome, there: Comparison) -> float:
    """Return what the tokens would have cost; cached ones are part of the input."""
    cached = min(one.cached, one.input) if there.cached is not None else 0.0
    fresh = one.input - cached
    return (
        fresh * there.input + cached * (there.cached or 0.0) + one.output * there.output + one.answers * there.request
    )
