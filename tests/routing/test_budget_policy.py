"""Whom a limit or a request's own price refuses: only the cloud, by what its answer may cost at most."""

from __future__ import annotations

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from hearth.call import Call, Wishes
from hearth.dialects.dialect import ModelInfo
from hearth.money.accounts import Payer
from hearth.money.book import PriceBook, Priced
from hearth.money.purse import Purse
from hearth.money.tags import Cost, PriceTag
from hearth.routing.inventory import Listing
from hearth.routing.policies import budget
from hearth.routing.policy import ALLOW
from hearth.routing.targets import Target, make_target
from hearth.routing.world import World
from hearth_config.settings import App, Budget, Match, ModelSettings, Price, Settings
from routing.routing_examples import a_call, household, ollama, openrouter, planned, tried

NOON = 1_790_000_000.0
ONE_AND_THREE = Price(input_per_million=1.0, output_per_million=3.0)
LOCAL = make_target(ollama(), Listing(), "qwen3:8b", None)


class Wallet:
    """The purse of some settings as a plan sees it, at noon."""

    def __init__(self, settings: Settings) -> None:
        self.purse = Purse(settings)
        self.currency = settings.budget.currency
        self.active = self.purse.active
        self.priced_by_key = ""

    def sought(self, name: str) -> bool:
        return name.endswith("looked-up")

    def by_key(self, provider: str) -> bool:
        return provider == self.priced_by_key

    def in_budget(self, amount: float | None, tag: PriceTag) -> float | None:
        return None if amount is None else self.purse.in_budget(Cost(amount, tag.currency, ""))

    def awaits(self, payer: Payer, amount: float | None) -> bool:
        return self.purse.awaits(payer, amount, NOON)

    def refusal(self, payer: Payer, amount: float | None) -> str:
        return self.purse.refusal(payer, amount, NOON)

    def spend(self, amount: float, target: str = "openrouter/m", app: str = "") -> None:
        payer = Payer(target.partition("/")[0], target, "", app)
        made = self.purse.reserve(payer, 0.0, NOON)
        assert not isinstance(made, str)
        self.purse.settle(made, Cost(amount, self.currency, "config"))


def cloud(price: Price | None = None, model: str = "m", **info: float) -> Target:
    known = ModelInfo(model, price_input=info.get("price_input"), price_output=info.get("price_output"))
    return make_target(openrouter(models={model: ModelSettings(price=price)}), Listing(), model, known)


def asked(
    target: Target, settings: Settings, *, spent: float = 0.0, max_cost: float | None = None, app: str = ""
) -> tuple[Call, World]:
    """A call for a target and the world it is planned in."""
    wallet = Wallet(settings)
    if spent:
        wallet.spend(spent, app=app)
    one = Priced(
        target.name, target.provider, target.model, target.place, target.settings.price,
        target.info.price_input, target.info.price_output,
    )  # fmt: skip
    world = World(prices=PriceBook(settings, [one]), purse=wallet)
    wishes = Wishes(max_cost=UNSET if max_cost is None else max_cost)
    return a_call(prompt_bytes=2000, max_tokens=1000, wishes=wishes, app=app), world


def said(
    target: Target, settings: Settings, *, spent: float = 0.0, max_cost: float | None = None, app: str = ""
) -> str:
    call, world = asked(target, settings, spent=spent, max_cost=max_cost, app=app)
    verdict = budget.judge(call, target, world, settings)
    return "" if verdict is ALLOW else verdict.detail


def test_max_cost_refuses_what_may_be_dearer_or_is_of_unknown_price() -> None:
    """An unknown price is not free. At most 1,064 tokens in and 1,000 out at 1 and 3 a million cost 0.004064."""
    free_to_choose = household()

    assert said(cloud(ONE_AND_THREE), free_to_choose, max_cost=0.005) == ""
    assert said(cloud(ONE_AND_THREE), free_to_choose, max_cost=0.003) == (
        "may cost up to 0.004064 USD, and the request allows 0.003"
    )
    assert said(cloud(), free_to_choose, max_cost=0.005) == (
        "has no known price, and the request may cost 0.005 USD at most"
    )
    assert said(cloud(price_input=1.0, price_output=3.0), free_to_choose, max_cost=0.005) == ""
    assert said(LOCAL, free_to_choose, max_cost=0.0) == ""


def test_a_price_in_another_currency_counts_by_its_rate() -> None:
    """Without a rate the price is unknown."""
    euros = cloud(Price(per_request=0.01, currency="EUR"))

    def judged(settings: Settings) -> str:
        return said(euros, settings, max_cost=0.0105)

    assert judged(household(budget=Budget(rates={"EUR": 1.0}))) == ""
    assert "0.0108" in judged(household(budget=Budget(rates={"EUR": 1.08})))
    assert "no known price" in judged(household())


