"""What outlives a reload, in one place for the handlers.

Pool, keys, lanes, senses, ledger, calls in flight, and a reference to the generation of now.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import cached_property
from time import monotonic, strftime, time
from typing import TYPE_CHECKING

from hearth.call import Call, Mode, tightest
from hearth.metrics.figures import Figures
from hearth.outbound.consequences import RetryBudget
from hearth.outbound.egress import Egress
from hearth.outbound.loading import ask_engine
from hearth.problems import Problem
from hearth.routing.catalog import Catalog
from hearth.routing.inventory import Inventory
from hearth.routing.plan import Plan, plan
from hearth.routing.world import World
from hearth.senses.probing import Prober
from hearth.server.activity import ActivityWatch
from hearth.server.app_limits import quotas
from hearth.server.choosing import Choosing
from hearth.server.control.sums import Reckoner
from hearth.server.cut_prompts import watch_window
from hearth.server.events import Events
from hearth.server.kept_bodies import keep_bodies
from hearth.server.lanes import Lanes
from hearth.server.learned import LearnedTimes
from hearth.server.learned_kept import save
from hearth.server.live import LiveCalls
from hearth.server.probes import CorePatients
from hearth.server.provider_state import ProviderState
from hearth.server.pulls import Pulls
from hearth.server.remembered import Remembered
from hearth.server.states import world_of
from hearth.server.till import Till
from hearth.server.ui.sessions import Sessions
from hearth.server.wished_windows import WishedWindows

if TYPE_CHECKING:
    from pathlib import Path

    from hearth.bodies.bodies import Bodies
    from hearth.dialects.dialect import Head, HttpRequest
    from hearth.generation import Generation, ProviderRuntime
    from hearth.ledger.ledger import Ledger
    from hearth.outbound.keys.pool import Keys
    from hearth.outbound.pool import Pool
    from hearth.outbound.upstream import Upstream
    from hearth.routing.plan import Candidate
    from hearth.routing.targets import Target
    from hearth.senses.health import HealthSense
    from hearth.senses.inventory import InventorySense
    from hearth.senses.load import LoadSense
    from hearth.senses.switches import Switches
    from hearth.server.caching import Caching

QUESTION_S = 10.0
"""How long a provider may take to say what it has."""


async def _cannot_reload() -> str:
    return "This daemon was started without a config file to read again."


def _cannot_stop() -> None:
    return None


class Core:
    """The daemon's living parts. One object; the event loop's alone."""

    cache: Caching | None = None
    """The answer cache, while the config wants one."""
    config_error = ""
    ailing: dict[str, str] | None = None
    """Parts of the daemon that failed and are begun again, and how they failed (F39)."""
    reloads = 0
    stand_in = ""
    """The address of the stand-in engine while it answers for a missing Ollama, else ""."""
    answers_in: tuple[Path, Path] | None = None
    """Where answers are kept: a database, and the key to its names."""

    bodies: Bodies | None = None
    """Where what is said is kept, while the config wants that."""
    said: Bodies | None = None
    """The same, also while it is off and an earlier time has left something."""
    bodies_in: Path | None = None

    def __init__(
        self,
        *,
        generation: Generation,
        pool: Pool,
        keys: Keys,
        load: LoadSense,
        inventory: InventorySense,
        health: HealthSense,
        switches: Switches,
        ledger: Ledger,
    ) -> None:
        """Take the parts that the daemon made."""
        self.generation = generation
        self.pool = pool
        self.keys = keys
        self.load = load
        self.inventory = inventory
        self.health = health
        self.switches = switches
        self.ledger = ledger
        self.retries = RetryBudget()
        self.events = Events()
        self.keys.say = self.events.say
        self.calls = LiveCalls()
        self.calls.moved = ActivityWatch(self.calls, self.events).poke
        self.sealed = ProviderState(self.keys.belongings.belong)
        self.remembered = Remembered()
        self.learned = LearnedTimes()
        self.lanes = Lanes(self)
        self.choosing = Choosing(self)
        self.pulls = Pulls(self)
        self.sessions = Sessions()
        self.reckoner = Reckoner(self)
        self.app_limits = quotas(generation.settings.apps, None)
        self.started = monotonic()
        self.listening: list[str] = []
        self.loaded_at = time()
        self.notes: dict[str, str] = {}
        """What a person should know of a target, by name: that a newer version was seen, that its prompts were cut."""
        self.wished = WishedWindows(self.events.say)
        self._digests: dict[str, str] = {}
        self.reload: Callable[[], Awaitable[str]] = _cannot_reload
        """Reads the config again; set by the daemon. Returns what is wrong with it, "" when it was taken over."""
        self.ask_to_stop: Callable[[], None] = _cannot_stop
        self.refused_callers: dict[str, int] = {}
        self._beside: set[asyncio.Future[object]] = set()
        self.catalog = Catalog(generation.settings, Inventory(), switches.default_model(generation.settings))
        self.till = Till(self)
        self.keys.spent = self.till.purse.key_spent

    @cached_property
    def figures(self) -> Figures:
        """What the calls since start add up to."""
        return Figures()

    @cached_property
    def prober(self) -> Prober:
        """Who looks at providers while nobody asks them anything."""
        return Prober(CorePatients(self))

    # The config and the switches.

    @property
    def mode(self) -> Mode:
        """The tightest of the file's ceiling and the run-time switch."""
        switched = self.switches.mode
        return self.generation.settings.mode if switched is None else tightest(self.generation.settings.mode, switched)

    def take_over(self, generation: Generation) -> None:
        """Make a new generation the one that new calls use.

        Calls in flight keep theirs, save what a tighter mode forbids.
        """
        self.generation = generation
        self.app_limits = quotas(generation.settings.apps, self.app_limits)
        self.keep_answers()
        keep_bodies(self)
        self.config_error = ""
        self.apply_mode()
        self.rebuild_catalog()
        self.lanes.take_over(self.catalog.targets)

    def keep_answers(self, files: tuple[Path, Path] | None = None) -> None:
        """Keep answers as the config of now says, in these files or those named before."""
        self.answers_in = files or self.answers_in
        wanted = self.generation.settings.cache
        if self.answers_in is not None and (self.cache or "exact" in (wanted.answers, wanted.embeddings)):
            from hearth.server.caching import caching  # not before somebody wants it: it brings a database along

            self.cache = caching(self, *self.answers_in)

    def apply_mode(self) -> int:
        """Let the mode of now hold for what is under way too; returns how many calls and pulls that ended."""
        self.prober.wake()
        egress: Egress = self.pool.egress.at(self.mode, self.generation.host_names)
        return self.pool.use(egress) + self.calls.end_forwarded(egress) + self.pulls.end_forbidden(egress)

    def rebuild_catalog(self) -> None:
        """Read names anew: settings, inventory or the chosen default have changed."""
        settings = self.generation.settings
        self.catalog = Catalog(settings, self.inventory.inventory, self.switches.default_model(settings))
        for name, runtime in self.generation.providers.items():
            runtime.heed(self.inventory.inventory.of(name))
        for target in self.catalog.targets.values():
            self._note_digest(target)
            self.lanes.note_loaded(target)
        self.till.take_over()

    def _note_digest(self, target: Target) -> None:
        """Remember what a name stood for, and say so when it has come to stand for something else."""
        digest = target.info.digest
        before = self._digests.get(target.name, digest)
        if digest:
            self._digests[target.name] = digest
        if digest and before != digest:
            self.notes[target.name] = f"a newer version (digest {digest[:12]}) was seen at {strftime('%Y-%m-%d %H:%M')}"
            self.events.say("model_changed", model=target.name, digest=digest[:12])

    async def fetch(self, provider: str, request: HttpRequest) -> tuple[Head, bytes]:
        """Ask a provider one question of Hearth's own. Raises the `Problem` that kept it from an answer."""
        return await ask_engine(self.target(provider), request, self.pool, self.keys, first_s=QUESTION_S)

    async def refresh_engines(self) -> None:
        """Ask every engine on this machine what it has loaded now."""
        near = [name for name, runtime in self.generation.providers.items() if runtime.place == "machine"]
        await asyncio.gather(*(self.inventory.refresh(name) for name in near))

    def soon(self, work: Coroutine[object, object, object]) -> None:
        """Do something beside the calls; what goes wrong with it is told in the log alone."""
        task = asyncio.ensure_future(work)
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    # Planning.

    def plan(self, call: Call) -> Plan:
        """Decide whom a call may try, from what is known at this moment."""
        self.health.check_suspend()
        if self.keys.in_doubt:
            for provider, usable in self.keys.recount(self.generation.providers):
                self.health.keys_usable(provider, usable)
        self.inventory.wanted()
        resolution = self.catalog.resolve(call.outline.model, call.task)
        if resolution.moves or resolution.kinds:
            return self.choosing.plan(call, resolution)
        return plan(call, resolution, self.world(), self.generation.settings, self.catalog.targets.values())

    def world(self) -> World:
        """Return everything a plan looks at, as of now."""
        return world_of(self)

    def warm(self, made: Plan) -> None:
        """Start what the plan wants for the next call: its turn, models to be loaded here, models to be fetched."""
        self.choosing.taken(made)
        for missing in made.pulls:
            self.pulls.background(missing)
        for target in made.warm:
            lane = self.lanes.of(target)
            if lane is not None:
                lane.warm_up()

    # What an answer needs.

    def target(self, provider: str) -> ProviderRuntime:
        """Return a provider of the generation of now."""
        return self.generation.providers[provider]

    def rest_s(self, candidate: Candidate) -> float:
        """Return for how many seconds a candidate still rests; 0 or less when it does not."""
        return self.health.target_rest(candidate.target.name)[0] - monotonic()

    def trying(self, upstream: Upstream) -> None:
        """Take note that an attempt begins: the first one after a rest is a probe."""
        name = upstream.candidate.target.name
        self.health.trying(name)
        self.learned.began(name)

    def left(self, upstream: Upstream) -> None:
        """Take note that an attempt has ended, however it did."""
        self.learned.left(upstream.candidate.target.name)

    def noticed(self, upstream: Upstream, problem: Problem | None) -> None:
        """Take note of how an attempt ended: for health, learned times, and the alarm about cut prompts."""
        target = upstream.candidate.target
        if problem is None:
            self.health.succeeded(target.name)
            due = self.learned.ended(target.name, well=True)
        else:
            of_key = self.keys.of_one(upstream.target.settings, upstream.credential.id, problem, target.model)
            against = not of_key and self.health.failed(target.name, problem)
            due = against and self.learned.ended(target.name, well=False)
            self.inventory.doubt(target.provider, problem, target.model)
        if upstream.candidate.conversation:
            self.choosing.ended(upstream.candidate, problem)
        self.lanes.learn(upstream)
        watch_window(self, upstream)
        if due:
            save(self)
