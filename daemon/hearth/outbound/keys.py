"""Which key of a provider goes with an attempt: the first that is not resting, resolved as late as possible."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator, Mapping
from time import monotonic
from typing import Protocol

from msgspec import Struct

from hearth.outbound.pool import Origin
from hearth.outbound.tokens import Tokens
from hearth.problems import KeyRefused, Problem, QuotaSpent, RateLimited
from hearth_config.secrets import Secret, SecretError
from hearth_config.settings import Key, Provider

Resolve = Callable[[str], Secret]
FRESH_S = 300.0
"""How long a resolved secret is used before it is looked up again."""
REFUSED_REST_S = 600.0
LIMITED_REST_S = 20.0
_REFUSED = frozenset((KeyRefused.kind, QuotaSpent.kind))


class KeyView(Struct, frozen=True):
    """A key's state for `hearth status`; never its value."""

    provider: str
    id: str
    state: str
    rests_s: float | None = None


class Credential(Struct, frozen=True):
    """A key ready to be sent; `id` is how it is known everywhere."""

    id: str
    secret: Secret | None = None
    headers: tuple[tuple[str, str], ...] = ()
    """The headers the config gives the provider, resolved."""


class Holder(Protocol):
    """A provider whose configured headers may be references too."""

    settings: Provider
    origin: Origin

    def configured_headers(self) -> tuple[tuple[str, str], ...]:
        """Resolve them; may block."""
        ...


class Keys:
    """The keys of all providers: which rest and why. Survives reloads; values are never kept past `FRESH_S`."""

    def __init__(self, resolve: Resolve, tokens: Tokens | None = None) -> None:
        """`resolve` turns a reference into a secret; it may block and is called in a thread.

        `tokens` fetches for providers with a file of credentials; without it they have none.
        """
        self._resolve = resolve
        self._tokens = tokens
        self._resting: dict[tuple[str, str], tuple[float, str]] = {}
        self._fresh: dict[tuple[str, str], tuple[float, Credential]] = {}
        self._doubted: set[str] = set()
        """The providers of whom a key was refused, until all their keys can be used again."""

    def forget(self, resolve: Resolve) -> None:
        """Take over a new config: a changed secret is looked up again, a refused key gets another chance."""
        self._resolve = resolve
        self._fresh.clear()
        self._resting.clear()

    def usable(self, provider: Provider) -> list[Key]:
        """Return the provider's keys that do not rest, or all of them when all do: the last never rests (pain 43)."""
        now = monotonic()
        awake = [key for key in provider.keys if self._resting.get((provider.name, key.id), (0.0, ""))[0] <= now]
        return awake or list(provider.keys)

    def at_hand(self, holder: Holder, tried: frozenset[str]) -> Credential | None:
        """Return the credential of a provider that has one key or none, if it was looked up lately and may be used."""
        keys = holder.settings.keys
        if tried or len(keys) > 1:
            return None
        known = self._fresh.get((holder.settings.name, keys[0].id if keys else ""))
        return known[1] if known is not None and known[0] > monotonic() else None

    async def choose(self, holder: Holder, tried: frozenset[str]) -> Credential | None:
        """Return a key not tried yet, by weight among those awake; one without a secret where the provider has no keys.

        Returns None when all were tried. A key whose secret cannot be had rests, and the next one is taken. Raises
        `KeyRefused` when none is left.
        """
        provider = holder.settings
        if not provider.keys:
            return None if "" in tried else await self._credential(holder, None)
        left = [key for key in self.usable(provider) if key.id not in tried]
        problem: KeyRefused | None = None
        while left:
            key = random.choices(left, [key.weight for key in left])[0]  # noqa: S311 -- not for secrecy
            try:
                return await self._credential(holder, key)
            except KeyRefused as refused:
                self.rest(provider.name, key.id, refused)
                left.remove(key)
                problem = refused
        if problem is not None:
            raise problem
        return None

    async def _credential(self, holder: Holder, key: Key | None) -> Credential:
        name = (holder.settings.name, key.id if key is not None else "")
        known = self._fresh.get(name)
        if known is not None and known[0] > monotonic():
            return known[1]
        made, seconds = await self._look_up(holder, key), FRESH_S
        if key is None and holder.settings.credentials and self._tokens is not None:
            token = await self._tokens.fetch(holder)
            made, seconds = Credential("", token.secret, (*made.headers, *token.headers)), token.seconds
        self._fresh[name] = (monotonic() + seconds, made)
        return made

    async def _look_up(self, holder: Holder, key: Key | None) -> Credential:
        if key is None and not holder.settings.headers:
            return Credential("")
        try:
            return await asyncio.to_thread(self._resolve_all, holder, key)
        except SecretError as error:
            raise KeyRefused(
                f"the key {key.id if key is not None else ''!r} cannot be had: {error}", who=holder.settings.name
            ) from None

    def _resolve_all(self, holder: Holder, key: Key | None) -> Credential:
        headers = holder.configured_headers()
        return Credential("", None, headers) if key is None else Credential(key.id, self._resolve(key.value), headers)

    def rest(self, provider: str, key_id: str, problem: Problem) -> None:
        """Let a key rest after what its provider said of it."""
        if isinstance(problem, KeyRefused):
            self._fresh.pop((provider, key_id), None)
        if isinstance(problem, KeyRefused | QuotaSpent):
            seconds = problem.retry_after or REFUSED_REST_S
        elif isinstance(problem, RateLimited):
            seconds = problem.retry_after or LIMITED_REST_S
        else:
            return
        self._resting[provider, key_id] = (monotonic() + seconds, problem.kind)
        if problem.kind in _REFUSED:
            self._doubted.add(provider)

    def accepted(self, provider: str, key_id: str) -> None:
        """End the rest of a key that was refused: its provider has just answered to it."""
        if provider in self._doubted and self._refused(provider, key_id, monotonic()):
            del self._resting[provider, key_id]

    @property
    def in_doubt(self) -> bool:
        """Whether a provider has refused a key, and not taken all of them since."""
        return bool(self._doubted)

    def recount(self, providers: Mapping[str, Provider]) -> Iterator[tuple[str, int | None]]:
        """Yield how many keys can be used of each provider that refused one; None once, when all can again.

        A provider without keys counts as having one: a server may want a key that nobody gave.
        """
        now = monotonic()
        self._doubted &= providers.keys()
        for name in tuple(self._doubted):
            ids = [key.id for key in providers[name].keys] or [""]
            refused = sum(self._refused(name, id, now) for id in ids)
            if not refused:
                self._doubted.discard(name)
            yield name, len(ids) - refused if refused else None

    def _refused(self, provider: str, key_id: str, now: float) -> bool:
        until, why = self._resting.get((provider, key_id), (0.0, ""))
        return until > now and why in _REFUSED

    def views(self, provider: Provider) -> tuple[KeyView, ...]:
        """Return the state of a provider's keys."""
        now = monotonic()
        return tuple(self._view(provider.name, key.id, now) for key in provider.keys)

    def _view(self, provider: str, key_id: str, now: float) -> KeyView:
        until, why = self._resting.get((provider, key_id), (0.0, ""))
        return (
            KeyView(provider, key_id, why, round(until - now, 1)) if until > now else KeyView(provider, key_id, "ready")
        )
