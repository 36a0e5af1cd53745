"""The daemon at one moment, put together for `hearth status`, `hearth models` and whoever else looks."""

from __future__ import annotations

import os
from time import monotonic
from typing import TYPE_CHECKING

from msgspec.structs import astuple

import hearth
from hearth.outbound.lane_values import LaneView
from hearth.routing.matrix import record_of
from hearth.senses.own import own
from hearth.server.health_views import health_views
from hearth.status import (
    AbilityStatus,
    AliasStatus,
    ConfigStatus,
    ConnectionsStatus,
    ContactStatus,
    LedgerStatus,
    ModelsStatus,
    ModelStatus,
    ProviderStatus,
    SealStatus,
    Status,
)

if TYPE_CHECKING:
    from hearth.generation import ProviderRuntime
    from hearth.routing.targets import Target
    from hearth.server.core import Core

_NO_LANE = LaneView(0, 0, 0, 0, loaded=False, loading_since=None, loads=0, last_load_s=None)


def status(core: Core) -> Status:
    """Return the whole daemon as frozen values."""
    settings = core.generation.settings
    state = core.ledger.state()
    targets = core.catalog.targets.values()
    return Status(
        version=hearth.__version__,
        pid=os.getpid(),
        uptime_s=round(monotonic() - core.started, 1),
        mode=core.mode,
        ceiling=settings.mode,
        switched=core.switches.mode or "",
        default_model=core.switches.default_model(settings) or settings.default_model or "",
        listening=tuple(core.listening),
        config=_config(core),
        providers=tuple(_provider(core, runtime) for runtime in core.generation.providers.values()),
        loaded=tuple(_model(core, target) for target in targets if _is_warm(core, target)),
        keys=tuple(view for one in core.generation.providers.values() for view in core.keys.views(one.settings)),
        calls=tuple(live.view() for live in core.calls),
        served=core.calls.served,
        ledger=LedgerStatus(state.state, state.reason, str(state.path), state.queued, state.written, state.dropped),
        contacts=tuple(
            ContactStatus(one.address, one.place, one.count, one.first, one.last)
            for one in core.pool.egress.contacts.by_address.values()
        ),
        stand_in=core.stand_in,
        pulls=core.pulls.views(),
        failed_pulls=core.pulls.failures(),
        health=health_views(core),
        refused_callers=dict(core.refused_callers),
        own=own(core.figures.last_lag),
        connections=ConnectionsStatus(*astuple(core.pool.stats)),
        caches=(core.cache.view(),) if core.cache is not None else (),
        apps=tuple(quota.view() for quota in (core.app_limits or {}).values()),
        budgets=core.till.views(),
        price_list=core.till.list_name,
        sealed=_seal(core),
        stopped=core.switches.stopped,
        ailing=dict(core.ailing or {}),
        bodies=core.said.view() if core.said is not None else None,
    )


def models(core: Core, *, abilities: bool = False) -> ModelsStatus:
    """Return everything that may be asked for; with `abilities`, what each model can do."""
    settings = core.generation.settings
    return ModelsStatus(
        default=core.switches.default_model(settings) or settings.default_model or "",
        models=tuple(_model(core, target, abilities=abilities) for target in core.catalog.targets.values()),
        aliases=tuple(AliasStatus(name, alias.use, alias.strategy) for name, alias in settings.models.items()),
    )


def _config(core: Core) -> ConfigStatus:
    loaded = core.generation.loaded
    return ConfigStatus(
        path=str(loaded.path),
        error=core.config_error,
        warnings=(
            *loaded.warnings,
            *core.generation.faults,
            *((core.switches.warning,) if core.switches.warning else ()),
        ),
        inactive=tuple(f"providers.{name} (its dialect)" for name in core.generation.unspoken),
        loaded_at=core.loaded_at,
        reloads=core.reloads,
    )


def _provider(core: Core, runtime: ProviderRuntime) -> ProviderStatus:
    settings = runtime.settings
    listing = core.inventory.inventory.of(settings.name)
    health = core.health.providers.get(settings.name)
    rests = health.resting_until - monotonic() if health is not None else 0.0
    return ProviderStatus(
        name=settings.name,
        dialect=settings.dialect,
        address=str(settings.address),
        place=runtime.place,
        reachable=listing.reachable,
        error=listing.error or (health.last_error if health is not None else ""),
        rests_s=round(rests, 1) if rests > 0 else None,
        keys=core.keys.views(settings),
        version=listing.version,
    )


def _seal(core: Core) -> SealStatus | None:
    seal = core.pool.egress.seal
    return None if seal is None else SealStatus(seal.since, seal.fault)


def _is_warm(core: Core, target: Target) -> bool:
    """Whether a model is loaded, as far as anybody knows; an engine that does not answer has nothing loaded."""
    lane = core.lanes.get(target.name)
    if lane is None or target.dialect != "ollama" or core.inventory.inventory.of(target.provider).reachable is False:
        return target.loaded
    return target.loaded or lane.warm


def _model(core: Core, target: Target, *, abilities: bool = False) -> ModelStatus:
    lane = core.lanes.get(target.name)
    view = lane.view() if lane is not None else _NO_LANE
    info, age = target.info, core.inventory.age_s(target.provider)
    stays_s, wanted_by = core.lanes.kept_from(target)
    return ModelStatus(
        name=target.name,
        provider=target.provider,
        model=target.model,
        place=target.place,
        loaded=_is_warm(core, target),
        loading_s=round(monotonic() - view.loading_since, 1) if view.loading_since is not None else None,
        in_flight=view.in_flight,
        queued=view.queued,
        slots=view.slots or None,
        size=info.size,
        size_vram=info.size_vram,
        window=target.stated_window,
        capabilities=tuple(sorted(target.capabilities)) if target.capabilities is not None else None,
        digest=info.digest,
        family=info.family,
        parameter_size=info.parameter_size,
        quantization=info.quantization,
        note=_note(core, target),
        output_limit=target.output_limit,
        abilities=_abilities(target) if abilities else None,
        listed_s=round(age, 1) if age is not None else None,
        loads=view.loads,
        last_load_s=round(view.last_load_s, 1) if view.last_load_s is not None else None,
        wanted_by=wanted_by,
        stays_s=round(stays_s, 1),
    )


def _abilities(target: Target) -> dict[str, AbilityStatus]:
    return {feature: AbilityStatus(answer.said, answer.source) for feature, answer in record_of(target).items()}


def _note(core: Core, target: Target) -> str:
    if target.remote:
        allowed = core.generation.settings.providers[target.provider].remote_models
        return "runs in Ollama's cloud" if allowed else "runs in Ollama's cloud; needs remote_models = true"
    if not target.installed:
        return "not installed"
    gets, could = target.stated_window, target.window
    narrow = f"gets {gets:,} of its {could:,} tokens; num_ctx sets more" if gets and could and gets < could else ""
    return core.notes.get(target.name, narrow if target.pins.num_ctx is None else "")
