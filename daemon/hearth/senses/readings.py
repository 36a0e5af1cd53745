"""One look at the machine by psutil: the processor, memory and battery of now. Takes milliseconds: for a thread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from hearth.senses.engines_running import Running

if TYPE_CHECKING:
    import psutil


class Reading(Struct, frozen=True):
    """What counters showed at one moment; `at` is seconds of the monotonic clock.

    `busy` and `total` are seconds of all cores since boot, `own` those of our process, `engines` those by process id.
    """

    at: float
    busy: float
    total: float
    own: float = 0.0
    engines: dict[int, float] = {}
    free_memory: float | None = None
    on_battery: bool = False
    battery: float | None = None


def read(at: float, engines: frozenset[int]) -> Reading:
    """Read all counters now."""
    import psutil

    times = psutil.cpu_times()
    guest = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)  # counted within user and nice too
    total = sum(times) - guest
    idle = times.idle + getattr(times, "iowait", 0.0)
    memory = psutil.virtual_memory()
    on_battery, battery = _battery()
    return Reading(
        at=at,
        busy=total - idle,
        total=total,
        own=_processor_time(psutil.Process().pid),
        engines={pid: _processor_time(pid) for pid in engines},
        free_memory=memory.available / memory.total if memory.total else None,
        on_battery=on_battery,
        battery=battery,
    )


def running(known: Mapping[int, Running]) -> dict[int, Running]:
    """Return all processes by their ids; those that are known already are not looked at again, which is cheap."""
    import psutil

    found = {pid: known.get(pid) or _running(pid) for pid in psutil.pids()}
    return {pid: process for pid, process in found.items() if process is not None}


def _running(pid: int) -> Running | None:
    import psutil

    try:
        process = psutil.Process(pid)
        info = process.as_dict(["ppid", "name", "username"])
    except (psutil.Error, OSError):
        return None
    name = info["name"] or ""
    return Running(pid, info["ppid"] or 0, name, info["username"] or "", _command(process, name))


def _command(process: psutil.Process, name: str) -> tuple[str, ...]:
    import psutil

    if not name.lower().startswith("python"):
        return ()
    try:
        return tuple(process.cmdline())
    except (psutil.Error, OSError):
        return ()


def _processor_time(pid: int) -> float:
    """Return the seconds of one core that a process has used; 0.0 once it is gone."""
    import psutil

    try:
        times = psutil.Process(pid).cpu_times()
    except (psutil.Error, OSError):
        return 0.0
    return float(times.user + times.system)


def _battery() -> tuple[bool, float | None]:
    import psutil

    try:
        found = psutil.sensors_battery()
    except (AttributeError, OSError, RuntimeError, psutil.Error):
        return False, None
    return (False, None) if found is None else (found.power_plugged is False, found.percent / 100)
