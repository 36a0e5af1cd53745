"""The engine behind the rehearsed Ollama: loads one model at a time, keeps it for a while, gives out its slots."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import msgspec

from hearth.rehearsal.script import ModelScript, Script, with_tag

FOREVER = timedelta(days=292 * 365.25)
LOAD_OPTIONS = ("num_ctx", "num_batch", "num_gpu", "main_gpu", "use_mmap", "num_thread")


class Load(msgspec.Struct):
    """One load of a model: asked at `started`, whole at `ended`; `ended` None and `killed` if its caller left."""

    model: str
    num_ctx: int
    shift: bool
    started: float
    reload: bool = False
    ended: float | None = None
    killed: bool = False


class QueueFull(Exception):
    """More loads wait than the engine allows."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """How a request wants its model loaded and kept. `load_options` holds only those that it named."""

    load_options: tuple[tuple[str, str], ...] = ()
    num_ctx: int = 0
    shift: bool = True
    keep_alive: float | None = None


class Runner:
    """A loaded model: its window, its free slots, and when it will be unloaded."""

    def __init__(self, model: ModelScript, wish: Wish, num_ctx: int, parallel: int) -> None:
        self.model = model
        self.wish = wish
        self.num_ctx = num_ctx
        self.slots = asyncio.Semaphore(1 if model.embeds else parallel)
        self.users = 0
        self.keep_alive = 0.0
        self.expires_at = datetime.now(UTC)
        self.timer: asyncio.TimerHandle | None = None

    def fits(self, wish: Wish) -> bool:
        """Whether this runner can serve without a reload (wire/ollama §5.1)."""
        return self.wish.load_options == wish.load_options and self.wish.shift == wish.shift


class Engine:
    """Installed and loaded models. `loads` lists every load since the start, `reloads` counts changed options."""

    def __init__(self, script: Script, changed: Callable[[], None] = lambda: None) -> None:
        self.script = script
        self.changed = changed
        self.installed: dict[str, tuple[ModelScript, datetime]] = {}
        self.running: dict[str, Runner] = {}
        self.blobs: set[str] = set()
        self.loads: list[Load] = []
        self.reloads = 0
        self._waiting = 0
        self._loader = asyncio.Lock()
        self._freed = asyncio.Event()
        self._may_load = asyncio.Event()
        self._may_load.set()
        self._may_pull = asyncio.Event()
        self._may_pull.set()
        self._install_all()

    def rescript(self, script: Script, *, models: bool) -> None:
        """Go on with another script; `models` replaces what is installed."""
        self.script = script
        if models:
            self.close()
            self.installed.clear()
            self._install_all()

    def _install_all(self) -> None:
        for age, model in enumerate(self.script.models):
            self.install(model, datetime.now(UTC) - timedelta(seconds=60 * age + 60))

    def install(self, model: ModelScript, at: datetime | None = None) -> None:
        """Make a model available, as pull and create do."""
        self.installed[model.full_name.lower()] = (model, at or datetime.now(UTC))

    def remove(self, model: ModelScript) -> None:
        """Forget an installed model, loaded or not."""
        self.unload(model.full_name)
        del self.installed[model.full_name.lower()]

    def find(self, name: str) -> ModelScript | None:
        """The installed model of that name, any case, with or without `:latest` or `:local`."""
        entry = self.installed.get(with_tag(name.removesuffix(":local")).lower())
        return entry[0] if entry else None

    def newest_first(self) -> Iterator[tuple[ModelScript, datetime]]:
        """Installed models in the order in which they are listed."""
        return iter(sorted(self.installed.values(), key=lambda entry: entry[1], reverse=True))

    def loaded(self) -> list[Runner]:
        """Loaded models, the longest remaining life first; one that is still loading is not there."""
        return sorted(self.running.values(), key=lambda runner: runner.expires_at, reverse=True)

    async def runner(self, model: ModelScript, wish: Wish) -> Runner:
        """The loaded model, after a load if need be; leaving meanwhile kills that load."""
        name = model.full_name
        runner = self.running.get(name)
        if runner is None or not runner.fits(wish):
            if self._waiting > self.script.max_queue:
                raise QueueFull
            self._waiting += 1
            try:
                async with self._loader:
                    runner = await self._load(model, wish)
            finally:
                self._waiting -= 1
        self._hold(runner, wish)
        return runner

    async def _load(self, model: ModelScript, wish: Wish) -> Runner:
        name = model.full_name
        runner = self.running.get(name)
        if runner is not None and runner.fits(wish):
            return runner
        load = Load(name, self.window(model, wish), wish.shift, time.monotonic(), reload=runner is not None)
        self.loads.append(load)
        self.changed()
        if runner is not None:
            self.reloads += 1
            await self._until(self._idle(runner))
            self.unload(name)
        await self._make_room()
        try:
            await asyncio.sleep(model.load_seconds)
            await self._may_load.wait()
        except asyncio.CancelledError:
            load.killed = True
            raise
        finally:
            self.changed()
        load.ended = time.monotonic()
        runner = Runner(model, wish, load.num_ctx, self.script.parallel)
        runner.keep_alive = self.script.keep_alive
        self.running[name] = runner
        return runner

    @contextmanager
    def loads_held(self) -> Iterator[None]:
        """As long as this lasts no load becomes whole, so that nobody need guess how long one must take."""
        self._may_load.clear()
        try:
            yield
        finally:
            self._may_load.set()

    @contextmanager
    def pulls_held(self) -> Iterator[None]:
        """As long as this lasts a pull has begun to count and stays there, so that whoever looks has time to see it."""
        self._may_pull.clear()
        try:
            yield
        finally:
            self._may_pull.set()

    async def may_pull(self) -> None:
        """Wait until a pull may go on."""
        await self._may_pull.wait()

    def window(self, model: ModelScript, wish: Wish) -> int:
        """The context window in tokens that a request gets: asked, Modelfile, default; never more than was trained."""
        return min(wish.num_ctx or model.num_ctx or self.script.default_num_ctx, model.context_length)

    async def _make_room(self) -> None:
        while len(self.running) >= self.script.max_loaded:
            idle = [runner for runner in self.running.values() if not runner.users]
            if idle:
                self.unload(min(idle, key=lambda runner: runner.expires_at).model.full_name)
            else:
                await self._until(self._has_room)

    def _has_room(self) -> bool:
        fewer = len(self.running) < self.script.max_loaded
        return fewer or any(not runner.users for runner in self.running.values())

    @staticmethod
    def _idle(runner: Runner) -> Callable[[], bool]:
        return lambda: runner.users == 0

    async def _until(self, ready: Callable[[], bool]) -> None:
        """Only the one loader waits here, so one event is enough."""
        while not ready():
            self._freed.clear()
            await self._freed.wait()

    def unload(self, name: str) -> None:
        """Forget a loaded model."""
        runner = self.running.pop(name, None)
        if runner is not None and runner.timer is not None:
            runner.timer.cancel()
        self._freed.set()

    def _hold(self, runner: Runner, wish: Wish) -> None:
        runner.users += 1
        if wish.keep_alive is not None:
            runner.keep_alive = wish.keep_alive
        if runner.timer is not None:
            runner.timer.cancel()
            runner.timer = None
        self._stamp(runner)

    def release(self, runner: Runner) -> None:
        """A request is done with its model; the timer of keep_alive starts with the last one."""
        runner.users -= 1
        if runner.users == 0:
            self._stamp(runner)
            self._start_timer(runner)
        self._freed.set()

    @staticmethod
    def _stamp(runner: Runner) -> None:
        life = FOREVER if runner.keep_alive < 0 else timedelta(seconds=min(runner.keep_alive, FOREVER.total_seconds()))
        runner.expires_at = datetime.now(UTC) + life

    def _start_timer(self, runner: Runner) -> None:
        name = runner.model.full_name
        if self.running.get(name) is not runner or runner.keep_alive < 0:
            return
        if runner.keep_alive == 0:
            self.unload(name)
            return
        loop = asyncio.get_running_loop()
        runner.timer = loop.call_later(min(runner.keep_alive, 86_400.0 * 20), self.unload, name)

    def close(self) -> None:
        """Unload everything, so that no timer outlives the rehearsal."""
        for name in list(self.running):
            self.unload(name)
