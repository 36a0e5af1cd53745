"""What stands between Hearth and one provider: address, mode, keys, models, and an answer, each with the next step."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from hearth.dialects import registry
from hearth.dialects.dialect import Destination, ModelInfo
from hearth.problems import Forbidden, NotFound, Problem, Unsupported
from hearth.routing.modes import REACH
from hearth.routing.near import names_like, nearest, shown
from hearth.server.key_trial import try_keys
from hearth.server.trial import try_model
from hearth.status import Finding
from hearth_config.secrets import SecretError

if TYPE_CHECKING:
    from hearth.generation import ProviderRuntime
    from hearth.server.core import Core
    from hearth.server.trial import Trial

_PLACES = {"machine": "on this machine", "lan": "in your own network", "cloud": "in the cloud"}
_STEPS = {
    "unreachable": "Check its address, and whether it runs and can be reached from here.",
    "timed_out": "Try again; if it stays so, check its address, or give it longer under timeouts.",
    "rate_limited": "Wait a little, or give it another key.",
    "overloaded": "Try again later.",
    "quota_spent": "Add credit there, or give it another key.",
    "key_refused": "Check its key: is it whole, not expired, and of this provider?",
    "not_permitted": "See there what this key may use, or give it another key.",
    "model_missing": "Name another model: --model NAME; `hearth models` lists them.",
    "broken_reply": "Check its address: is it the API's, with its path (such as /v1)?",
    "provider_error": "Try again later; if it stays so, check its address.",
    "forbidden": "`hearth mode` shows and changes the mode.",
}


async def check(core: Core, name: str, model: str = "", *, free: bool = False) -> list[Finding]:
    """Find out whether a provider can be used. `free` leaves out the question that may cost money.

    Raises `NotFound` for a provider that the config does not have.
    """
    return [finding async for finding in _checks(core, name, model, free=free)]


async def _checks(core: Core, name: str, model: str, *, free: bool) -> AsyncIterator[Finding]:
    """Yield what is found, in the order in which things depend on each other; what depends on a fault is left out."""
    settings = core.generation.settings.providers.get(name)
    if settings is None:
        near = nearest(name, core.generation.settings.providers)
        step = names_like(near, "`hearth status` lists those that are configured.")
        raise NotFound(f"No provider is called {shown(name)!r}.", next_step=step)
    runtime = core.generation.providers.get(name)
    if runtime is None:
        why = registry.trouble(settings.dialect) or "nothing here can call it"
        yield Finding("bad", f"the dialect {settings.dialect} cannot be used: {why}", "Mend or remove that package.")
        return
    for finding in (_place(core, runtime), *await _keys(core, runtime)):
        yield finding
        if finding.state == "bad":
            return
    try:
        listed = await _list(core, runtime)
    except Unsupported as unable:
        listed = ()
        yield Finding(
            "note", f"its models are not listed: {unable.message}", "Name them in the config as you use them."
        )
    except Problem as problem:
        yield _bad("its list of models cannot be had", problem)
        return
    else:
        yield Finding("ok", f"lists {len(listed)} model{'' if len(listed) == 1 else 's'}")
        for finding in await _refused_keys(core, runtime):
            yield finding
    async for finding in _answer(core, runtime, listed, model, free=free):
        yield finding


def _place(core: Core, runtime: ProviderRuntime) -> Finding:
    where = f"{runtime.settings.address}, {_PLACES[runtime.place]}"
    if runtime.place in REACH[core.mode]:
        return Finding("ok", where)
    step = "`hearth mode` shows and changes the mode; the file's own is the loosest that is possible."
    return Finding("bad", f"{where}: mode {core.mode} keeps everything away from there", step)


async def _keys(core: Core, runtime: ProviderRuntime) -> list[Finding]:
    """Return whether each key can be had; one that can is enough to go on."""
    settings, loaded = runtime.settings, core.generation.loaded
    if not settings.keys:
        step = f'If it wants one: key = "env:NAME" under [providers.{settings.name}].'
        near = runtime.place == "machine"
        return [Finding("ok" if near else "note", "is asked without a key", "" if near else step)]
    found = []
    for key in settings.keys:
        try:
            await asyncio.to_thread(loaded.secret, key.value)
        except SecretError as error:
            why = f"key {key.id}: {error.reference}: {error.reason}"
            found.append(Finding("bad", why, f"{error.next_step}."))
        else:
            found.append(Finding("ok", f"key {key.id} is there"))
    if any(finding.state == "ok" for finding in found):
        return [Finding("note", one.text, one.next_step) if one.state == "bad" else one for one in found]
    return found


async def _refused_keys(core: Core, runtime: ProviderRuntime) -> list[Finding]:
    """Return those of several keys that the provider does not take: the list may have been had with another one."""
    settings = runtime.settings
    if len(settings.keys) < 2:
        return []
    step = f"{_STEPS['key_refused']} `hearth keys test {settings.name}` tries it again."
    return [
        Finding("note", f"key {one.id} is refused: {one.said.rstrip('.')}", step)
        for one in await try_keys(core, settings.name)
        if one.state == "refused"
    ]


async def _list(core: Core, runtime: ProviderRuntime) -> tuple[ModelInfo, ...]:
    settings = runtime.settings
    to = Destination(settings.name, "", prefix=settings.address.prefix, quirks=settings.quirks)
    _, body = await core.fetch(settings.name, runtime.called.list_models(to))
    return runtime.called.models(body)


async def _answer(
    core: Core, runtime: ProviderRuntime, listed: Sequence[ModelInfo], model: str, *, free: bool
) -> AsyncIterator[Finding]:
    settings = runtime.settings
    chosen = model or settings.default_model or settings.embedding_model or next(iter(settings.models), "")
    names = [info.name for info in listed]
    if chosen and names and chosen not in names and f"{chosen}:latest" not in names:
        step = names_like(nearest(chosen, names), "`hearth models` lists them.")
        yield Finding("note", f"{shown(chosen)} is not among the models it lists", step)
    chosen = chosen or _cheapest(listed)
    if free:
        yield Finding("note", "no answer was asked for (--free)")
    elif not chosen:
        step = f"Name one: `hearth doctor {settings.name} --model NAME`, or default_model in the config."
        yield Finding("note", "no answer was asked for: no model of it is known", step)
    else:
        embeds = chosen == settings.embedding_model and chosen not in (model, settings.default_model)
        yield _told(chosen, await try_model(core, settings.name, chosen, embeds=embeds))


def _cheapest(listed: Sequence[ModelInfo]) -> str:
    """Return a model to try where nobody named one: a loaded one, else the cheapest that is priced, else the first."""
    chats = [one for one in listed if one.capabilities is None or "completion" in one.capabilities]
    loaded = [one for one in chats if one.loaded_window is not None]
    priced = [one for one in chats if one.price_output]
    best = loaded[0] if loaded else min(priced, key=lambda one: one.price_output or 0.0) if priced else None
    return best.name if best is not None else chats[0].name if chats else ""


def _told(model: str, trial: Trial) -> Finding:
    if trial.problem is not None:
        return _bad(f"{model} does not answer", trial.problem)
    attempt = trial.attempt
    if attempt is None:
        return Finding("ok", f"{model} answers")
    facts = [f"{attempt.total_ms / 1000:.1f} s"]
    if attempt.output_tokens is not None:
        facts.append(f"{attempt.input_tokens} tokens in, {attempt.output_tokens} out")
    if attempt.cost_source != "local":
        facts.append("cost unknown" if attempt.cost is None else f"cost {attempt.cost:.6f} {attempt.currency}")
    return Finding("ok", f"{model} answers ({', '.join(facts)})")


def _bad(what: str, problem: Problem) -> Finding:
    """Return what is wrong, in the problem's own words, with its own next step or the one that its kind suggests."""
    step = problem.next_step or _STEPS.get(problem.kind, "")
    said = problem.message.rstrip(".")
    return Finding("bad", said if isinstance(problem, Forbidden) else f"{what}: {said} ({problem.kind})", step)
