"""The child process that reads the public price list: models in on stdin, their prices out on stdout, both JSON."""

from __future__ import annotations

import re
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import msgspec

from hearth.money.book import PublicPrice
from hearth.money.tags import LongerPrompts, PriceTag
from hearth.senses.public_prices import Read

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot

MILLION = 1_000_000
PARTS = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cached": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "reasoning": "output_reasoning_mtok",
}
_CHECKED = re.compile(r"(?:checked|verified|as of|listed)[^.;]{0,40}?(20\d\d-\d\d-\d\d)")


def main() -> None:
    """Answer the question on stdin."""
    wanted = msgspec.json.decode(sys.stdin.buffer.read(), type=tuple[PublicPrice, ...])
    sys.stdout.buffer.write(msgspec.json.encode(look_up(wanted)))


def look_up(wanted: tuple[PublicPrice, ...]) -> Read:
    """Return the prices of these models as of now; None for each that the list does not have."""
    from genai_prices import data_snapshot

    snapshot = data_snapshot.get_snapshot()
    release = version("genai-prices")
    checked = _date(snapshot)
    source = f"genai-prices {checked or release}"
    return Read(tuple(_find(snapshot, one, source) for one in wanted), release, checked)


def _find(snapshot: DataSnapshot, wanted: PublicPrice, source: str) -> PriceTag | None:
    named = wanted.provider or None
    try:
        _, model = snapshot.find_provider_model(wanted.model, None, named, None if named else wanted.address)
    except LookupError:
        return None
    found = _tag(model.get_prices(datetime.now(UTC)), source, model.id if model.id != wanted.model else "")
    return found if found.by_token else None


def _tag(prices: Any, source: str, about: str) -> PriceTag:  # noqa: ANN401 -- the library's own type, not exported
    parts = {ours: getattr(prices, theirs) for ours, theirs in PARTS.items()}
    starts = sorted({tier.start for price in parts.values() for tier in getattr(price, "tiers", ())})
    requests = getattr(prices, "requests_kcount", None)
    per_request = float(requests) / 1000 if isinstance(requests, Decimal) else None
    tag = _rates(parts, 0, source, about, per_request)
    longer = tuple(LongerPrompts(start, _rates(parts, start + 1, source, about, per_request)) for start in starts)
    return msgspec.structs.replace(tag, longer=longer)


def _rates(parts: dict[str, Any], prompt: int, source: str, about: str, per_request: float | None) -> PriceTag:
    given, made, cached, written, thought = (_rate(parts[name], prompt) for name in PARTS)
    return PriceTag(given, made, cached, written, thought, per_request, currency="USD", source=source, about=about)


def _rate(price: Any, prompt: int) -> float | None:  # noqa: ANN401 -- a Decimal, or one by tiers of the prompt's length
    if price is None:
        return None
    if isinstance(price, Decimal):
        return float(price) / MILLION
    tiers = [tier.price for tier in price.tiers if prompt > tier.start]
    return float(tiers[-1] if tiers else price.base) / MILLION


def _date(snapshot: DataSnapshot) -> str:
    """The newest day on which a price was checked, as the list's own comments say it."""
    today = date.today().isoformat()  # noqa: DTZ011 -- the user's day
    comments = [provider.price_comments for provider in snapshot.providers]
    comments += [model.price_comments for provider in snapshot.providers for model in provider.models]
    found = [day for comment in comments for day in _CHECKED.findall(comment or "") if day <= today]
    return max(found, default="")
