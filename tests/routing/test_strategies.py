"""In which order targets are tried: what each strategy measures, whose turn it is, and what stays true of all."""

import time
from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.dialects.dialect import ModelInfo
from hearth.money.tags import PriceTag, Use, cost
from hearth.routing.catalog import Catalog, Inventory, Listing
from hearth.routing.expected import Average, Learned, estimate_tokens, usual_answer
from hearth.routing.explain import explain, lines
from hearth.routing.plan import Plan, plan
from hearth.routing.strategies import MOVING, ordered
from hearth.routing.strategies.cost import expected_cost
from hearth.routing.strategies.speed import expected_seconds
from hearth.routing.world import Hold, Machine, ProviderState, TargetState, World
from hearth_config.settings import Alias, Budget, Settings, Strategy
from routing.routing_examples import CHAT, a_call, household, planned, provider, reasons, tried

HOME, BOX, CLOUD = "ollama/qwen3:8b", "box/qwen3-8b", "openrouter/qwen/qwen3-8b"
ALL = (CLOUD, BOX, HOME)
NOW = 1000.0
STRATEGIES: Sequence[Strategy] = get_args(Strategy)


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


def test_cheapest_counts_the_prompt_and_a_usual_answer() -> None:
    """The one that costs least for this very call comes first, whatever a token of the prompt alone costs."""
    prices = {
        CLOUD: PriceTag(input=1e-6, output=1e-6),
        BOX: PriceTag(input=0.0, output=5e-6),
        HOME: PriceTag(per_request=0.1),
    }

    made = planned_by("cheapest", world_of(prices=prices))

    assert tried(made) == [CLOUD, BOX, HOME]
    assert made.figures[CLOUD] == pytest.approx((100 + 500) * 1e-6)
    assert reasons(made) == ["cheapest"] * 3


def test_an_unknown_price_comes_last_and_never_counts_as_nothing() -> None:
    """Nobody knows what it costs, so it is not cheap; a model on this machine is free without a price."""
    made = planned_by("cheapest", world_of(prices={CLOUD: PriceTag(input=1e-6, output=1e-6)}))

    assert tried(made) == [HOME, CLOUD, BOX]
    assert made.figures[BOX] is None


def test_a_price_in_another_currency_counts_by_its_rate() -> None:
    """Without a rate it is as good as unknown."""
    euro = {CLOUD: PriceTag(input=1e-6, output=1e-6, currency="EUR"), BOX: PriceTag(input=1.05e-6, output=1.05e-6)}
    dear = settings_of("cheapest", budget=Budget(rates={"EUR": 1.1}))
    without = settings_of("cheapest")

    assert tried(planned(a_call("fast"), dear, world_of(prices=euro)))[1:] == [BOX, CLOUD]
    assert planned(a_call("fast"), without, world_of(prices=euro)).figures[CLOUD] is None


def test_energy_at_home_is_a_cost_by_the_second() -> None:
    """What a second of computing costs counts for as many seconds as the answer is expected to take."""
    prices = {HOME: PriceTag(input=0.0, output=0.0, per_second=0.001), CLOUD: PriceTag(input=1e-6, output=1e-6)}
    states = {HOME: TargetState(loaded=True, learned=learned(1.0, rate=50.0))}

    made = planned_by("cheapest", world_of(states, prices))

    assert made.figures[HOME] == pytest.approx(0.001 * 11.0, rel=0.1)
    assert tried(made)[0] == CLOUD


def test_fastest_adds_the_wait_the_prompt_and_the_answer() -> None:
    """A slow beginning is made up for by a fast pen, and the other way round."""
    states = {
        CLOUD: TargetState(learned=learned(2.0, rate=200.0)),
        BOX: TargetState(learned=learned(0.1, rate=20.0)),
        HOME: TargetState(loaded=True, learned=learned(0.5, rate=50.0)),
    }

    made = planned_by("fastest", world_of(states))

    assert tried(made) == [CLOUD, HOME, BOX]
    assert made.figures[CLOUD] == pytest.approx(2.0 + 500 / 200, rel=0.1)


