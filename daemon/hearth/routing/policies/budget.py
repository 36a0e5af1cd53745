"""What may be spent: the price a request sets for itself (`max_cost`), and the limits of the config."""

from __future__ import annotations

from msgspec import UNSET

from hearth.call import Call
from hearth.chat import Members
from hearth.money.accounts import Payer
from hearth.money.figures import figure
from hearth.money.tags import PriceTag, most
from hearth.routing.policy import ALLOW, Verdict, defer, refuse
from hearth.routing.targets import Target
from hearth.routing.world import World
from hearth_config.settings import Settings

NAME = "budget"

LONGEST_ANSWER = 16_384
"""Tokens of an answer whose length nobody bounds: neither the request, nor the config, nor the model."""
LONGEST_COMPUTING_S = 300.0
_BYTES_PER_TOKEN = 2
"""No text of any language has more tokens than one for two bytes, which the usual estimate (four) does not promise."""
_TEMPLATE_TOKENS = 64
_IMAGE_TOKENS = 1600


def judge(call: Call, target: Target, world: World, settings: Settings) -> Verdict:  # noqa: ARG001 - the one shape
    """Refuse a target in the cloud whose answer may cost more than the request allows or than is left of a limit.

    Where it is set aside for calls under way, and not spent, it is put off.
    """
    outline = call.outline
    if target.place != "cloud" or outline.counts or outline.unread not in {"", "POST"}:
        return ALLOW
    allowed, purse, name = outline.wishes.max_cost, world.purse, target.name
    if purse is None or (allowed is UNSET and not purse.active):
        return ALLOW
    tag = world.prices.get(name) if not outline.unread else None
    if tag is None and not outline.unread and purse.sought(name):
        return ALLOW
    amount = purse.in_budget(bound(call, target, tag), tag) if tag is not None else None
    refused = too_dear(amount, allowed, purse.currency) if allowed is not UNSET else ""
    if not refused:
        if amount is not None and amount <= world.room:
            return ALLOW
        payer = Payer(target.provider, name, "", call.app.name)
        refused = purse.refusal(payer, amount)
        if refused and purse.awaits(payer, amount):
            return defer(NAME, "set_aside", f"{refused} until calls under way have ended")
    judged_later = purse.by_key(target.provider) and not outline.unread
    return refuse(NAME, refused) if refused and not judged_later else ALLOW


def next_step(call: Call, target: Target, world: World) -> str:
    """Return what can be done about a refusal of this policy."""
    tag, purse, allowed = world.prices.get(target.name), world.purse, call.outline.wishes.max_cost
    amount = purse.in_budget(bound(call, target, tag), tag) if purse is not None and tag is not None else None
    if call.outline.unread:
        return "Nobody can say what such a request costs: allow_unpriced = true under [budget] lets it through."
    if amount is None:
        return f'Give it a price in [providers.{target.provider}.models."{target.model}"], or ask for another.'
    what = "max_cost" if allowed is not UNSET and amount > allowed else "that limit"
    return f"Raise {what}, name a lower max_tokens, or ask for a model on this machine."


def too_dear(amount: float | None, allowed: float, currency: str) -> str:
    """Return why an answer of at most that cost is more than its request allows; "" if it is not."""
    if amount is None:
        return f"has no known price, and the request may cost {figure(allowed)} {currency} at most"
    if amount > allowed:
        return f"may cost up to {figure(amount)} {currency}, and the request allows {figure(allowed)}"
    return ""


def bound(call: Call, target: Target, tag: PriceTag, choices: int = 1) -> float | None:
    """Return the most that an answer can cost, in the tag's currency; None when a part of its price is unknown."""
    outline = call.outline
    prompt = outline.prompt_bytes // _BYTES_PER_TOKEN + _TEMPLATE_TOKENS + outline.images * _IMAGE_TOKENS
    answer = 0 if outline.operation == "embed" else _longest(call, target, prompt) * choices
    return most(tag, prompt, answer, LONGEST_COMPUTING_S)


def choices(members: Members) -> int:
    """Return how many answers a request's members ask for at once."""
    said = bytes(members["n"]) if "n" in members else b"1"
    return min(int(said), 128) if said.isdigit() and said != b"0" else 1


def _longest(call: Call, target: Target, prompt: int) -> int:
    """Return the most tokens that one answer can have."""
    asked = call.outline.max_tokens or target.settings.defaults.get("max_tokens")
    limits = [limit for limit in (asked, target.output_limit) if isinstance(limit, int) and limit > 0]
    if not limits:
        window = target.usable_window or target.window
        limits = [LONGEST_ANSWER if window is None else min(LONGEST_ANSWER, max(window - prompt // 2, 1))]
    return min(limits)
