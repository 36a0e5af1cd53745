"""Tokens that must be fetched before a provider is asked: once for all who wait, and again shortly before they expire.

The request goes through the same pool as any other, under the same mode. The place that gives tokens may not lie
farther away than the provider: so whatever mode lets a call out lets its token out too, and none lets more.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from time import time
from typing import Protocol

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from hearth.call import Place
from hearth.outbound.grants import Grant, prepare
from hearth.outbound.pool import Limits, Origin, Pool
from hearth.problems import BrokenReply, KeyRefused, ProviderFault
from hearth_config.addresses import TcpAddress, parse_address, place_of
from hearth_config.files import at_home
from hearth_config.provider import Provider
from hearth_config.secrets import Secret

MARGIN_S = 120.0
"""So long before its end a token is not used any more: a call that begins with it must still be let in."""
LEAST_S = 10.0
_PLACES: tuple[Place, ...] = ("machine", "lan", "cloud")
_LIMITS = Limits(connect=10.0, first=20.0, idle=20.0, total=30.0)
_MAX_BYTES = 65_536
_HEADERS = (("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json"))
_PLAIN = re.compile(r"[A-Za-z0-9 _.,:;'()/-]{1,200}")
"""Words of an error that can be shown: nothing that could be a token."""


class Holder(Protocol):
    """A provider with a file of credentials."""

    settings: Provider
    origin: Origin


class Fetched(Struct, frozen=True):
    """A token, how many seconds it may be used, and the headers that go with it."""

    secret: Secret
    seconds: float
    headers: tuple[tuple[str, str], ...] = ()


class _Granted(Struct):
    access_token: str
    expires_in: float = 3600.0


class _Said(Struct):
    error: str = ""
    error_description: str = ""


class Tokens:
    """Fetches tokens, one request at a time for a provider. Keeping them is the business of `Keys`."""

    def __init__(self, pool: Pool, base_dir: Callable[[], Path]) -> None:
        """`base_dir` tells the folder that paths in the config are relative to."""
        self._pool = pool
        self.base_dir = base_dir
        self._under_way: dict[str, asyncio.Task[Fetched]] = {}

    async def fetch(self, holder: Holder) -> Fetched:
        """Return a new token of a provider; whoever asks meanwhile gets the same one.

        Raises `KeyRefused` naming what is wrong with the credentials, or the `Problem` that kept us from asking.
        """
        name = holder.settings.name
        task = self._under_way.get(name)
        if task is None:
            task = self._under_way[name] = asyncio.create_task(self._fetch(holder))
            task.add_done_callback(lambda done: self._done(name, done))
        return await asyncio.shield(task)

    def _done(self, name: str, task: asyncio.Task[Fetched]) -> None:
        del self._under_way[name]
        if not task.cancelled():
            task.exception()  # seen, even when nobody waits any more

    async def _fetch(self, holder: Holder) -> Fetched:
        settings = holder.settings
        grant = await asyncio.to_thread(self._prepare, settings)
        address = _address(grant, settings.name)
        place = _place(address, holder)
        origin = self._pool.origin(
            replace(address, prefix=""),
            who=settings.name,
            place=place,
            ca=str(self.base_dir() / settings.ca) if settings.ca else None,
            proxy=holder.origin.route.proxy if place != "machine" else None,
        )
        with await self._pool.send(
            origin, "POST", address.prefix or "/", _HEADERS, grant.form, limits=_LIMITS
        ) as reply:
            return _read(reply.head.status, await reply.read_all(_MAX_BYTES), grant, settings.name)

    def _prepare(self, settings: Provider) -> Grant:
        """Read the file and sign; blocks."""
        file = self.base_dir() / at_home(settings.credentials or "")
        return prepare(file, settings.name, time())


def _address(grant: Grant, who: str) -> TcpAddress:
    """Return where the token is asked for: by TLS, unless that is this machine."""
    try:
        address = parse_address(grant.address)
    except ValueError:
        address = None
    if isinstance(address, TcpAddress) and (address.scheme == "https" or place_of(address.host) == "machine"):
        return address
    raise KeyRefused(
        "no token can be had: the credentials name no https address to ask at.",
        who=who,
        next_step=f"Check the file of providers.{who}.credentials.",
    )


def _place(address: TcpAddress, holder: Holder) -> Place:
    place = place_of(address.host) or "cloud"
    if _PLACES.index(place) > _PLACES.index(holder.origin.place):
        raise KeyRefused(
            f"no token can be had: {address.host} lies farther away than the provider, and nothing was sent there.",
            who=holder.settings.name,
            next_step=f'If that is right, set providers.{holder.settings.name}.place = "{place}".',
        )
    return place


def _read(status: int, body: bytes, grant: Grant, who: str) -> Fetched:
    if status >= 500:
        raise ProviderFault(f"No token was given (status {status}).", who=who, upstream_status=status)
    if status != 200:
        raise KeyRefused(
            f"no token was given{_words(body)} (status {status}).",
            who=who,
            next_step=f"Check the file of providers.{who}.credentials.",
            upstream_status=status,
        )
    try:
        granted = msgspec.json.decode(body, type=_Granted)
    except (msgspec.DecodeError, RecursionError):
        raise BrokenReply("What came instead of a token cannot be read.", who=who) from None
    return Fetched(Secret(granted.access_token), max(granted.expires_in - MARGIN_S, LEAST_S), grant.headers)


def _words(body: bytes) -> str:
    """Return what the error says, as far as it is made of plain words."""
    try:
        said = msgspec.json.decode(body, type=_Said)
    except (msgspec.DecodeError, RecursionError):
        return ""
    plain = [words for words in (said.error, said.error_description) if _PLAIN.fullmatch(words)]
    return f": {', '.join(plain)}" if plain else ""