def test_fastest_knows_that_long_prompts_take_longer() -> None:
    """Times to the first token are learned by the length of the prompt, so the order may change with it."""
    quick, slow = Average(0.1, 8.0, NOW), Average(9.0, 8.0, NOW)
    rate = Average(50.0, 8.0, NOW)
    states = {
        CLOUD: TargetState(learned=Learned((Average(1.0, 8.0, NOW),) * 6, rate=rate)),
        HOME: TargetState(loaded=True, learned=Learned((quick, quick, slow, slow, slow, slow), rate=rate)),
    }
    settings = settings_of("fastest")

    short = planned(a_call("fast", prompt_bytes=400), settings, world_of(states))
    long = planned(a_call("fast", prompt_bytes=8_000), settings, world_of(states))

    assert tried(short)[0] == HOME
    assert tried(long)[0] == CLOUD


def test_fastest_counts_the_load_of_a_cold_model() -> None:
    """A model that must be read from the disk first is not fast now."""
    states = {
        HOME: TargetState(loaded=False, learned=learned(0.1, rate=200.0)),
        CLOUD: TargetState(learned=learned(1.0, rate=150.0)),
    }

    assert tried(planned_by("fastest", world_of(states)))[0] == CLOUD


def test_least_busy_counts_calls_for_each_slot() -> None:
    """Three of four slots taken is busier than one of two; slots that nobody knows count as one."""
    states = {
        CLOUD: TargetState(in_flight=2, slots=1024),
        BOX: TargetState(in_flight=3, slots=4),
        HOME: TargetState(loaded=True, in_flight=1, slots=2),
    }

    assert tried(planned_by("least_busy", world_of(states))) == [HOME, BOX, CLOUD]


def test_round_robin_begins_with_another_one_each_turn() -> None:
    """Three turns, three first places, and who comes next is the next one listed."""
    orders = [tried(planned_by("round_robin", world_of(turn=turn))) for turn in range(4)]

    assert [order[0] for order in orders] == [CLOUD, BOX, HOME, CLOUD]
    assert orders[1] == [BOX, HOME, CLOUD]


@given(st.lists(st.integers(0, 9), min_size=3, max_size=3).filter(any))
def test_weighted_gives_each_its_share_of_first_places(weights: list[int]) -> None:
    """Over a hundred turns nobody is first more than four times oftener or seldomer than the weights say."""
    settings = settings_of("weighted", weights=weights)
    resolution = Catalog(settings, Inventory()).resolve("fast", "chat")
    call = a_call("fast")

    orders = [ordered(call, resolution, World(turn=turn), settings).targets for turn in range(100)]

    first = Counter(order[0].name for order in orders)
    for name, weight in zip(ALL, weights, strict=True):
        assert abs(first[name] - 100 * weight / sum(weights)) <= 4.0


def test_best_value_weighs_cost_against_time_and_success() -> None:
    """Twice as dear is worth it for a tenth of the time; an unreliable one loses what it wins."""
    prices = {
        CLOUD: PriceTag(input=2e-5, output=2e-5),
        BOX: PriceTag(input=1e-5, output=1e-5),
        HOME: PriceTag(input=1e-5, output=1e-5),
    }
    states = {
        CLOUD: TargetState(learned=learned(0.2, rate=500.0)),
        BOX: TargetState(learned=learned(5.0, rate=40.0)),
        HOME: TargetState(loaded=True, learned=learned(5.0, rate=40.0)),
    }
    shaky = {**states, CLOUD: TargetState(learned=learned(0.2, rate=500.0), success=0.05)}

    assert tried(planned_by("best_value", world_of(states, prices)))[0] == CLOUD
    assert tried(planned_by("best_value", world_of(shaky, prices)))[-1] == CLOUD


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("turn", range(3))
def test_prefer_local_puts_the_cloud_last_whatever_the_strategy(strategy: Strategy, turn: int) -> None:
    """Cheap, fast or held to: the cloud answers when local models cannot."""
    prices = {CLOUD: PriceTag(input=0.0, output=0.0), BOX: PriceTag(input=1.0, output=1.0)}
    world = world_of({BOX: TargetState(in_flight=9)}, prices, turn, Hold(b"talk", CLOUD))

    made = planned_by(strategy, world, mode="prefer-local")

    assert tried(made)[-1] == CLOUD
    assert len(tried(made)) == 3