def test_a_spent_limit_refuses_the_cloud_and_says_what_is_left() -> None:
    """The words follow the target's name: what it may cost, what is left, and of which limit."""
    settings = household(budget=Budget(daily_limit=2.0))

    assert said(cloud(ONE_AND_THREE), settings, spent=1.9) == ""
    assert said(cloud(ONE_AND_THREE), settings, spent=1.998) == (
        "may cost up to 0.004064 USD, and 0.002 USD are left of the daily limit of all providers"
    )
    assert said(LOCAL, settings, spent=5.0) == ""


def test_room_that_is_only_set_aside_puts_off_and_does_not_refuse() -> None:
    """Calls under way mostly cost far less than was set aside for them: who can wait will have room soon."""
    settings = household(budget=Budget(daily_limit=2.0))
    call, world = asked(cloud(ONE_AND_THREE), settings)
    assert isinstance(world.purse, Wallet)

    world.purse.purse.reserve(Payer("openrouter", "openrouter/m"), 1.999, NOON)
    verdict = budget.judge(call, cloud(ONE_AND_THREE), world, settings)

    assert (verdict.kind, verdict.code) == ("defer", "set_aside")
    assert verdict.detail.endswith("until calls under way have ended")


def test_an_unpriced_model_is_refused_with_a_budget_set_unless_that_is_allowed() -> None:
    """Unknown is never taken for 0, and without a limit nobody asks."""
    assert said(cloud(), household()) == ""
    assert "no known price" in said(cloud(), household(budget=Budget(daily_limit=2.0)))
    assert said(cloud(), household(budget=Budget(daily_limit=2.0, allow_unpriced=True))) == ""
    assert said(cloud(), household(budget=Budget(daily_limit=2.0, when_spent="warn"))) == ""


def test_what_is_handed_on_unread_is_refused_whatever_becomes_of_its_price() -> None:
    """A list that is still read, or prices of keys, change nothing: nobody counts what a picture costs."""
    settings = household(budget=Budget(daily_limit=2.0))
    sought = cloud(ONE_AND_THREE, model="looked-up")

    call, world = asked(sought, settings)
    call = replace(call, outline=replace(call.outline, unread="POST"))
    assert isinstance(world.purse, Wallet)
    world.purse.priced_by_key = "openrouter"

    assert budget.judge(call, sought, world, settings).code == "refused:budget"
    assert "allow_unpriced" in budget.next_step(call, sought, world)


@pytest.mark.parametrize(
    ("price", "max_cost", "step"),
    [
        (ONE_AND_THREE, 0.001, "Raise max_cost, "),
        (ONE_AND_THREE, 1.0, "Raise that limit, "),
        (ONE_AND_THREE, None, "Raise that limit, "),
        (None, 1.0, 'Give it a price in [providers.openrouter.models."m"], '),
        (None, None, 'Give it a price in [providers.openrouter.models."m"], '),
    ],
)
def test_who_is_refused_is_told_what_to_raise(price: Price | None, max_cost: float | None, step: str) -> None:
    """What the request itself set, else the limit of the config; a price that nobody knows must be said first."""
    target, settings = cloud(price), household(budget=Budget(daily_limit=0.001))

    call, world = asked(target, settings, max_cost=max_cost)

    assert budget.judge(call, target, world, settings) is not ALLOW
    assert budget.next_step(call, target, world).startswith(step)


def test_a_free_model_is_never_refused() -> None:
    """An explicit 0 is a price, and costs nothing when the budget is spent too."""
    free = cloud(Price(input_per_million=0.0, output_per_million=0.0))

    assert said(free, household(budget=Budget(daily_limit=2.0)), spent=5.0) == ""


def test_when_spent_warn_refuses_nothing() -> None:
    """The user wants to be told, not stopped."""
    assert said(cloud(ONE_AND_THREE), household(budget=Budget(daily_limit=2.0, when_spent="warn")), spent=9.0) == ""


@pytest.mark.parametrize(("app", "refused"), [("zed", True), ("", False)])
def test_an_apps_limit_binds_that_app_alone(app: str, refused: bool) -> None:
    """What others spend does not count."""
    zed = App(match=Match(user_agent="Zed/*"), daily_limit=0.5)

    assert bool(said(cloud(ONE_AND_THREE), household(apps={"zed": zed}), spent=0.499, app=app)) is refused


def test_a_price_that_is_being_looked_up_refuses_nothing_yet() -> None:
    """The attempt waits for it, and is judged then."""
    settings = household(budget=Budget(daily_limit=2.0))

    assert said(cloud(model="looked-up"), settings) == ""


def test_with_the_budget_spent_the_plan_keeps_what_is_at_home() -> None:
    """F55's other half: the cloud is refused, local goes on."""
    settings = household(budget=Budget(monthly_limit=1.0, allow_unpriced=True))
    wallet = Wallet(settings)
    wallet.spend(1.0)
    priced = Priced("openrouter/qwen/qwen3-8b", "openrouter", "qwen/qwen3-8b", "cloud", ONE_AND_THREE)

    made = planned(a_call("fast"), settings, World(prices=PriceBook(settings, [priced]), purse=wallet))

    assert tried(made) == ["ollama/qwen3:8b", "box/qwen3-8b"]
    assert [one.verdict.policy for one in made.refused] == ["budget"]
