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
    is free. The plain case of `cost` is worked out here, since 200 targets may be measured for one call.
    """
    outline = call.outline
    prompt, answer = estimate_tokens(outline), usual_answer(outline)
    budget, prices = settings.budget, world.prices
    seconds = expected_seconds(call, world, settings)

    def measure(target: Target) -> float | None:
        tag = prices.get(target.name)
        if tag is None:
            return 0.0 if target.place == "machine" else None
        if tag.input is not None and tag.output is not None and not (tag.longer or tag.per_second):
            amount, currency = prompt * tag.input + answer * tag.output + (tag.per_request or 0.0), tag.currency
        else:
            found = cost(tag, Use(prompt, answer, seconds=seconds(target)))
            if found is None:
                return None
            amount, currency = found.amount, found.currency
        if not amount or currency == budget.currency:
            return amount
        rate = budget.rates.get(currency)
        return None if rate is None else amount * rate

    return measure
