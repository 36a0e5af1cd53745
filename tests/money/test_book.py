"""Whose price holds: the key's own, the model's, the provider's, the public list's, the provider's list's, nobody's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hearth.money.book import PriceBook, Priced, PublicPrice, base_of
from hearth.money.tags import PriceTag
from hearth_config.load import load_text
from hearth_config.settings import Energy, Settings
from hearth_config.variables import Variables

CLOUDY = """
[providers.openai]
preset = "openai"
keys = [
    { id = "main", value = "env:A" },
    { id = "free", value = "env:B", price = { input_per_1k = 0, output_per_1k = 0 } },
]
price = { input_per_million = 5, output_per_million = 6 }
[providers.openai.models.mini]
price = { input_per_million = 1, output_per_million = 2 }
[providers.groq]
preset = "groq"
key = "env:C"
[providers.box]
dialect = "openai_chat"
address = "http://192.168.1.20:8000/v1"
"""
LISTED = PriceTag(input=0.5, output=0.5, source="genai-prices 2026-11-03")


def settings(text: str = CLOUDY) -> Settings:
    return load_text(text, Path("hearth.toml"), Variables({})).settings


def of(name: str, *, place: str = "cloud", config: Settings | None = None, listed: float | None = None) -> Priced:
    provider, _, model = name.partition("/")
    found = (config or settings()).providers[provider]
    price = found.model(model).price or found.price
    return Priced(name, provider, model, place, price, listed, listed)  # type: ignore[arg-type] # the three places


def book(*targets: Priced, public: Mapping[PublicPrice, PriceTag | None] | None = None) -> PriceBook:
    return PriceBook(settings(), targets, public or {})


def test_a_keys_own_price_comes_before_the_models_and_that_before_the_providers() -> None:
    """A free key is free whatever its model costs otherwise; the inherited price is the provider's, not the key's."""
    prices = book(of("openai/mini"), of("openai/other"))

    assert prices.tag("openai/mini", "free") == PriceTag(input=0.0, output=0.0)
    assert prices.tag("openai/mini", "main") == PriceTag(input=1e-6, output=2e-6)
    assert prices.tag("openai/other", "main") == PriceTag(input=5e-6, output=6e-6)


def test_a_fine_tuned_model_costs_what_its_base_does() -> None:
    """And the tag says whose price that is."""
    found = book(of("openai/ft:mini:me::x1")).tag("openai/ft:mini:me::x1")

    assert base_of("ft:mini:me::x1") == "mini"
    assert found == PriceTag(input=5e-6, output=6e-6)


def test_a_configured_base_holds_for_what_was_made_of_it() -> None:
    """Where the provider has no price for all of its models."""
    text = CLOUDY.replace("price = { input_per_million = 5, output_per_million = 6 }\n", "")
    config = settings(text)

    found = PriceBook(config, [of("openai/ft:mini:me::x1", config=config)]).tag("openai/ft:mini:me::x1")

    assert found == PriceTag(input=1e-6, output=2e-6, about="mini")


def test_the_public_list_is_asked_where_the_config_is_silent() -> None:
    """By our preset's name there; what the provider's own list says comes after it, and nobody's word is no price."""
    sought = PublicPrice("groq", "", "llama")
    target = of("groq/llama", listed=3.0)

    assert book(target).sought("groq/llama") == sought
    assert book(target, public={sought: LISTED}).tag("groq/llama") == LISTED
    assert book(target, public={sought: LISTED}).sought("groq/llama") is None
    assert book(target, public={sought: None}).tag("groq/llama") == PriceTag(3e-6, 3e-6, source="provider")
    assert book(of("groq/llama"), public={sought: None}).tag("groq/llama") is None


def test_nobody_looks_for_what_the_user_has_said_or_what_is_at_home() -> None:
    """So that the list need not be read at all."""
    prices = book(of("openai/mini"), of("box/qwen", place="lan"))

    assert prices.all_sought() == frozenset()


def test_an_address_at_home_is_in_no_public_list() -> None:
    """A server on one's own network that counts as cloud is nobody's that a list could know."""
    prices = book(of("box/qwen"))

    assert prices.all_sought() == frozenset()
    assert prices.tag("box/qwen") is None


def test_home_is_free_and_a_configured_price_at_home_holds() -> None:
    """A box on the network costs its energy, unless its user says what it costs."""
    assert book(of("box/qwen", place="lan")).tag("box/qwen") == PriceTag(0.0, 0.0, currency="", source="local")
    text = f"{CLOUDY}price = {{ per_second = 0.01 }}\n[energy]\nwatts = 100\nprice_per_kwh = 0.5\n"
    config = settings(text)

    assert PriceBook(config, [of("box/qwen", place="lan", config=config)]).tag("box/qwen") == PriceTag(per_second=0.01)
    assert config.energy == Energy(100.0, 0.5)


def test_a_target_that_nobody_lists_is_described_when_it_is_asked_for() -> None:
    """Once: the second time it is known."""
    asked: list[str] = []

    def stranger(name: str) -> Priced | None:
        asked.append(name)
        return of(name)

    prices = PriceBook(settings(), stranger=stranger)

    assert prices.get("openai/mini") == PriceTag(input=1e-6, output=2e-6)
    assert prices["openai/mini"].input == 1e-6
    assert asked == ["openai/mini"]
    assert "openai/mini" in prices


def test_nonsense_in_a_providers_list_is_no_price() -> None:
    """OpenRouter writes -1 for models whose price depends on where they are sent."""
    sought = PublicPrice("groq", "", "auto")

    assert book(of("groq/auto", listed=-1.0), public={sought: None}).tag("groq/auto") is None


def test_a_price_that_must_be_sought_is_reported_missed_once() -> None:
    """So that the list is read; what it was asked before is not missed."""
    missed: list[str] = []
    sought = PublicPrice("groq", "", "llama")

    def note() -> None:
        missed.append("llama")

    prices = PriceBook(settings(), [of("groq/llama")], {}, missed=note)
    answered = PriceBook(settings(), [of("groq/llama")], {sought: None}, missed=note)

    for _ in range(2):
        assert prices.tag("groq/llama") is None
        assert answered.tag("groq/llama") is None

    assert missed == ["llama"]
