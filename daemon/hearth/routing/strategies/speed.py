"""fastest: how long this prompt and an answer of usual length would take at each target, from what it took lately."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hearth.routing.expected import PRIOR_RATE, estimate_tokens, expected_first_token, heeded, is_cold, usual_answer
from hearth.routing.world import ELSEWHERE, UNKNOWN_TARGET

if TYPE_CHECKING:
    from hearth.call import Call
    from hearth.routing.targets import Target
    from hearth.routing.world import World
    from hearth_config.settings import Settings

_LEAST_RATE = 0.1


def expected_seconds(call: Call, world: World, settings: Settings) -> Callable[[Target], float]:
    """Return the measure of time in seconds: the queue, a load, the prompt, then the answer at the learned rate.

    A target that nobody has asked lately counts with the times we would expect, so that it is tried some day.
    """
    outline = call.outline
    prompt, answer = estimate_tokens(outline), usual_answer(outline)
    states, now, machine = world.states, world.now, heeded(world.machine, settings.busy)

    def measure(target: Target) -> float:
        state = states.get(target.name, UNKNOWN_TARGET)
        here = machine if target.place == "machine" else ELSEWHERE
        first = expected_first_token(
            state, prompt, now=now, machine=here, cold=is_cold(target, state), size=target.info.size
        )
        return first + answer / max(state.learned.rate.value(now, PRIOR_RATE), _LEAST_RATE)

    return measure
