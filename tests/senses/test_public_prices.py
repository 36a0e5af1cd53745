"""The public price list, read beside the daemon: what it says of known models, and of those it does not know."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import pytest

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


SEEN = """
import asyncio, pathlib, sys
from hearth.money.book import PublicPrice
from hearth.senses.public_prices import read_prices
async def act():
    reading, seen = asyncio.create_task(read_prices([PublicPrice("openai", "", "gpt-4o-mini")])), set()
    me = pathlib.Path("/proc/self").resolve().name
    while not reading.done():
        await asyncio.sleep(0.005)
        children = pathlib.Path(f"/proc/{me}/task/{me}/children").read_text().split()
        for child in children:
            folder = pathlib.Path("/proc", child)
            try:
                told = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if b"price_list" in told:
                seen.add(b"sk-canary" in told)
    print(seen, (await reading).prices[0] is not None)
asyncio.run(act())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc shows what a child was given")
def test_the_child_is_given_no_key() -> None:
    """T17: of the environment it gets what it needs to start; its command line holds no secret either."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OPENAI_API_KEY": "sk-canary"}

    done = subprocess.run([sys.executable, "-c", SEEN], capture_output=True, text=True, check=False, env=environ)

    assert done.stdout == "{False} True\n", done.stderr
