"""cheapest: what this prompt and an answer of usual length would cost at each target."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hearth.money.tags import Use, cost
from hearth.routing.expected import estimate_tokens, usual_answer
from hearth.routing.strategies.speed import expected_seconds

if TYPE_CHECKING:
    from hearth.call import Call
    from hearth.routing.targets import Target
    from hearth.routing.world import World
    from hearth_config.settings import Settings


def expected_cost(call: Call, world: World, settings: Settings) -> Callable[[Target], float | None]:
    """Return the measure of cost in the budget's currency.

    None: a price that counts here is not known, or the rate of its currency. A model on this machine without any price
    is free.
    """
    outline = call.outline
    prompt, answer = estimate_tokens(outline), usual_answer(outline)
    budget, prices = settings.budget, world.prices
    seconds = expected_seconds(call, world, settings)

    def measure(target: Target) -> float | None:
        tag = prices.get(target.name)
        if tag is None:
            return 0.0 if target.place == "machine" else None
        use = Use(input=prompt, output=answer, seconds=seconds(target) if tag.per_second else None)
        found = cost(tag, use)
        if found is None:
            return None
        if not found.amount or found.currency == budget.currency:
            return found.amount
        rate = budget.rates.get(found.currency)
        return None if rate is None else found.amount * rate

    return measure
