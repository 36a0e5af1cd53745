"""The table of presets in docs/providers.md, made from their data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hearth.routing.carried import cannot_carry
from hearth_config.presets import Row, overview, read_preset
from hearth_config.quirks import Quirks
from hearth_config.shape import build

if TYPE_CHECKING:
    from hearth.chat import Need

_WORDS: dict[Need, str] = {
    "tools": "tools",
    "json_schema": "JSON schema",
    "suffix": "FIM",
    "raw": "completions",
    "embeddings": "embeddings",
}
_COLUMNS = ("preset", "provider", "dialect", "address", "key", "its wire format carries", "not verified")
_HEAD = f"| {' | '.join(_COLUMNS)} |\n|{'---|' * len(_COLUMNS)}\n"


def markdown() -> str:
    """Return the table of the presets that come with Hearth, in Markdown."""
    return _HEAD + "".join(_line(row) for row in overview())


def _line(row: Row) -> str:
    provider = f"[{row.title}]({row.page})" if row.page else row.title
    address = f"`{row.address}`" if row.address else "your own"
    key = f"`{row.key.removeprefix('env:')}`" if row.key else ""
    carries = ", ".join(_carries(row))
    cells = (f"`{row.name}`", provider, f"`{row.dialect}`", address, key, carries, row.unverified)
    return f"| {' | '.join(cell.replace('|', ',') for cell in cells)} |\n"


def _carries(row: Row) -> Iterator[str]:
    quirks = build(Quirks, read_preset(row.name).get("quirks", {}))
    lacks = cannot_carry(row.dialect, quirks)
    yield from (word for need, word in _WORDS.items() if need not in lacks)
    if row.dialect != "openai_chat" or quirks.reasoning_in != "none":
        yield "thinking"
