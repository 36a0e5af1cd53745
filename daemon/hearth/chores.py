"""What the daemon does beside its calls: a part that fails is begun again, ever later, and status says so (F39)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from time import monotonic

log = logging.getLogger("hearth")

Work = Callable[[], Coroutine[object, object, object]]
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0


class Chores:
    """Tasks of the daemon's own, each with a name."""

    def __init__(self, first_pause_s: float = FIRST_PAUSE_S) -> None:
        """Nothing runs yet."""
        self.ailing: dict[str, str] = {}
        """The parts that failed and were not well since, and how they failed."""
        self._first_pause_s = first_pause_s
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, name: str, work: Work) -> None:
        """Run something until it returns; if it raises it is begun again after a pause."""
        task = asyncio.create_task(self._see_to(name, work), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def end(self) -> None:
        """End all of them."""
        for task in [*self._tasks]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _see_to(self, name: str, work: Work) -> None:
        pause = self._first_pause_s
        while True:
            began = monotonic()
            try:
                await self._tried(name, work)
            except Exception as error:
                log.exception("%s failed and is begun again in %.0f s", name, pause)
                self.ailing[name] = f"{type(error).__name__}; the log has more"
            else:
                self.ailing.pop(name, None)
                return
            if monotonic() - began > LONGEST_PAUSE_S:
                pause = self._first_pause_s
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    async def _tried(self, name: str, work: Work) -> None:
        """Run it once; what has run for a while is well again, although it has not ended."""
        healed = asyncio.get_running_loop().call_later(LONGEST_PAUSE_S, self.ailing.pop, name, None)
        try:
            await work()
        finally:
            healed.cancel()
