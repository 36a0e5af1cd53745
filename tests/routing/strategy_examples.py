"""Three targets with prices and times, and a plan of them by any strategy."""

from collections.abc import Sequence

from hearth.money.tags import PriceTag
from hearth.routing.expected import Average, Learned
from hearth.routing.plan import Plan
from hearth.routing.world import Hold, TargetState, World
from hearth_config.settings import Alias, Settings, Strategy
from routing.routing_examples import a_call, household, planned

HOME, BOX, CLOUD = "ollama/qwen3:8b", "box/qwen3-8b", "openrouter/qwen/qwen3-8b"
ALL = (CLOUD, BOX, HOME)
NOW = 1000.0


def settings_of(strategy: Strategy, mode: str = "any", weights: Sequence[float] = (), **more: object) -> Settings:
    alias = Alias(use=ALL, strategy=strategy, weights=tuple(weights))
    return household(mode=mode, models={"fast": alias}, **more)


def learned(first_token: float = 0.1, rate: float = 100.0) -> Learned:
    """A target that took this long to its first token, several times, and then wrote at this rate."""
    seen = Average(first_token, 8.0, NOW)
    return Learned((seen,) * 6, Average(1.0, 8.0, NOW), Average(), Average(rate, 8.0, NOW))


def world_of(
    states: dict[str, TargetState] | None = None,
    prices: dict[str, PriceTag] | None = None,
    turn: int = 0,
    hold: Hold | None = None,
) -> World:
    warm = {HOME: TargetState(loaded=True), **(states or {})}
    return World(now=NOW, states=warm, prices=prices or {}, turn=turn, hold=hold)


def planned_by(strategy: Strategy, world: World, mode: str = "any", weights: Sequence[float] = ()) -> Plan:
    return planned(a_call("fast"), settings_of(strategy, mode, weights), world)
