"""From a key in the config to a credential that can be sent: looked up late, kept for a while, renewed when changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Protocol

from msgspec import Struct

from hearth.outbound.keys.room import Lease
from hearth.outbound.pool import Origin
from hearth.outbound.tokens import Tokens
from hearth.problems import KeyRefused
from hearth_config.secrets import Secret, SecretError, file_stamp
from hearth_config.settings import Key, Provider

Resolve = Callable[[str], Secret]
FRESH_S = 300.0
"""How long a resolved secret is used before it is looked up again."""
GLANCE_S = 1.0
"""How long the secret of a file is used before the file's date is looked at again."""


class Credential(Struct, frozen=True):
    """A key ready to be sent; `id` is how it is known everywhere."""

    id: str
    secret: Secret | None = None
    headers: tuple[tuple[str, str], ...] = ()
    """The headers the config gives the provider, resolved."""
    lease: Lease | None = None
    """What was set aside of the key's limits for this one use; None where nothing is counted."""

    def sends_as(self, other: Credential) -> bool:
        """Whether the other one puts the same into a request: they come from one look-up."""
        return self.secret is other.secret and self.headers is other.headers


class Holder(Protocol):
    """A provider whose configured headers may be references too."""

    settings: Provider
    origin: Origin

    def configured_headers(self) -> tuple[tuple[str, str], ...]:
        """Resolve them; may block."""
        ...


class Known(Struct, frozen=True):
    """A credential, until when (monotonic seconds) it is used, and what the file it came from looked like."""

    credential: Credential
    until: float
    reference: str
    stamp: object


class Secrets:
    """The credentials of all keys. Values are never kept past `FRESH_S`, and never shown."""

    def __init__(self, resolve: Resolve, tokens: Tokens | None) -> None:
        """`resolve` turns a reference into a secret; it may block and is called in a thread.

        `tokens` fetches for providers with a file of credentials, and knows the folder that files are named from;
        without it they have no token, and files are not looked at.
        """
        self._resolve = resolve
        self._tokens = tokens
        self._known: dict[tuple[str, str], Known] = {}
        self._under_way: dict[tuple[str, str], asyncio.Task[Known]] = {}

    def use(self, resolve: Resolve) -> None:
        """Take over a new config: everything is looked up again."""
        self._resolve = resolve
        self._known.clear()
        self._under_way.clear()

    def forget(self, provider: str, key_id: str) -> None:
        """Look this one up again at its next use."""
        self._known.pop((provider, key_id), None)

    def known(self, provider: str, key: Key) -> Known | None:
        """Return a credential that was looked up lately, and whose file has not changed since."""
        found = self._known.get((provider, key.id))
        if found is None or found.until <= monotonic() or found.reference != key.value:
            return None
        return found if found.stamp is None or found.stamp == self.stamp_of(key) else None

    def changed(self, key: Key, stamp: object) -> bool:
        """Whether a key's file is another one than it was at that stamp."""
        return stamp != self.stamp_of(key)

    def stamp_of(self, key: Key) -> object:
        """Return what the file of a key looks like now; None where it is kept in no file."""
        return file_stamp(key.value, self._tokens.base_dir()) if self._tokens is not None else None

    async def get(self, holder: Holder, key: Key) -> Known:
        """Return a key's credential; whoever asks meanwhile gets the same one. A key without a value has no secret.

        Raises `KeyRefused` when the secret cannot be had.
        """
        name = (holder.settings.name, key.id)
        found = self.known(holder.settings.name, key)
        if found is not None:
            return found
        if not key.value and not holder.settings.headers and not holder.settings.credentials:
            return self._keep(name, Known(Credential(""), monotonic() + FRESH_S, "", None))
        task = self._under_way.get(name)
        if task is None:
            task = self._under_way[name] = asyncio.ensure_future(self._look_up(holder, key))
            task.add_done_callback(lambda done: self._done(name, done))
        return await asyncio.shield(task)

    def _keep(self, name: tuple[str, str], known: Known) -> Known:
        self._known[name] = known
        return known

    def _done(self, name: tuple[str, str], task: asyncio.Task[Known]) -> None:
        """Keep what was found, unless a new config has come meanwhile."""
        if self._under_way.get(name) is not task:
            return
        del self._under_way[name]
        if not task.cancelled() and task.exception() is None:
            self._known[name] = task.result()

    async def _look_up(self, holder: Holder, key: Key) -> Known:
        stamp = self.stamp_of(key)
        try:
            made, seconds = await asyncio.to_thread(self._resolve_all, holder, key), FRESH_S
        except SecretError as error:
            raise KeyRefused(f"the key {key.id!r} cannot be had: {error}", who=holder.settings.name) from None
        if not key.value and holder.settings.credentials and self._tokens is not None:
            token = await self._tokens.fetch(holder)
            made, seconds = Credential("", token.secret, (*made.headers, *token.headers)), token.seconds
        return Known(made, monotonic() + seconds, key.value, stamp)

    def _resolve_all(self, holder: Holder, key: Key) -> Credential:
        headers = holder.configured_headers()
        return Credential(key.id, self._resolve(key.value), headers) if key.value else Credential("", None, headers)
