"""When a call may go to a local model: its slots, a bounded queue, one loader, and the newest keystroke first.

A lane belongs to one model and outlives reloads. Loading is the lane's own task: callers wait for it, may leave or
overflow meanwhile, and never end it; else a model that loads for longer than anybody's patience would never become
warm (design §4).
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TYPE_CHECKING

from hearth.outbound.lane_values import LaneView, Lesson
from hearth.outbound.residents import Residents
from hearth.outbound.tickets import Overflow, Ticket, Waiter, supersede
from hearth.outbound.unread import Unread
from hearth.problems import Internal, Overloaded, Problem, QueueFull
from hearth.routing.world import TargetState

if TYPE_CHECKING:
    from hearth.routing.expected import Learned

log = logging.getLogger("hearth.lanes")

Loader = Callable[[], Awaitable[float]]
"""Loads the lane's model with its pinned options; returns until when (monotonic seconds) it stays loaded."""


class Lane:
    """The queue before one model. All methods run on the event loop; none blocks it."""

    def __init__(self, name: str, engine: Residents, learned: Learned) -> None:
        """Start without a loader: the model counts as always loaded. `engine` says when it may be loaded."""
        self.name = name
        self.slots = 1
        self.limit = 32
        self.learned = learned
        self.loads = 0
        self.last_load_s: float | None = None
        self.gpu_share: float | None = None
        self.learned_at = 0.0
        self.known_warm_at = 0.0
        """When we last saw for ourselves whether the model is loaded; what was heard before says nothing any more."""
        self.load_problem: Problem | None = None
        self._loader: Loader | None = None
        self.gives_way = False
        """Whether another model's turn has come: nobody more is let in to this one."""
        self.typed = False
        """Whether only autocompletions have asked for it to be loaded."""
        self.engine = engine
        self.unread = Unread(engine)
        engine.add(self)
        self._active: set[Ticket] = set()
        self._waiters: deque[Waiter] = deque()
        self._loading: asyncio.Task[None] | None = None
        self._loading_since: float | None = None
        self.warm_until = 0.0
        """Until when (monotonic seconds) the engine keeps the model, as far as we know."""
        self._lets_go = False

    def configure(self, slots: int, limit: int, loader: Loader | None, *, lets_go: bool = False) -> None:
        """Take over what a new config says; calls in flight and in the queue stay.

        `lets_go`: the engine lets go of the model as soon as nobody uses it.
        """
        self.slots, self.limit, self._loader, self._lets_go = slots, limit, loader, lets_go
        self._pump()

    @property
    def warm(self) -> bool:
        """Whether the model is loaded, as far as we know."""
        if self.gives_way:
            return False
        return self._loader is None or bool(self._active) or self.warm_until > monotonic()

    @property
    def in_flight(self) -> int:
        """How many calls hold a slot."""
        return len(self._active)

    @property
    def idle(self) -> bool:
        """Whether nobody uses, waits for or loads this model."""
        return not self._active and not self._waiters and self._loading is None

    @property
    def talks(self) -> bool:
        """Whether it answers anything but autocompletions."""
        return any(not ticket.group for ticket in self._active)

    def view(self) -> LaneView:
        """Return the lane's state as frozen values."""
        return LaneView(
            self.slots,
            len(self._active),
            len(self._waiters),
            self.limit,
            self.warm,
            self._loading_since,
            self.loads,
            self.last_load_s,
        )

    def state(self, resting_until: float, why: str, code: str = "") -> TargetState:
        """Return what a plan must know of the lane's model, beside its rest."""
        warm = self.warm
        held_s, held_by = (0.0, "") if warm else self.engine.held(self)
        talk_s, talk_by = (0.0, "") if warm else self.engine.held(self, typed=True)
        return TargetState(
            loaded=warm,
            loading_since=self._loading_since,
            in_flight=len(self._active),
            queued=len(self._waiters),
            slots=self.slots,
            resting_until=resting_until,
            rest_reason=why,
            rest_code=code,
            held_s=held_s,
            held_by=held_by,
            talk_s=talk_s,
            talk_by=talk_by,
            unread_s=self.unread.rest(monotonic()) if self.unread.until else 0.0,
            gpu_share=self.gpu_share,
            learned=self.learned,
        )

    def note_loaded(self, until: float) -> None:
        """Say that the engine reports the model as loaded until then (monotonic seconds; 0 means that it is not)."""
        self.warm_until = until

    def gone(self) -> None:
        """Count as not loaded: another model has the place. Who waits for this one has it loaded in its turn."""
        self.gives_way, self.warm_until, self.known_warm_at = False, 0.0, monotonic()
        self._pump()

    def enter_at_once(self, ticket: Ticket) -> bool:
        """Take a slot if one is free and nobody waits."""
        if self._waiters or len(self._active) >= self.slots or not self.warm:
            return False
        self._admit(ticket)
        return True

    async def enter(self, ticket: Ticket, patience: float | None) -> None:
        """Wait for a slot of the loaded model.

        Raises `QueueFull`, `Overflow` when `patience` (seconds; None waits for ever) runs out, or the problem
        that loading ended in.
        A cancelled caller leaves the queue at once.
        """
        if self.enter_at_once(ticket):
            return
        freed = supersede(ticket, self._waiters, self._active, self.slots)
        if len(self._waiters) >= self.limit + max(self.slots - len(self._active), 0) + freed:
            waiting = len(self._waiters)
            raise QueueFull(
                f"{self.name} has a full queue: {waiting} {'call waits' if waiting == 1 else 'calls wait'} already.",
                next_step="Try again in a moment, or raise queue under [busy].",
                retry_after=1.0,
            )
        await self._wait(ticket, patience)

    async def _wait(self, ticket: Ticket, patience: float | None) -> None:
        waiter = Waiter(ticket, asyncio.get_running_loop().create_future())
        self.typed = bool(ticket.group) and (self.typed or not self._waiters)
        ticket.position = len(self._waiters) + 1
        self._waiters.append(waiter)
        self._pump()
        try:
            async with asyncio.timeout(patience):
                await waiter.future
        except TimeoutError:
            self._give_up(waiter)
            raise Overflow from None
        except BaseException:
            self._give_up(waiter)
            raise

    def _give_up(self, waiter: Waiter) -> None:
        waiter.ticket.position = 0
        if waiter in self._waiters:
            self._waiters.remove(waiter)
            self._move_up()
        if waiter.ticket in self._active:
            self.leave(waiter.ticket)

    def leave(self, ticket: Ticket) -> None:
        """Give the slot back; harmless when it was never taken."""
        self._active.discard(ticket)
        if self._lets_go and not self._active:
            self.warm_until, self.known_warm_at = 0.0, monotonic()
        self._pump()

    def learn(self, lesson: Lesson) -> None:
        """Take over what an attempt showed: times, and that the engine keeps the model for a while after it."""
        now = monotonic()
        self.warm_until = max(self.warm_until, lesson.stays_until)
        self.known_warm_at = now
        if self.unread.until:
            lesson = self.unread.heard(lesson, self.learned, now)
        self.learned = lesson.taught(self.learned, now)

    def _admit(self, ticket: Ticket) -> None:
        ticket.position = 0
        self._active.add(ticket)

    def _pump(self) -> None:
        if not self._waiters:
            return
        if not self.warm:
            self.warm_up()
            return
        while self._waiters and len(self._active) < self.slots:
            waiter = self._waiters.popleft()
            if not waiter.future.done():
                self._admit(waiter.ticket)
                waiter.future.set_result(None)
        self._move_up()

    def _move_up(self) -> None:
        """Tell those who wait their places."""
        for place, waiter in enumerate(self._waiters, 1):
            waiter.ticket.position = place

    def warm_up(self) -> asyncio.Task[None] | None:
        """Start loading unless it is loaded or loading; returns the task that loads, whoever waits for it or leaves."""
        if self._loading is None and not self.warm:
            self._loading = asyncio.create_task(self._load(), name=f"load {self.name}")
        return self._loading

    async def loaded(self) -> None:
        """Wait until the model is loaded; the load goes on if the caller leaves.

        Raises the problem that loading ended in.
        """
        self.typed = False
        task = self.warm_up()
        if task is not None:
            await asyncio.shield(task)
        if self.load_problem is not None and not self.warm:
            raise self.load_problem

    async def _load(self) -> None:
        asked, (_, held_by) = monotonic(), self.engine.held(self, typed=self.typed)
        try:
            async with self.engine.place(self):
                self._loading_since = monotonic()
                self._say_held(held_by, self._loading_since - asked)
                loader = self._loader
                self.warm_until = await loader() if loader is not None else 0.0
                self.known_warm_at = monotonic()
                self.last_load_s = monotonic() - self._loading_since
                self.loads += 1
                self.learned = self.learned.saw_load(self.last_load_s, monotonic())
                self.load_problem = None
        except Problem as problem:
            self._fail_load(problem)
        except Exception:
            log.exception("loading %s failed inside Hearth", self.name)
            self._fail_load(Internal(f"{self.name} could not be loaded.", next_step="Hearth's log has more."))
        finally:
            self._loading = None
            self._loading_since = None
        self._pump_after_load()

    def _say_held(self, by: str, seconds: float) -> None:
        """Note for those who wait that it was another model's time."""
        for waiter in self._waiters if by else ():
            waiter.ticket.note = f"It waited {seconds:.1f} s while {by} kept its place in the engine's memory."

    def _fail_load(self, problem: Problem) -> None:
        self.load_problem = problem
        self._fail_waiters(problem)

    def _pump_after_load(self) -> None:
        """Hand out the slots; a model that is not warm now failed to load, and its waiters have been told."""
        if self.warm:
            self._pump()
        elif self._waiters and not self.gives_way:
            self._fail_waiters(Overloaded(f"{self.name} was unloaded again at once.", retry_after=1.0))

    def _fail_waiters(self, problem: Problem) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.future.done():
                waiter.future.set_exception(problem)

    async def close(self) -> None:
        """End a load in progress: the daemon stops."""
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.gather(self._loading, return_exceptions=True)
