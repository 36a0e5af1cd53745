"""How long a plan takes for 200 targets, by every strategy and with all policies: `python benchmarks/plan.py`.

Processor time is measured, so that what else the machine does counts little.
"""

import argparse
import sys
from statistics import median, quantiles
from time import process_time_ns
from typing import get_args

from hearth.call import App, Call, Outline
from hearth.dialects.dialect import ModelInfo
from hearth.money.accounts import Payer
from hearth.money.tags import PriceTag
from hearth.routing.catalog import Catalog
from hearth.routing.expected import Learned
from hearth.routing.inventory import Inventory, Listing
from hearth.routing.plan import plan
from hearth.routing.world import TargetState, World
from hearth_config.addresses import parse_address
from hearth_config.settings import Alias, Provider, Settings, Strategy

TARGETS = 200
MODELS = 10
"""Models a provider has."""
PLANS = 500
MOST_MS = 1.0
NOW = 1000.0
CALL = Call(
    "id",
    "openai_chat",
    Outline("chat", "chat", "all", stream=True, prompt_bytes=4000),
    {},
    "chat",
    "any",
    App(),
    0,
    0.0,
)


class Full:
    """A budget that is far from spent."""

    currency = "USD"
    active = True

    def sought(self, name: str) -> bool:  # noqa: ARG002 -- the shape of a purse
        """Know every price already."""
        return False

    def by_key(self, provider: str) -> bool:  # noqa: ARG002 -- the shape of a purse
        """Have one price for all keys."""
        return False

    def in_budget(self, amount: float | None, tag: PriceTag) -> float | None:  # noqa: ARG002 -- the shape of a purse
        """Return a sum as it is."""
        return amount

    def awaits(self, payer: Payer, amount: float | None) -> bool:  # noqa: ARG002 -- the shape of a purse
        """Set nothing aside."""
        return False

    def refusal(self, payer: Payer, amount: float | None) -> str:  # noqa: ARG002 -- the shape of a purse
        """Let everything pass."""
        return ""


def main(words: list[str] | None = None) -> int:
    """Print the median and the 95th percentile of each strategy; 1 when a median is over the limit."""
    options = argparse.ArgumentParser(prog="benchmarks/plan.py", description=__doc__)
    options.add_argument("--targets", type=int, default=TARGETS)
    options.add_argument("--plans", type=int, default=PLANS)
    chosen = options.parse_args(words)
    slow = 0
    for strategy in get_args(Strategy):
        times = _times(strategy, chosen.targets, chosen.plans)
        middle, late = median(times), quantiles(times, n=20)[-1]
        slow += middle > MOST_MS
        print(f"{strategy:12} {chosen.targets} targets  p50 {middle:.3f} ms  p95 {late:.3f} ms")
    return 1 if slow else 0


def _times(strategy: Strategy, targets: int, plans: int) -> list[float]:
    """Return the milliseconds that each plan took."""
    settings, catalog = _household(strategy, targets)
    resolution = catalog.resolve("all", "chat")
    names = [target.name for target in resolution.targets]
    learned = Learned().saw_first_token(1000, 0.3, NOW).saw_call(4.0, 200, NOW)
    states = {name: TargetState(loaded=True, in_flight=place % 3, learned=learned) for place, name in enumerate(names)}
    prices = dict.fromkeys(names, PriceTag(input=1e-6, output=2e-6))
    world = World(now=NOW, states=states, prices=prices, purse=Full(), room=100.0)
    times = []
    for _ in range(plans):
        began = process_time_ns()
        plan(CALL, resolution, world, settings, catalog.targets.values())
        times.append((process_time_ns() - began) / 1e6)
    return times


def _household(strategy: Strategy, targets: int) -> tuple[Settings, Catalog]:
    """Return as many targets as asked for, half of the providers on this machine and half in the cloud."""
    providers, listings, use = {}, {}, []
    models = tuple(
        ModelInfo(f"m{number}", window=32768, capabilities=("completion", "tools")) for number in range(MODELS)
    )
    for number in range(targets // MODELS):
        name, here = f"p{number}", number % 2 == 1
        address = f"http://127.0.0.1:{12000 + number}" if here else f"https://p{number}.example/v1"
        providers[name] = Provider(name, "ollama" if here else "openai_chat", parse_address(address))
        listings[name] = Listing(reachable=True, models=models)
        use += [f"{name}/{model.name}" for model in models]
    settings = Settings(mode="any", providers=providers, models={"all": Alias(tuple(use), strategy)})
    return settings, Catalog(settings, Inventory(listings))


if __name__ == "__main__":
    sys.exit(main())
