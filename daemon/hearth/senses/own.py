"""What Hearth itself takes of this machine, and how promptly its event loop comes round."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import cache

import psutil

from hearth.status import OwnStatus


def own(loop_lag_s: float = 0.0) -> OwnStatus:
    """Return what this process takes now; how late its event loop was is the caller's to know."""
    process = _process()
    with process.oneshot():
        times = process.cpu_times()
        return OwnStatus(
            memory=int(process.memory_info().rss),
            cpu_s=times.user + times.system,
            started=process.create_time(),
            threads=process.num_threads(),
            files=_files(process),
            most_files=_most_files(process),
            loop_lag_s=loop_lag_s,
        )


async def lag_after(seconds: float) -> float:
    """Sleep, and return by how many seconds the event loop was late to go on."""
    now = asyncio.get_running_loop().time
    due = now() + seconds
    await asyncio.sleep(seconds)
    return max(0.0, now() - due)


@cache
def _process() -> psutil.Process:
    return psutil.Process()


def _files(process: psutil.Process) -> int | None:
    """Open file descriptors; Windows counts handles, which are another thing."""
    with suppress(AttributeError, psutil.Error, OSError):
        return int(process.num_fds())
    return None


def _most_files(process: psutil.Process) -> int | None:
    limit = getattr(psutil, "RLIMIT_NOFILE", None)  # Linux and FreeBSD alone have it
    if limit is None:
        return None
    with suppress(psutil.Error, OSError):
        soft, _ = process.rlimit(limit)
        return int(soft) if soft >= 0 else None
    return None
