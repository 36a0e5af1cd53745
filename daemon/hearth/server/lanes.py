"""The lanes of all local models: made when a model is first asked, set anew by a reload, fed with what calls show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from msgspec import Struct

from hearth.outbound.lanes import Lane
from hearth.outbound.loading import lets_go_at_once, load_model
from hearth.outbound.residents import Beside, Pair, Residents
from hearth.problems import Problem
from hearth.routing.expected import estimate_tokens
from hearth.routing.targets import same_name
from hearth.server.gpu_notes import GpuNotes, gpu_share

if TYPE_CHECKING:
    from hearth.outbound.upstream import Upstream
    from hearth.routing.targets import Target
    from hearth.server.core import Core

DEFAULT_SLOTS = {"ollama": 1}
"""Ollama runs one call a model unless told otherwise (OLLAMA_NUM_PARALLEL); the others serve several."""
OTHER_SLOTS = 1024
"""How many the others serve at once is theirs to say.

They queue by themselves, and we cannot see where they begin to.
"""
MOST = 500
"""From so many lanes on, those of models that nobody lists are dropped."""
LEARN_EVERY_S = 0.05
"""Lessons of calls that end closer together are left out: they say the same."""
LoadOptions = tuple[int | None, bool | None]
"""`num_ctx` and `shift` as they are pinned: where a call's differ, Ollama loads the model again (wire/ollama §5.1)."""


class _Load(Struct):
    """Our last load of a model: the options that decide whether a call needs another, and the window it was given."""

    options: LoadOptions
    window: int | None = None


