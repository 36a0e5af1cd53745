"""What may be spent. Limits count nothing yet; the price a request sets for itself (`max_cost`) is held."""

from __future__ import annotations

from msgspec import UNSET

from hearth.call import Call
from hearth.routing.expected import estimate_tokens
from hearth.routing.policy import ALLOW, Verdict, refuse
from hearth.routing.targets import Target
from hearth.routing.world import World
from hearth_config.settings import Price, Settings

NAME = "budget"

_USUAL_ANSWER = 4096


def judge(call: Call, target: Target, world: World, settings: Settings) -> Verdict:  # noqa: ARG001 - the one shape
    """Refuse a cloud target that would cost more than the request allows, or whose price nobody knows."""
    most = call.outline.wishes.max_cost
    if most is UNSET or target.place != "cloud":
        return ALLOW
    cost = _cost(call, target, settings)
    if cost is None:
        return refuse(NAME, f"has no known price, and the request may cost {most:g} {settings.budget.currency} at most")
    if cost > most:
        return refuse(NAME, f"would cost about {cost:.4f} {settings.budget.currency}, and the request allows {most:g}")
    return ALLOW


def _cost(call: Call, target: Target, settings: Settings) -> float | None:
    """Guess the cost in the budget's currency; None when any part of the price is unknown."""
    price = target.settings.price or Price(
        input_per_million=target.info.price_input, output_per_million=target.info.price_output, currency="USD"
    )
    rate = _rate(price.currency, settings)
    if rate is None:
        return None
    if price.per_request is not None:
        return price.per_request * rate
    if price.input_per_token is None or price.output_per_token is None:
        return None
    answer = call.outline.max_tokens or target.output_limit or _USUAL_ANSWER
    return (estimate_tokens(call.outline) * price.input_per_token + answer * price.output_per_token) * rate


def _rate(currency: str | None, settings: Settings) -> float | None:
    return 1.0 if currency in {None, settings.budget.currency} else settings.budget.rates.get(currency or "")