def test_a_conversation_stays_with_who_answered_it() -> None:
    """Pain 45: a prompt cache is worth more than what the strategy would win; the reason says it."""
    made = planned_by("round_robin", world_of(turn=0, hold=Hold(b"talk", HOME)))

    assert tried(made) == [HOME, CLOUD, BOX]
    assert reasons(made)[0] == "sticky"
    assert {one.conversation for one in made.candidates} == {b"talk"}


def test_a_long_wait_lets_a_conversation_go() -> None:
    """Pain 45: over-pinning is as bad; who would keep the caller waiting past patience is not held to."""
    slow = {CLOUD: TargetState(learned=learned(60.0))}

    made = planned_by("least_busy", world_of(slow, hold=Hold(b"talk", CLOUD)))

    assert tried(made)[-1] == CLOUD


def test_one_that_rests_is_not_held_to() -> None:
    """Released on failure: whoever is down comes last, as ever, and says so in the next one's reason."""
    world = world_of({BOX: TargetState(resting_until=NOW + 30)}, hold=Hold(b"talk", BOX))

    made = planned_by("cheapest", world)

    assert tried(made)[-1] == BOX
    assert reasons(made)[0] == "down"


def test_the_explanation_says_what_was_measured() -> None:
    """A person reads why: the figure stands beside each target, and an unknown one is called unknown."""
    made = planned_by("cheapest", world_of(prices={CLOUD: PriceTag(input=1e-6, output=1e-6)}))

    said = "\n".join(lines(explain(made)))

    assert "strategy: cheapest" in said
    assert "would cost about 0.000600" in said
    assert "its price is not known" in said


LEARNED = st.builds(learned, st.floats(0, 1e6), st.floats(0, 1e6))
STATES = st.builds(
    TargetState,
    loaded=st.none() | st.booleans(),
    in_flight=st.integers(0, 1000),
    queued=st.integers(0, 1000),
    slots=st.integers(0, 2000),
    resting_until=st.floats(0, 2 * NOW),
    learned=LEARNED,
    success=st.floats(0, 1),
)
PRICE = st.none() | st.floats(0, 1)
TAGS = st.builds(
    PriceTag,
    input=PRICE,
    output=PRICE,
    per_request=PRICE,
    per_second=PRICE,
    currency=st.sampled_from(["USD", "EUR", ""]),
)
WORLDS = st.builds(
    World,
    now=st.just(NOW),
    machine=st.builds(Machine, other_cpu=st.none() | st.floats(0, 1)),
    states=st.dictionaries(st.sampled_from(ALL), STATES),
    providers=st.dictionaries(
        st.sampled_from(["box", "ollama", "openrouter"]), st.builds(ProviderState, reachable=st.none() | st.booleans())
    ),
    prices=st.dictionaries(st.sampled_from(ALL), TAGS),
    turn=st.integers(0, 1 << 40),
    hold=st.none() | st.builds(Hold, st.binary(max_size=4), st.sampled_from([*ALL, "", "nobody/x"])),
)


