"""cheapest: what this prompt and an answer of usual length would cost at each target."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hearth.routing.expected import estimate_tokens, usual_answer
from hearth.routing.strategies.speed import expected_seconds

if TYPE_CHECKING:
    from hearth.call import Call
    from hearth.routing.targets import Target
    from hearth.routing.world import World
    from hearth_config.settings import Settings


def expected_cost(call: Call, world: World, settings: Settings) -> Callable[[Target], float | None]:
    """Return the measure of cost in the budget's currency.

    None: no price is known, not even that of a part, or no rate for its currency. A model on this machine is free
    unless it has a price (energy).
    """
    outline = call.outline
    prompt, answer = estimate_tokens(outline), usual_answer(outline)
    budget, prices = settings.budget, world.prices
    seconds = expected_seconds(call, world, settings)

    def measure(target: Target) -> float | None:
        tag = prices.get(target.name)
        if tag is None:
            return 0.0 if target.place == "machine" else None
        rate = 1.0 if tag.currency in {None, "", budget.currency} else budget.rates.get(tag.currency)
        if rate is None:
            return None
        cost = tag.per_request or 0.0
        if tag.per_second:
            cost += tag.per_second * seconds(target)
        elif tag.input is None and tag.output is None and tag.per_request is None and tag.per_second is None:
            return None
        for tokens, price in ((prompt, tag.input), (answer, tag.output)):
            if price is not None:
                cost += tokens * price
            elif tokens and tag.per_request is None and tag.per_second is None:
                return None
        return cost * rate

    return measure
