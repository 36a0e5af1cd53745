"""What Hearth takes of the machine, and how late its event loop is."""

import asyncio
import gc
import os
import time
from pathlib import Path

import pytest

from hearth.senses.own import lag_after, own
from promised_times import held_once_of


def test_it_is_this_process_that_is_measured() -> None:
    """Memory in bytes, CPU in seconds, one open file more when one is opened; the lag is what the caller knows."""
    gc.collect()  # what other tests left open is closed now, not meanwhile
    before = own()

    with Path(os.devnull).open(encoding="utf-8"):
        during = own(0.25)

    assert during.memory > 10_000_000
    assert 0 < before.started <= time.time()
    assert (during.cpu_s >= before.cpu_s > 0, during.threads >= 1, during.loop_lag_s) == (True, True, 0.25)
    if before.files is not None and during.files is not None:
        assert during.files == before.files + 1


@pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="only Linux tells a process's limits so")
def test_how_many_files_there_may_be_is_the_systems_word() -> None:
    """The soft limit of open files, as the kernel shows it."""
    line = next(one for one in Path("/proc/self/limits").read_text().splitlines() if one.startswith("Max open files"))

    assert str(own().most_files) in line.split()


def test_a_held_loop_is_late() -> None:
    """Somebody who holds the loop for 50 ms shows as so much lag; a free loop shows next to none."""

    async def scene() -> tuple[float, float]:
        free = await lag_after(0.01)
        measured = asyncio.ensure_future(lag_after(0.01))
        await asyncio.sleep(0)
        time.sleep(0.06)  # noqa: ASYNC251 -- this is the fault that is measured
        return free, await measured

    free, held = held_once_of(3, lambda: asyncio.run(scene()), lambda found: found[0] < found[1])

    assert free < held
    assert held >= 0.045
