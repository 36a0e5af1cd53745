"""What a provider's refusal means for the key it came with: out, barred for a model, or resting until a moment."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import Final

from msgspec import Struct

from hearth.outbound.keys.limit_scope import is_of_model
from hearth.outbound.keys.pace import Pace
from hearth.outbound.keys.quota_dates import back_in
from hearth.outbound.keys.state import MISSING, REFUSED, KeyState
from hearth.problems import BrokenReply, KeyRefused, NotPermitted, Problem, ProviderFault, QuotaSpent, RateLimited
from hearth_config.settings import Provider

QUOTA_REST_S: Final = 600.0
"""How long a key without credit rests where its provider names no date; then one call tries it."""
LONGEST_LIMITED_S: Final = 86_400.0
SAY_EVERY_S: Final = 60.0
"""A key that is limited again and again is told of once a minute."""
_FAULTS: Final = (ProviderFault, BrokenReply)
Fact = str | float | None


class Notice(Struct, frozen=True):
    """What is to be told of a key: an event's name and its facts."""

    name: str
    facts: dict[str, Fact]


def hold_against(
    state: KeyState, problem: Problem, model: str, now: float, wall: float, began: float = inf
) -> Notice | None:
    """Let a key bear what its provider said of it; returns what is to be told, if it is news.

    `model` is the one that was asked for; `now` is monotonic seconds, `wall` time.time(); `began` is when it was asked.
    """
    if isinstance(problem, KeyRefused | NotPermitted | QuotaSpent | RateLimited):
        state.say_error(problem.text[:300])
        state.held_at = now
    if isinstance(problem, KeyRefused):
        return _out(state, REFUSED, problem)
    if isinstance(problem, NotPermitted):
        news = model not in state.barred
        state.barred[model] = problem.message[:300]
        return _notice("key_refused", state, problem, model=model) if news else None
    if isinstance(problem, QuotaSpent):
        seconds = problem.retry_after or back_in(problem.message, wall) or QUOTA_REST_S
        news = state.awake(now, model)
        if is_of_model(problem, model):
            state.limited[model] = max(state.limited.get(model, 0.0), now + seconds)
            return _notice_of(model, state, problem, seconds) if news else None
        state.rest(seconds, problem.kind, now, probe=True)
        return _notice("key_rests", state, problem, seconds=round(seconds)) if news else None
    if isinstance(problem, RateLimited):
        return _limited(state, problem, model, now, began)
    if isinstance(problem, _FAULTS):
        state.say_error(problem.text[:300])
        state.failed(problem.message, problem.kind, now)
    return None


def missing(state: KeyState, problem: KeyRefused, now: float) -> Notice | None:
    """Put a key aside whose secret cannot be had."""
    state.say_error(problem.text[:300])
    state.held_at = now
    return _out(state, MISSING, problem)


def lift(state: KeyState) -> Notice | None:
    """Trust a key again; returns what is to be told, if anything was held against it that was told."""
    told, state.said = state.said, False
    state.lift()
    return Notice("key_back", {"provider": state.provider, "key": state.key.id}) if told else None


def _out(state: KeyState, why: str, problem: KeyRefused) -> Notice | None:
    news, state.out = state.out != why, why
    return _notice("key_refused", state, problem, why=why) if news else None


def _limited(state: KeyState, problem: RateLimited, model: str, now: float, began: float) -> Notice | None:
    state.read_head()
    provider = state.room.provider
    of = model if model in provider.of_model or is_of_model(problem, model) else ""
    told = problem.retry_after or max((bucket.resets_s(now) for bucket in provider.used_up(of, now)), default=0.0)
    pace = state.paces.setdefault(of, Pace())
    seconds = min(pace.met(began, state.room.under_way(of), told, now), LONGEST_LIMITED_S)
    if of:
        state.limited[of] = max(state.limited.get(of, 0.0), now + seconds)
    else:
        state.rest(seconds, problem.kind, now, probe=False)
    if now - state.said_at < SAY_EVERY_S:
        return None
    state.said_at = now
    if of:
        return _notice_of(of, state, problem, seconds)
    return _notice("key_rests", state, problem, seconds=round(seconds, 1))


def _notice_of(model: str, state: KeyState, problem: Problem, seconds: float) -> Notice:
    """Return what is told of a key that rests for one model alone: it is not gone, so it does not come back."""
    said = state.said
    notice = _notice("key_rests", state, problem, model=model, seconds=round(seconds, 1))
    state.said = said
    return notice


def _notice(name: str, state: KeyState, problem: Problem, **more: Fact) -> Notice:
    state.said = True
    facts: dict[str, Fact] = {"provider": state.provider, "key": state.key.id, "why": problem.kind}
    return Notice(name, facts | more | {"said": problem.message[:200]})


def full(provider: Provider, waits: Iterable[float]) -> RateLimited:
    """Return what is wrong when the config's limits are reached; `waits` are the keys', in seconds."""
    wait = min(waits)
    return RateLimited(
        f"The limits that the config gives its keys are reached for the next {max(wait, 1.0):.0f} s.",
        who=provider.name,
        next_step=f"Wait, give it another key, or raise the limits of providers.{provider.name}; see `hearth keys`.",
        retry_after=wait,
    )


def limited(provider: Provider, wait: float) -> RateLimited:
    """Return what is wrong when the provider's own limits keep all keys back for so many seconds."""
    return RateLimited(
        f"Its own limits keep its keys back for the next {max(wait, 1.0):.0f} s.",
        who=provider.name,
        next_step="Wait, or give it another key; `hearth keys` shows what each has left.",
        retry_after=wait,
    )


def spent(provider: Provider) -> QuotaSpent:
    """Return what is wrong when no key has money left."""
    return QuotaSpent(
        "The money that the config lets its keys cost is spent.",
        who=provider.name,
        next_step=f"Give it another key, or raise daily_limit or monthly_limit of providers.{provider.name}.",
    )
