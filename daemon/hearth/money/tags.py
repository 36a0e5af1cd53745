"""The price of a target's answers, and what one answer costs by it; a part nobody knows is None, never 0."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from hearth_config.settings import Price


class PriceTag(Struct, frozen=True):
    """A price in `currency`: by token, by request, and by second of computing.

    None is unknown, save for `cached`, `cache_write` and `reasoning` tokens: these then cost what others do. `source`
    is "config", "genai-prices VERSION", "provider" or "local"; `about` names the model whose price it is, where that
    is another one (the base of a fine-tuned one). `longer` holds the prices of longer prompts.
    """

    input: float | None = None
    output: float | None = None
    cached: float | None = None
    cache_write: float | None = None
    reasoning: float | None = None
    per_request: float | None = None
    per_second: float | None = None
    currency: str = "USD"
    source: str = "config"
    about: str = ""
    longer: tuple[LongerPrompts, ...] = ()

    @property
    def by_token(self) -> bool:
        """Whether tokens have a price, so that those without one are unknown."""
        return self.input is not None or self.output is not None

    @property
    def priced(self) -> bool:
        """Whether it prices anything at all."""
        return self.by_token or self.per_request is not None or self.per_second is not None

    @property
    def free(self) -> bool:
        """Whether all of it is known to cost nothing."""
        parts = (self.input, self.output, self.cached, self.cache_write, self.reasoning)
        others = (self.per_request, self.per_second)
        return self.priced and not self.longer and not any(parts) and not any(others)

    def at(self, prompt_tokens: int) -> PriceTag:
        """Return the price for a prompt of that many tokens."""
        found = self
        for one in self.longer:
            if prompt_tokens > one.above:
                found = one.tag
        return found


class LongerPrompts(Struct, frozen=True):
    """What prompts of more than so many tokens cost: all of their tokens, not only those above."""

    above: int
    tag: PriceTag


class Use(Struct, frozen=True):
    """What an answer took: `input` has `cached` and `cache_write` in it, `output` has `reasoning`; None is unknown."""

    input: int | None = None
    output: int | None = None
    cached: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None
    seconds: float | None = None


class Cost(Struct, frozen=True):
    """A sum of money, and who says so."""

    amount: float
    currency: str
    source: str


def cost(tag: PriceTag, use: Use) -> Cost | None:
    """Return what that much use costs; None when any part of it has no known price."""
    found = tag.at(use.input or 0) if tag.longer else tag
    given, made = _input(found, use), _output(found, use)
    if given is None or made is None or not tag.priced:
        return None
    amount = given + made + (tag.per_request or 0.0)
    if tag.per_second:
        if use.seconds is None:
            return None
        amount += tag.per_second * max(use.seconds, 0.0)
    return Cost(amount, tag.currency, tag.source)


def _input(tag: PriceTag, use: Use) -> float | None:
    if not tag.by_token or use.input == 0:
        return 0.0
    if tag.input is None or use.input is None:
        return None
    cached = min(use.cached or 0, use.input)
    written = min(use.cache_write or 0, use.input - cached)
    plain = use.input - cached - written
    return plain * tag.input + cached * _or(tag.cached, tag.input) + written * _or(tag.cache_write, tag.input)


def _output(tag: PriceTag, use: Use) -> float | None:
    if not tag.by_token or use.output == 0:
        return 0.0
    if tag.output is None or use.output is None:
        return None
    thought = min(use.reasoning or 0, use.output)
    return (use.output - thought) * tag.output + thought * _or(tag.reasoning, tag.output)


def most(tag: PriceTag, prompt_tokens: int, output_tokens: int, seconds: float = 0.0) -> float | None:
    """Return the most that an answer of this size can cost, in the tag's currency; None when a part is unknown."""
    dearest = _most(tag, prompt_tokens, output_tokens)
    for one in tag.longer:
        if prompt_tokens > one.above and dearest is not None:
            longer = _most(one.tag, prompt_tokens, output_tokens)
            dearest = None if longer is None else max(dearest, longer)
    if dearest is None or not tag.priced:
        return None
    return dearest + (tag.per_request or 0.0) + (tag.per_second or 0.0) * seconds


def _most(tag: PriceTag, prompt_tokens: int, output_tokens: int) -> float | None:
    if not tag.by_token:
        return 0.0
    if (tag.input is None and prompt_tokens) or (tag.output is None and output_tokens):
        return None
    given = max(tag.input or 0.0, tag.cached or 0.0, tag.cache_write or 0.0)
    made = max(tag.output or 0.0, tag.reasoning or 0.0)
    return prompt_tokens * given + output_tokens * made


def configured(price: Price, currency: str) -> PriceTag:
    """Return the tag of a price from the config; `currency` is the budget's, which holds where the price names none."""
    return PriceTag(
        input=price.per_token("input"),
        output=price.per_token("output"),
        cached=price.per_token("cached_input"),
        cache_write=price.per_token("cache_write"),
        reasoning=price.per_token("reasoning"),
        per_request=price.per_request,
        per_second=price.per_second,
        currency=price.currency or currency,
    )


def at_home(watts: float, price_per_kwh: float, currency: str) -> PriceTag:
    """Return the tag of an answer made at home: nothing, plus the energy where both of its figures are known."""
    per_second = watts / 1000 * price_per_kwh / 3600
    free = PriceTag(input=0.0, output=0.0, currency="", source="local")
    return replace(free, per_second=per_second, currency=currency) if per_second else free


def _or(price: float | None, otherwise: float) -> float:
    return otherwise if price is None else price
