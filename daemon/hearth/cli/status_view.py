"""A status as "label: text" facts, one a line, so that `grep` finds them too; pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from hearth.cli.health_words import health_in_words
from hearth.cli.key_view import state_in_words
from hearth.cli.words import clock, counted, rounded, size, span, where

if TYPE_CHECKING:
    from hearth.status import (
        CallStatus,
        ConfigStatus,
        LedgerStatus,
        ModelStatus,
        OwnStatus,
        ProviderStatus,
        SealStatus,
        Status,
    )
    from hearth.status_apps import AppStatus
    from hearth.status_bodies import BodiesStatus
    from hearth.status_cache import CacheStatus
    from hearth.status_keys import KeyStatus
    from hearth.status_money import BudgetStatus

Fact = tuple[str, str]


def facts(status: Status) -> Iterator[Fact]:
    """Yield everything a person may want to know of a running daemon."""
    memory = f", {size(status.own.memory)} of memory" if status.own.memory else ""
    served = counted(status.served, "call")
    yield "hearth", f"{status.version}, pid {status.pid}, up {span(status.uptime_s)}, {served} served{memory}"
    yield from (("own", text) for text in _own(status.own))
    yield "mode", _mode(status)
    if status.sealed is not None:
        yield "sealed", seal_in_words(status.sealed)
    yield "default", status.default_model or "none set: a request without a model gets the first that fits"
    yield "listening", ", ".join(status.listening) or "nowhere"
    if status.stand_in:
        yield "stand-in", f"no Ollama answers; the built-in rehearsal stands in for it at {status.stand_in}"
    yield from (("degraded", f"{part} failed and is begun again ({why})") for part, why in status.ailing.items())
    yield from _config(status.config)
    yield "usage log", _ledger(status.ledger)
    if status.bodies is not None:
        yield "bodies", bodies_in_words(status.bodies)
    yield from (("provider", _provider(one)) for one in status.providers)
    yield from (("loaded", _model(one)) for one in status.loaded)
    yield from (("health", health_in_words(one)) for one in status.health)
    yield from (("pull", _progress(one.model, one.status, one.completed, one.total)) for one in status.pulls)
    yield from (("pull", f"{name} failed lately: {why}") for name, why in status.failed_pulls.items())
    yield from (("call", call_in_words(one)) for one in status.calls)
    yield from (("app", _app(one)) for one in status.apps)
    yield from (("budget", budget_in_words(one)) for one in status.budgets)
    if status.price_list:
        yield "prices", f"{status.price_list}, where the config names none"
    yield from (("cache", _cache(one)) for one in status.caches)
    for one in status.contacts:
        how_often = f"{counted(one.count, 'time')}, last {clock(one.last)}"
        yield "contacted", f"{one.address} ({where(one.place)}) {how_often}"
    for caller, count in status.refused_callers.items():
        yield "refused", f"{caller} {counted(count, 'time')}; see `hearth doctor`"


def _own(own: OwnStatus) -> Iterator[str]:
    """What the daemon takes of the machine, where the system tells."""
    if own.files is not None:
        most = f" of {own.most_files}" if own.most_files is not None else ""
        yield f"{own.files}{most} files open, {span(own.cpu_s)} of CPU, event loop {span(own.loop_lag_s)} late"


def _mode(status: Status) -> str:
    if status.stopped:
        return "offline (everything that leaves is stopped; `hearth mode --clear` lifts it)"
    if status.switched and status.switched != status.ceiling:
        return f'{status.mode} (switched by `hearth mode`; hearth.toml says "{status.ceiling}")'
    return status.mode


def seal_in_words(seal: SealStatus) -> str:
    """Return since when the kernel holds mode offline, and what is wrong with it."""
    since = datetime.fromtimestamp(seal.since).astimezone().strftime("%Y-%m-%d %H:%M")
    return f"by the kernel since {since}, until Hearth is started anew{f'; {seal.fault}' if seal.fault else ''}"


def _config(config: ConfigStatus) -> Iterator[Fact]:
    taken = f", taken over {counted(config.reloads, 'time')} since start" if config.reloads else ""
    yield "config", f"{config.path}{taken}"
    if config.error:
        yield "config error", f"{config.error} The last good settings stay in force."
    yield from (("warning", text) for text in config.warnings)
    yield from (("not active yet", key) for key in config.inactive)


def _ledger(ledger: LedgerStatus) -> str:
    counts = f"{ledger.written} rows written, {ledger.queued} waiting, {ledger.dropped} lost"
    why = f" ({ledger.reason})" if ledger.reason else ""
    return f"{ledger.state}{why}, {counts}, {ledger.path}"


def bodies_in_words(one: BodiesStatus) -> str:
    """Return what a person must know of prompts and answers on disk."""
    if not one.on:
        kept = f"Prompts and answers of earlier calls are still on disk: {one.path}, {size(one.size)}"
        return f"{kept}; `hearth usage purge --bodies` deletes them"
    trouble = f"; nothing is kept just now: {one.note}" if one.note else ""
    lost = f", {one.lost} lost" if one.lost else ""
    counts = f"{counted(one.kept, 'call')} since start{lost}, {size(one.size)} of {size(one.limit)}"
    return f"Prompts and answers ARE KEPT in {one.path} (usage.bodies = true): {counts}{trouble}"


def _provider(one: ProviderStatus) -> str:
    state = {True: "answers", False: "does not answer", None: "not asked yet"}[one.reachable]
    version = f" {one.version}" if one.version else ""
    resting = f", rests {span(one.rests_s)}" if one.rests_s else ""
    error = f" ({one.error.rstrip('.')})" if one.error and not one.reachable else ""
    keys = f", keys: {', '.join(map(_key, one.keys))}" if one.keys else ""
    return f"{one.name}{version} at {one.address} ({where(one.place)}) {state}{error}{resting}{keys}"


def _app(one: AppStatus) -> str:
    used = (
        (one.in_flight, one.parallel, "calls at once"),
        (one.requests, one.requests_per_minute, "calls this minute"),
        (one.tokens, one.tokens_per_minute, "tokens this minute"),
    )
    said = ", ".join(f"{now} of {limit} {what}" for now, limit, what in used if limit is not None)
    return f"{one.name}: {said}" + (f", {one.refused} refused" if one.refused else "")


def budget_in_words(one: BudgetStatus) -> str:
    """Return a limit and what counts against it: "all providers, this day: 1.20 of 2.00 USD spent"."""
    whose = "all providers" if one.scope == "all" else f"{one.scope} {one.name}"
    reserved = f", {one.reserved:.4g} set aside for calls under way" if one.reserved else ""
    unknown = f", {counted(one.unknown, 'attempt')} of unknown cost" if one.unknown else ""
    reached = {"spent": ": all of it", "alert": ": nearly all of it"}.get(one.state, "")
    spent = f"{rounded(one.spent)} of {one.limit:.2f} {one.currency} spent"
    return f"{whose}, this {one.period}: {spent}{reserved}{unknown}{reached}"


def _cache(one: CacheStatus) -> str:
    switched = " and ".join(name for name in ("answers", "embeddings") if getattr(one, name) != "off")
    said = f"{switched} from {one.path}: {one.hits} hits, {one.shared} shared, {one.misses} missed"
    return f"{said}; nothing is kept now: {one.note}" if one.note else said


def _key(key: KeyStatus) -> str:
    return f"{key.id} {state_in_words(key)}"


def _model(one: ModelStatus) -> str:
    memory = f", {size(one.size_vram)} of {size(one.size)} on the GPU" if one.size_vram is not None else ""
    window = f", window {one.window}" if one.window else ""
    waiting = f", {one.queued} waiting" if one.queued else ""
    took = f" (last in {span(one.last_load_s)})" if one.last_load_s is not None else ""
    loads = f", loaded {counted(one.loads, 'time')} since start{took}" if one.loads else ""
    wanted = f"; {', '.join(one.wanted_by)} wants its place, in {span(one.stays_s)}" if one.wanted_by else ""
    return f"{one.name}{memory}{window}{loads}, {counted(one.in_flight, 'call')} in flight{waiting}{wanted}"


def _progress(model: str, what: str, completed: int | None, total: int | None) -> str:
    done = f" {size(completed)} of {size(total)}" if completed is not None and total else ""
    return f"{model}: {what}{done}"


def call_in_words(one: CallStatus) -> str:
    """Return where a call in flight stands, in one line."""
    target = f" at {one.target} ({where(one.place)})" if one.target else ""
    queue = f" {one.position} in the queue" if one.position else ""
    tokens = f", about {one.output_tokens} tokens" if one.output_tokens else ""
    app = f" for {one.app}" if one.app else ""
    return f"{one.id} {one.asked or 'default'}{app}: {one.phase}{queue}{target}, {span(one.seconds)}{tokens}"
