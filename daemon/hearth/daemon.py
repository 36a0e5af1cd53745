"""The composition root: start, reload, drain, stop.

What survives a reload is made here and handed to `Core`: the listeners and their connections, the pool and what was
contacted, the keys' rests and counts, the lanes with their queues and loads, health, inventory and load senses, the
switches, the usage log, the calls in flight. All else belongs to a generation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from time import time
from typing import TYPE_CHECKING

from hearth.chores import Chores
from hearth.generation import Generation
from hearth.ledger.ledger import Ledger
from hearth.outbound.egress import Egress
from hearth.outbound.home_names import near_names
from hearth.outbound.keys.pool import Keys
from hearth.outbound.pool import Pool
from hearth.outbound.tokens import Tokens
from hearth.problems import ShuttingDown
from hearth.routing.modes import REACH
from hearth.sealing.held import as_started
from hearth.senses.given_windows import GivenWindows
from hearth.senses.health import HealthSense
from hearth.senses.inventory import InventorySense
from hearth.senses.load import LoadSense
from hearth.senses.switches import Switches
from hearth.server.addresses import moved
from hearth.server.app import Application
from hearth.server.connection import Patience
from hearth.server.core import Core
from hearth.server.doors import Doors
from hearth.server.exporting import observe
from hearth.server.guard import Rules
from hearth.server.kept_bodies import keep_bodies
from hearth.server.key_counts import recall_keys
from hearth.server.learned_kept import restore, save
from hearth.server.seals_kept import SealsKept
from hearth.server.sockets import InstanceLock
from hearth.server.tokens import known_tokens, tokens_for_now
from hearth_config.changes import changed
from hearth_config.errors import ConfigError
from hearth_config.load import Loaded, load
from hearth_config.secrets import Secret
from hearth_config.watch import watch

if TYPE_CHECKING:
    from hearth.call import Place
    from hearth.dialects.dialect import Head, HttpRequest
    from hearth.routing.inventory import Inventory
    from hearth.sealing.seal import Seal
    from hearth_config.paths import Paths

DRAIN_S = 20.0
"""How long calls in flight may go on once the daemon was asked to stop (F35)."""
FAREWELL_S = 1.0
LEDGER_S = 5.0


class Daemon:
    """One running Hearth."""

    def __init__(
        self,
        paths: Paths,
        loaded: Loaded,
        environ: dict[str, str],
        *,
        patience: Patience | None = None,
        seal: Seal | None = None,
    ) -> None:
        """Make all parts; nothing listens, dials or is written yet. `patience` is what slow clients are given.

        `seal` is closed when the addresses are open: from then on the kernel holds mode offline.
        """
        self.paths = paths
        self.seal = seal
        self.environ = environ
        self.undressed = loaded
        """The config as the files say it, without a stand-in."""
        self.loaded = loaded = as_started(loaded, sealed=seal is not None)
        self.dress: Callable[[Loaded], Loaded] = lambda loaded: loaded
        self.stopping = asyncio.Event()
        self.pool = Pool(Egress(loaded.settings.mode, seal=seal))
        self.switches = Switches(paths.state_file)
        self.ledger = Ledger(paths.database, keep_s=loaded.settings.usage.keep)
        self.load = LoadSense()
        self.health = HealthSense(self._resumed)
        self.windows = GivenWindows(paths.state_dir)
        senses = (self._fetch, self._inventory_changed, self._may_ask, self._reached, self.windows.of)
        self.inventory = InventorySense(*senses)
        generation = Generation(loaded, self.pool)
        self.core = self._core_of(generation)
        self.seals = SealsKept(paths.state_dir, self.core.sealed.makers)
        self.core.keep_answers((paths.answers_file, paths.answers_key))
        self.core.reload = self.reload
        self.core.ask_to_stop = self.stopping.set
        self.health.tell = self._tell_health
        self.application = Application(self.core, Rules())
        self.inventory.use(generation.providers)
        self.core.apply_mode()
        self._lock = InstanceLock(paths.lock_file)
        self._doors = Doors(patience or Patience())
        self._listen_as = loaded.settings.listen
        self.chores = Chores()
        self.core.ailing = self.chores.ailing

    def _core_of(self, generation: Generation) -> Core:
        return Core(
            generation=generation,
            pool=self.pool,
            keys=Keys(self._resolve, Tokens(self.pool, lambda: self.loaded.base_dir)),
            load=self.load,
            inventory=self.inventory,
            health=self.health,
            switches=self.switches,
            ledger=self.ledger,
        )

    # What the senses ask for.

    async def _fetch(self, provider: str, request: HttpRequest) -> tuple[Head, bytes]:
        return await self.core.fetch(provider, request)

    def _inventory_changed(self, inventory: Inventory) -> None:
        self.core.rebuild_catalog()
        if self.windows.see(inventory, self.core.generation.settings.providers):
            self.core.soon(self.windows.save())

    def _may_ask(self, place: Place) -> bool:
        return place in REACH[self.core.mode]

    def _reached(self, provider: str, reachable: bool | None, error: str) -> None:  # noqa: FBT001 -- a fact, not a switch
        self.health.reached(provider, reachable=reachable, error=error)

    def _tell_health(self, what: str, who: str, rests_s: float) -> None:
        self.core.events.say(what, target=who, rests_s=round(rests_s, 1))

    def _resumed(self) -> None:
        self.pool.drop_idle()
        self.inventory.distrust()
        self.core.keys.slept(self.health.slept_s)

    def _resolve(self, reference: str) -> Secret:
        return self.loaded.secret(reference)

    # Start.

    async def start(self) -> None:
        """Lock, listen, look around.

        Raises `CannotListen` when another daemon or program is in the way, `CannotSeal` when the kernel refuses.
        """
        self._lock.acquire()
        try:
            self._doors.open(self.loaded.settings.listen, self.paths.socket, self.environ)
            if self.seal is not None:
                self.seal.close()
            self.ledger.start()
            keep_bodies(self.core, self.paths.bodies_file)
            self.core.till.start()
            self._take_rules()
            self.core.listening.extend(await self._doors.listen(self.application))
        except BaseException:
            self._doors.forget()
            self._lock.release()
            raise
        self.chores.begin("what was learned before", partial(restore, self.core))
        self.chores.begin("what keys were used for before", partial(recall_keys, self.core))
        self.chores.begin("the note of who sealed what", self.seals.run)
        self.chores.begin("the look at what engines have", self._look_around)
        self.chores.begin("the look at how providers are", self.core.prober.run)
        self.chores.begin("the watch on the config", self._watch_config)
        self.chores.begin("the figures", partial(observe, self.core))

    def _take_rules(self) -> None:
        generation = self.core.generation
        listen = generation.settings.listen
        ours = tokens_for_now(self.paths.token_file)
        self.core.sessions.use(ours["admin"])
        tokens = known_tokens(ours, generation.app_tokens())
        rules = Rules(listen.trust, frozenset(host.lower() for host in listen.hosts), frozenset(listen.origins), tokens)
        self.application.take_rules(rules)

    async def _look_around(self) -> None:
        await self._look_up_names()
        await self.inventory.start()

    async def _look_up_names(self) -> None:
        if self.core.mode == "offline":
            return
        async for provider, place in near_names(self.core.generation.settings.providers.values(), self.pool):
            self.inventory.looked_up(provider, place)

    # Reload.

    async def _watch_config(self) -> None:
        async for outcome in watch(self.paths, self.environ, self.undressed):
            if isinstance(outcome, ConfigError):
                self._refuse_config(str(outcome))
            else:
                self.take_over(outcome)

    async def reload(self) -> str:
        """Read the config again now; returns what is wrong with it, "" when it was taken over."""
        try:
            loaded = await asyncio.to_thread(load, self.paths, self.environ)
        except ConfigError as error:
            self._refuse_config(str(error))
            return str(error)
        self.take_over(loaded)
        return self.core.config_error

    def _refuse_config(self, said: str) -> None:
        self.core.config_error = said
        self.core.events.say("config_error", said=said)

    def take_over(self, plain: Loaded, *, edited: bool = True) -> None:
        """Build a whole new generation, then swap one reference; nothing changes if it cannot be built.

        `edited`: the user's file is what has changed, which is counted and told.
        """
        loaded = as_started(self.dress(plain), sealed=self.seal is not None)
        try:
            generation = Generation(loaded, self.pool)
        except ValueError as error:
            self._refuse_config(f"{loaded.path}: {error}")
            return
        self.undressed = plain
        before, self.loaded = self.loaded, loaded
        self.ledger.keep(loaded.settings.usage.keep)
        self.core.keys.forget(self._resolve)
        self.core.take_over(generation)
        self.core.loaded_at, self.core.reloads = time(), self.core.reloads + edited
        self.health.keep(generation.providers)
        self.inventory.use(generation.providers)
        self.inventory.wanted()
        self.chores.begin("the look at names", self._look_up_names)
        self.chores.begin("what keys were used for before", partial(recall_keys, self.core))
        self._take_rules()
        if moved(self._listen_as, loaded.settings.listen):
            generation.faults += ("listen: tcp, also and socket take effect at the next start: `hearth restart`.",)
        if edited:
            what = ", ".join(changed(before.settings, loaded.settings)) or "nothing"
            self.core.events.say("config_loaded", path=str(loaded.path), reloads=self.core.reloads, changed=what)

    # Stop.

    async def serve(self) -> None:
        """Wait until asked to stop, then drain and stop."""
        await self.stopping.wait()
        await self.stop()

    async def stop(self) -> None:
        """Take no new connection.

        Let calls in flight finish as far as time allows, end the rest in their dialect, write all down.
        """
        await self._doors.close()
        await self._drain()
        self.core.events.close()
        await self.chores.end()
        await asyncio.gather(self.core.pulls.close(), *([self.core.cache.close()] if self.core.cache else ()))
        await asyncio.gather(*(lane.close() for lane in self.core.lanes.values()))
        await self.inventory.close()
        await self._doors.shut(1.0)
        await self.pool.aclose()
        if self.core.said is not None:
            await self.core.said.close()
        self.load.close()
        save(self.core)
        await asyncio.to_thread(self.ledger.close, LEDGER_S)
        self._doors.forget()
        self._lock.release()

    async def _drain(self) -> None:
        """Wait for the calls in flight; a second request to stop ends them at once."""
        self.stopping.clear()
        again = asyncio.create_task(self.stopping.wait())
        drained = asyncio.create_task(self.core.calls.none_left(DRAIN_S))
        await asyncio.wait({again, drained}, return_when=asyncio.FIRST_COMPLETED)
        for task in (again, drained):
            task.cancel()
        for live in self.core.calls:
            live.kill(ShuttingDown("Hearth is stopping.", retry_after=2.0))
        await self.core.calls.none_left(FAREWELL_S)