@given(
    strategy=st.sampled_from(STRATEGIES),
    world=WORLDS,
    prompt=st.integers(0, 1 << 24),
    most=st.none() | st.integers(-5, 1 << 20),
    weights=st.just(()) | st.tuples(*[st.floats(0, 1e9)] * 3),
)
def test_every_strategy_returns_all_targets_once(
    strategy: Strategy, world: World, prompt: int, most: int | None, weights: tuple[float, ...]
) -> None:
    """Whatever is known or not known of the targets: nobody is lost, nobody is doubled, nothing crashes."""
    settings = settings_of(strategy, weights=weights)
    resolution = Catalog(settings, Inventory()).resolve("fast", "chat")
    call = a_call("fast", prompt_bytes=prompt, max_tokens=most)

    order = ordered(call, resolution, world, settings)
    made = plan(call, resolution, world, settings)

    assert sorted(one.name for one in order.targets) == sorted(ALL)
    assert len(set(tried(made))) == len(made.candidates)
    assert {one.target.name for one in made.candidates} | {one.target.name for one in made.refused} == set(ALL)
    list(lines(explain(made)))


@given(tag=TAGS, prompt=st.integers(0, 1 << 20), most=st.none() | st.integers(0, 1 << 12))
def test_what_is_measured_is_what_an_answer_will_cost(tag: PriceTag, prompt: int, most: int | None) -> None:
    """The order goes by the very sum that is written down later for an answer of that size."""
    settings = settings_of("cheapest", budget=Budget(rates={"EUR": 2.0}))
    call = a_call("fast", prompt_bytes=prompt, max_tokens=most)
    box = Catalog(settings, Inventory()).resolve("box/qwen3-8b", "chat").targets[0]
    world = World(now=NOW, prices={BOX: tag})

    figure = expected_cost(call, world, settings)(box)

    use = Use(
        estimate_tokens(call.outline), usual_answer(call.outline), seconds=expected_seconds(call, world, settings)(box)
    )
    known = cost(tag, use)
    if known is None or (known.amount and tag.currency == ""):
        assert figure is None
    else:
        assert figure == pytest.approx(known.amount * (2.0 if tag.currency == "EUR" else 1.0))


def test_only_strategies_that_move_remember_conversations() -> None:
    """local_first and as_listed order by themselves: the plain road pays for none of this."""
    moves = {name: Catalog(settings_of(name), Inventory()).resolve("fast", "chat").moves for name in STRATEGIES}

    assert {name for name, does in moves.items() if does} == MOVING
    assert moves["local_first"] is False


def many(strategy: Strategy) -> tuple[Settings, Catalog]:
    """Two hundred targets at twenty providers, half of them at home."""
    providers, listings, use = {}, {}, []
    for number in range(20):
        name, here = f"p{number}", number % 2
        address = f"http://127.0.0.1:{12000 + number}" if here else f"https://h{number}.example/v1"
        providers[name] = provider(name, "ollama" if here else "openai_chat", address)
        models = tuple(ModelInfo(f"m{model}", window=32768, capabilities=CHAT) for model in range(10))
        listings[name] = Listing(reachable=True, models=models)
        use += [f"{name}/{model.name}" for model in models]
    settings = household(mode="any", providers=providers, models={"all": Alias(use=tuple(use), strategy=strategy)})
    return settings, Catalog(settings, Inventory(listings))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_plan_for_two_hundred_targets_is_quick(strategy: Strategy) -> None:
    """About a millisecond (`benchmarks/plan.py` holds it to that); here a generous bound, for a busy machine."""
    settings, catalog = many(strategy)
    resolution = catalog.resolve("all", "chat")
    names = [target.name for target in resolution.targets]
    states = {
        name: TargetState(loaded=True, in_flight=place % 3, learned=learned()) for place, name in enumerate(names)
    }
    world = World(now=NOW, states=states, prices={name: PriceTag(input=1e-6, output=2e-6) for name in names})
    call = a_call("all")
    made = plan(call, resolution, world, settings, catalog.targets.values())
    times = []

    for _ in range(15):
        began = time.perf_counter()
        plan(call, resolution, world, settings, catalog.targets.values())
        times.append(time.perf_counter() - began)

    assert len(made.candidates) == 200
    assert median(times) < 0.02
