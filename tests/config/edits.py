"""A config folder under watch, and the ways in which editors and tools save a file."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from hearth_config.load import Loaded, load
from hearth_config.paths import Paths
from hearth_config.watch import Outcome, watch

Scenario = Callable[["Edits"], Awaitable[None]]
PATIENCE = 20.0  # the machine may be busy; the promise of a second has a test of its own


class Edits:
    """A config folder under watch, and the outcomes that come of it."""

    def __init__(self, paths: Paths) -> None:
        self.file = paths.config_file
        self.outcomes: asyncio.Queue[Outcome] = asyncio.Queue()
        self._paths = paths

    async def watch(self) -> None:
        current = load(self._paths, {}, allow_missing=True)
        async for outcome in watch(self._paths, {}, current):
            self.outcomes.put_nowait(outcome)

    async def next(self) -> Outcome:
        return await asyncio.wait_for(self.outcomes.get(), PATIENCE)

    async def patience(self) -> float:
        """The new patience: a setting that the tests change."""
        outcome = await self.next()
        assert isinstance(outcome, Loaded), str(outcome)
        return outcome.settings.busy.patience

    async def error(self) -> str:
        return str(await self.next())

    async def nothing(self) -> None:
        await asyncio.sleep(1.5)
        assert self.outcomes.empty()


def seconds(number: int) -> str:
    return f'[busy]\npatience = "{number}s"\n'


def watching(home: Path, scenario: Scenario) -> None:
    """Load what is in `home`, watch it, and run the scenario once the watch is armed."""

    async def run() -> None:
        edits = Edits(Paths.find(str(home), {}))
        task = asyncio.create_task(edits.watch())
        await asyncio.sleep(0.1)
        try:
            await scenario(edits)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())


def atomic(file: Path, text: str) -> None:
    temporary = file.with_name(".hearth.toml.tmp")
    temporary.write_text(text)
    temporary.rename(file)


def rename_away_and_write(file: Path, text: str) -> None:
    file.rename(file.with_name("hearth.toml~"))
    file.write_text(text)


def delete_and_write(file: Path, text: str) -> None:
    file.unlink()
    file.write_text(text)


def in_two_halves(file: Path, text: str) -> None:
    with file.open("w") as out:
        out.write(text[: len(text) // 2])
        out.flush()
        time.sleep(0.05)
        out.write(text[len(text) // 2 :])


def swap_a_link(file: Path, text: str) -> None:
    target = file.parent / f"version-{time.monotonic_ns()}.toml"
    target.write_text(text)
    link = file.with_name("next")
    link.symlink_to(target)
    link.rename(file)


SAVE_STYLES = [Path.write_text, atomic, rename_away_and_write, delete_and_write, in_two_halves, swap_a_link]
