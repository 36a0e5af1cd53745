"""The public price list, read beside the daemon: what it says of known models, and of those it does not know."""

from __future__ import annotations

import asyncio
import subprocess
import sys

from hearth.money.book import LIST_NAMES, PublicPrice
from hearth.money.tags import Use, cost
from hearth.senses.public_prices import read_prices
from hearth_config.presets import names


def test_known_models_have_prices_and_unknown_ones_none() -> None:
    """By the provider's name or by its address; tiers of longer prompts included; the list says how old it is."""
    wanted = (
        PublicPrice("openai", "", "gpt-4o-mini"),
        PublicPrice("openai", "", "no-such-model"),
        PublicPrice("", "https://api.groq.com/openai/v1", "llama-3.3-70b-versatile"),
        PublicPrice("", "https://example.org/v1", "gpt-4o-mini"),
        PublicPrice("anthropic", "", "claude-sonnet-4-5"),
    )

    found = asyncio.run(read_prices(wanted))

    mini, unknown, groq, elsewhere, sonnet = found.prices
    assert mini is not None
    assert mini.source == f"genai-prices {found.date or found.version}"
    paid = cost(mini, Use(1_000_000, 1_000_000))
    assert paid is not None
    assert 0.1 < paid.amount < 10
    assert unknown is None
    assert groq is not None
    assert elsewhere is None
    assert sonnet is not None
    assert sonnet.longer


def test_the_daemon_itself_never_holds_the_list() -> None:
    """It would cost more memory than all of Hearth: only the child imports the library."""
    program = """
import asyncio, sys
from hearth.money.book import PublicPrice
from hearth.senses.public_prices import read_prices
found = asyncio.run(read_prices((PublicPrice("openai", "", "gpt-4o-mini"),)))
print(found.prices[0] is not None, "genai_prices" in sys.modules, "pydantic" in sys.modules)
"""
    command = [sys.executable, "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{program}"]

    said = subprocess.run(command, capture_output=True, text=True, check=True)

    assert said.stdout.split() == ["True", "False", "False"]


def test_every_name_stands_for_a_preset() -> None:
    """A preset that was renamed would lose its prices silently."""
    assert set(LIST_NAMES) <= set(names())
