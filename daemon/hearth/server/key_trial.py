"""Each key is shown to its provider, which is asked for its list of models: free, and by the ordinary path."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hearth.dialects.dialect import Destination, HttpRequest
from hearth.outbound.keys.credentials import Credential
from hearth.outbound.loading import ask_with
from hearth.problems import Forbidden, KeyRefused, NotFound, NotPermitted, Problem, Unsupported
from hearth.routing.near import names_like, nearest, shown
from hearth.status_keys import KeyTrial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hearth.generation import ProviderRuntime
    from hearth.server.core import Core
    from hearth_config.settings import Key

ANSWER_S = 10.0
_OPEN = "its list of models is open to everybody, so that it says nothing of the key; `hearth doctor {}` asks for more"


async def try_keys(core: Core, provider: str = "", key_id: str = "") -> list[KeyTrial]:
    """Try all keys, or those of one provider, or one; a key that is found good may be used again at once.

    Raises `NotFound` for a provider or a key that the config does not have.
    """
    wanted = [core.generation.providers[provider]] if provider in core.generation.providers else []
    if not provider:
        wanted = list(core.generation.providers.values())
    elif not wanted:
        raise _unknown(f"No provider is called {shown(provider)!r}.", provider, core.generation.providers)
    found = await asyncio.gather(*(_try_those_of(core, runtime, key_id) for runtime in wanted))
    if key_id and not any(found):
        ids = [key.id for runtime in wanted for key in runtime.settings.keys]
        raise _unknown(f"No key is called {shown(key_id)!r}.", key_id, ids)
    return [trial for trials in found for trial in trials]


def _unknown(said: str, name: str, known: Sequence[str] | dict[str, ProviderRuntime]) -> NotFound:
    return NotFound(said, next_step=names_like(nearest(name, known), "`hearth keys` lists them."))


async def _try_those_of(core: Core, runtime: ProviderRuntime, key_id: str) -> list[KeyTrial]:
    keys = [key for key in runtime.settings.keys if key_id in ("", key.id)]
    if not keys:
        return []
    settings = runtime.settings
    to = Destination(settings.name, "", prefix=settings.address.prefix, quirks=settings.quirks)
    try:
        request = runtime.called.list_models(to)
    except Unsupported as unable:
        said = f"{unable.message} `hearth doctor {settings.name}` asks for an answer instead"
        return [KeyTrial(settings.name, key.id, "unknown", said) for key in keys]
    trials = await asyncio.gather(*(_try(core, runtime, key, request) for key in keys))
    if any(trial.state == "good" for trial in trials) and await _is_open(core, runtime, request):
        said = _OPEN.format(settings.name)
        trials = [KeyTrial(one.provider, one.id, "unknown", said) if one.state == "good" else one for one in trials]
    for trial in trials:
        if trial.state == "good":
            core.keys.trust(settings.name, trial.id)
    return trials


async def _try(core: Core, runtime: ProviderRuntime, key: Key, request: HttpRequest) -> KeyTrial:
    name = runtime.settings.name
    try:
        credential = await core.keys.anew(runtime, key)
        await ask_with(runtime, credential, request, core.pool, first_s=ANSWER_S)
    except Problem as problem:
        if isinstance(problem, KeyRefused | NotPermitted):
            core.keys.rest(name, key.id, problem)
            return KeyTrial(name, key.id, "refused", problem.message)
        return KeyTrial(name, key.id, "failed", problem.message)
    return KeyTrial(name, key.id, "good")


async def _is_open(core: Core, runtime: ProviderRuntime, request: HttpRequest) -> bool:
    """Whether the list is had without a key as well."""
    try:
        await ask_with(runtime, Credential(""), request, core.pool, first_s=ANSWER_S)
    except Forbidden:
        raise
    except Problem:
        return False
    return True
