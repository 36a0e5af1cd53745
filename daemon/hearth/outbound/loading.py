"""Hearth's own call that loads a model: an empty request, with the pinned options of every other call (design §4)."""

from __future__ import annotations

import re
from functools import partial
from math import inf
from time import monotonic, time
from typing import TYPE_CHECKING, Protocol

from msgspec.structs import replace

from hearth.dialects.dialect import Called, Destination, Head, HttpRequest
from hearth.dialects.ollama import probes
from hearth.outbound.keys.credentials import Credential, Holder
from hearth.outbound.keys.hiding import hide_key
from hearth.outbound.keys.pool import Keys
from hearth.outbound.limits import Limits
from hearth.outbound.watching import ANSWER_S, EngineWatch
from hearth.problems import KeyRefused, ProviderProblem
from hearth.record import Attempt

if TYPE_CHECKING:
    from hearth.outbound.pool import Origin, Pool
    from hearth.routing.targets import Target

LOAD_S = 900.0
"""The longest load: past Ollama's own stall limit of five minutes, and several times that for slow disks."""
OLLAMA_KEEP_ALIVE_S = 300.0
HELD_S = 30.0
"""A load is held for at least so long, for those who wait for it: the model's own `keep_alive` comes with their calls.

An empty request with a `keep_alive` of 0 would unload it (wire/ollama §2.2).
"""
MARGIN_S = 5.0
_UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"([0-9.]+)(ns|us|ms|s|m|h)")
REPLY_LIMIT = 64 * 1024 * 1024


class Engine(Protocol):
    """A local provider that loads models."""

    called: Called
    origin: Origin

    def describe(self, target: Target, *, local_only: bool = False) -> Destination:
        """Return what the dialect needs to know of a target."""
        ...

    def header_lines(self, credential: Credential, headers: tuple[tuple[str, str], ...]) -> bytes:
        """Return a request's encoded headers."""
        ...


class EngineHolder(Engine, Holder, Protocol):
    """An engine whose key, if it wants one, can be chosen."""


async def load_model(engine: EngineHolder, target: Target, pool: Pool, keys: Keys) -> float:
    """Load a model with its pinned options; returns until when (monotonic seconds) it stays.

    Raises the `Problem` it ended in.
    """
    to = engine.describe(target)
    keep_alive = held(to.pins.keep_alive)
    to = replace(to, pins=replace(to.pins, keep_alive=keep_alive))
    look = partial(ask_engine, engine, probes.loaded(to), pool, keys, first_s=ANSWER_S)
    with EngineWatch(target.provider, look, lambda: False, pool.silences):
        await ask_engine(engine, probes.load(to, embedding=embeds(target)), pool, keys, first_s=LOAD_S)
    return stays_until(keep_alive)


async def unload_model(engine: EngineHolder, target: Target, pool: Pool, keys: Keys) -> None:
    """Ask the engine to give a model's memory back after the work in flight. Raises the `Problem` it ended in."""
    await ask_engine(
        engine, probes.unload(engine.describe(target), embedding=embeds(target)), pool, keys, first_s=LOAD_S
    )


def embeds(target: Target) -> bool:
    """Whether a model only makes vectors: an embedding model refuses an empty generate, a chat model an empty embed."""
    words = target.capabilities
    return words is not None and "embedding" in words and "completion" not in words


def no_key(provider: str) -> KeyRefused:
    """Return the problem of a provider none of whose keys may go along."""
    return KeyRefused("no key can be used.", who=provider, next_step="`hearth keys` shows why.")


async def ask_engine(
    engine: EngineHolder, request: HttpRequest, pool: Pool, keys: Keys, *, first_s: float
) -> tuple[Head, bytes]:
    """Ask a provider one question of Hearth's own and return the whole answer. Raises the `Problem` it ended in.

    A key that is refused is not judged by it: some may answer chats, and not list models.
    """
    tried: frozenset[str] = frozenset()
    problem = no_key(engine.settings.name)
    while (credential := await keys.choose(engine, tried)) is not None:
        try:
            return await ask_with(engine, credential, request, pool, first_s=first_s)
        except KeyRefused as refused:
            tried, problem = tried | {credential.id}, refused
    raise problem


async def ask_with(
    engine: EngineHolder, credential: Credential, request: HttpRequest, pool: Pool, *, first_s: float
) -> tuple[Head, bytes]:
    """Ask a provider the same with a certain key. Raises the `Problem` it ended in."""
    reply = await pool.send(
        engine.origin,
        request.method,
        request.path,
        engine.header_lines(credential, request.headers),
        request.body,
        limits=Limits(first=first_s, idle=first_s),
    )
    with reply:
        body = await reply.read_all(REPLY_LIMIT)
        head = reply.head
        if head.status != 200:
            problem = engine.called.problem(head, body, engine.settings.name)
            hide_key(problem, credential)
            raise problem
        return head, body


def failed_load(
    call_id: str, number: int, target: Target, problem: ProviderProblem, waited_s: float, reason: str, address: str
) -> Attempt:
    """Return what is written down of a call's try that ended with the loading of its model."""
    return Attempt(
        call_id=call_id,
        number=number,
        target=target.name,
        provider=target.provider,
        model=target.model,
        place=target.place,
        key_id="",
        started=time() - waited_s,
        ending="failed",
        problem=problem.kind,
        detail=problem.text[:300],
        upstream_status=problem.upstream_status,
        total_ms=waited_s * 1000,
        reason=reason,
        address=address,
    )


def stays_until(keep_alive: str | float | None) -> float:
    """Return until when (monotonic seconds) a model just used stays loaded, a little early to be safe."""
    seconds = OLLAMA_KEEP_ALIVE_S if keep_alive is None else keep_alive_seconds(keep_alive)
    return inf if seconds < 0 else monotonic() + max(seconds - MARGIN_S, seconds / 2)


def held(keep_alive: str | float | None) -> str | float | None:
    """Return how long a load is asked to stay where calls say this."""
    if keep_alive is None or not 0 <= keep_alive_seconds(keep_alive) < HELD_S:
        return keep_alive
    return f"{HELD_S:.0f}s"


def lets_go_at_once(keep_alive: str | float | None) -> bool:
    """Whether a model with this pin is unloaded when its call ends."""
    return keep_alive is not None and 0 <= keep_alive_seconds(keep_alive) < 1


def keep_alive_seconds(text: str | float) -> float:
    """Read a keep_alive as Ollama does: a number of seconds, or a Go duration ("1h30m"); negative means for ever."""
    if isinstance(text, int | float):
        return float(text)
    parts = _DURATION.findall(text)
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    return -1.0 if text.startswith("-") else seconds