class Lanes(Mapping[str, Lane]):
    """The lanes there are, by the names of their targets."""

    def __init__(self, core: Core) -> None:
        """Have none yet."""
        self._core = core
        self._lanes: dict[str, Lane] = {}
        self._engines: dict[str, Residents] = {}
        self._loads: dict[str, _Load] = {}
        self._gpu = GpuNotes(core)
        self.get = self._lanes.get  # type: ignore[method-assign]  # asked for each target of each plan

    def __getitem__(self, name: str) -> Lane:
        """Return the lane of a target."""
        return self._lanes[name]

    def __iter__(self) -> Iterator[str]:
        """Yield the targets that have a lane."""
        return iter(self._lanes)

    def __len__(self) -> int:
        """Count them."""
        return len(self._lanes)

    def of(self, target: Target) -> Lane | None:
        """Return the lane of a model on this machine, or of one whose slots the config limits; None for any other."""
        found = self._lanes.get(target.name)
        if found is not None:
            return found
        if target.place != "machine" and target.settings.slots is None:
            return None
        if target.provider not in self._core.generation.providers:
            return None  # a reload has removed it, and an older call still asks it
        if len(self._lanes) >= MOST:
            self._forget_strangers()
        if (same := self._spelled_otherwise(target)) is not None:
            return same
        engine = self._engines.setdefault(target.provider, Residents())
        lane = self._lanes[target.name] = Lane(target.name, engine, self._core.learned.of(target.name))
        self._configure(lane, target)
        return lane

    def _spelled_otherwise(self, target: Target) -> Lane | None:
        """Return the lane that an Ollama's model has under other capitals: before it is listed, nobody knows which."""
        if target.dialect != "ollama":
            return None
        wanted = _folded(target.name)
        name = next((name for name in self._lanes if _folded(name) == wanted), "")
        if not name:
            return None
        lane = self._lanes[name]
        self._lanes[target.name] = lane
        if target.listed:
            lane.engine.forget(lane)
            lane.name = target.name
            lane.engine.add(lane)
        if name in self._loads:
            self._loads[target.name] = self._loads[name]
        return lane

    def _forget_strangers(self) -> None:
        """Drop the lanes of names that nobody lists, once there are many: a client may ask for what does not exist."""
        known = self._core.catalog.targets
        for name, lane in list(self._lanes.items()):
            if name not in known and lane.idle and not lane.warm:
                del self._lanes[name]
                self._loads.pop(name, None)
                if lane.name == name:
                    lane.engine.forget(lane)

    def take_over(self, targets: Mapping[str, Target]) -> None:
        """Set the lanes of these targets anew: the config has changed."""
        for name, lane in self._lanes.items():
            target = targets.get(name)
            if target is not None:
                self._configure(lane, target)

    def _configure(self, lane: Lane, target: Target) -> None:
        core = self._core
        slots = target.settings.slots or DEFAULT_SLOTS.get(target.dialect, OTHER_SLOTS)
        loads = target.dialect == "ollama" and not target.remote
        engine = core.target(target.provider)
        residents = self._engines[target.provider]
        residents.stay = core.generation.settings.busy.stay
        before = self._loads.get(target.name)
        if before is not None and before.options != _options(target):
            del self._loads[target.name]
            lane.note_loaded(0.0)

        async def load() -> float:
            current = core.catalog.targets.get(target.name, target)
            beside = residents.beside(lane)
            try:
                until = await load_model(engine, current, core.pool, core.keys)
            except Problem as problem:
                self._load_failed(target, problem)
                raise
            self._loads[target.name] = ours = _Load(_options(current))
            residents.look(self._see_load(lane, current, ours, beside))
            return until

        lets_go = lets_go_at_once(target.pins.keep_alive)
        lane.configure(slots, core.generation.settings.busy.queue, load if loads else None, lets_go=lets_go)

    async def _see_load(self, lane: Lane, target: Target, load: _Load, beside: Beside) -> None:
        """Learn what our own load led to: its window, which need not be what was asked for, and who had to go."""
        listing = await self._core.inventory.refresh(target.provider)
        load.window = next((one.loaded_window for one in listing.models if one.name == target.model), None)
        residents, targets = self._engines[target.provider], self._core.catalog.targets.values()
        torn = residents.saw(lane, beside, {one.name for one in targets if one.loaded})
        await residents.settle(torn, partial(self._core.inventory.refresh, target.provider))

    def _is_ours(self, target: Target) -> bool:
        """Whether a model is loaded as our calls need it; somebody else may have loaded it with another window."""
        if target.pins.num_ctx is None or target.loaded_window is None:
            return True
        ours = self._loads.get(target.name)
        return target.loaded_window == ((ours and ours.window) or target.usable_window)

    def _load_failed(self, target: Target, problem: Problem) -> None:
        """A load is nobody's attempt, yet it shows as much of its engine as an attempt does."""
        self._core.health.failed(target.name, problem)
        self._core.inventory.doubt(target.provider, problem)
        self._core.events.say("load_failed", model=target.name, problem=problem.kind, why=problem.text[:300])

    def note_loaded(self, target: Target) -> None:
        """Take over what the inventory has seen of a model, unless its lane knows something newer."""
        lane = self._lanes.get(target.name)
        if lane is None and not target.loaded:
            return
        lane = lane or self.of(target)
        inventory = self._core.inventory
        heard_at = inventory.inventory.of(target.provider).checked_at
        if lane is None:
            return
        lane.gpu_share = gpu_share(target)
        self._gpu.see(target, lane.gpu_share)
        if lane.idle and heard_at > lane.known_warm_at:
            until = inventory.loaded_until(target) if target.loaded and self._is_ours(target) else 0.0
            lane.note_loaded(until)

    def kept_from(self, target: Target) -> tuple[float, tuple[str, ...]]:
        """Return for how many seconds a model keeps its place from others that want it, and their names."""
        lane = self._lanes.get(target.name)
        return self._engines[target.provider].kept_from(lane) if lane is not None else (0.0, ())

    def apart(self) -> Iterator[Pair]:
        """Yield the models that engines were found not to hold together, and when."""
        for engine in self._engines.values():
            yield from engine.apart()

    def recall(self, pair: Pair) -> None:
        """Take over from an earlier run that an engine does not hold two models together."""
        provider = pair[0].partition("/")[0]
        if provider in self._core.generation.providers and pair[1].startswith(f"{provider}/"):
            self._engines.setdefault(provider, Residents()).recall(pair)

    def learn(self, upstream: Upstream) -> None:
        """Let a lane learn from an attempt that has ended, or what stands for it where a target has none."""
        name = upstream.candidate.target.name
        lane = self._lanes.get(name)
        if lane is None:
            self._core.learned.learn(name, upstream.lesson)
            return
        if upstream.asked.call.outline.keep_alive is not None and upstream.destination.pins.keep_alive is None:
            self._perhaps_let_go(upstream)
        now = monotonic()
        if now - lane.learned_at >= LEARN_EVERY_S:
            lane.learned_at = now
            lane.learn(upstream.lesson())
            if upstream.asked.call.task == "chat":
                lane.engine.talked(lane)

    def abandoned(self, upstream: Upstream) -> None:
        """Say that an attempt was broken off before its engine had answered anything."""
        target = upstream.candidate.target
        lane = self._lanes.get(target.name)
        if lane is not None and target.dialect == "ollama":
            outline = upstream.asked.call.outline
            lane.unread.left(lane.learned, estimate_tokens(outline), upstream.sent_ns / 1e9)

    def _perhaps_let_go(self, upstream: Upstream) -> None:
        """A caller may say that the model it used is to be unloaded: then its engine is asked what it holds."""
        if lets_go_at_once(upstream.asked.call.outline.keep_alive):
            self._core.soon(self._look_again(upstream.candidate.target))

    async def _look_again(self, target: Target) -> None:
        listing = await self._core.inventory.refresh(target.provider)
        now, lane = self._core.catalog.targets.get(target.name, target), self._lanes.get(target.name)
        if lane is not None and lane.idle and listing.checked_at > lane.known_warm_at and not now.loaded:
            lane.note_loaded(0.0)


def _folded(name: str) -> tuple[str, str]:
    """Return what all spellings of one Ollama model have in common: provider, and model without capitals or tag."""
    provider, _, model = name.partition("/")
    return provider, same_name(model)


def _options(target: Target) -> LoadOptions:
    return target.pins.num_ctx, target.pins.shift
