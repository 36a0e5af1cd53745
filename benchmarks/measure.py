"""What processes use, read from /proc: memory, processor time, wake-ups; and what machine this is."""

import contextlib
import functools
import os
import platform
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

PROC = Path("/proc")
MISSING = "this system has no /proc: memory, processor time and wake-ups are not measured"


class Use(msgspec.Struct, frozen=True):
    """What a process and its children have used so far: processor seconds, and how often they went to sleep."""

    cpu: float
    sleeps: int


class Idle(msgspec.Struct, frozen=True):
    """What they use a second: percent of one core, wake-ups."""

    cpu_percent: float
    wakeups: float


def available() -> bool:
    """Whether this system has a Linux /proc."""
    return (PROC / "self" / "smaps_rollup").exists() or (PROC / "self" / "statm").exists()


def family(pid: int) -> list[int]:
    """The process and all its descendants."""
    children: dict[int, list[int]] = {}
    for folder in PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(") ")[2].split()
            children.setdefault(int(fields[1]), []).append(int(folder.name))
    found = [pid]
    for member in found:
        found.extend(children.get(member, ()))
    return found


def rss_mb(pid: int) -> float:
    """Resident memory of the process and its children now, in MB (10^6 bytes)."""
    return sum(_status(member).get("VmRSS", 0) for member in family(pid)) * 1024 / 1e6


def peak_mb(pid: int) -> float:
    """The most resident memory that the process and its children ever held, in MB."""
    return sum(_status(member).get("VmHWM", 0) for member in family(pid)) * 1024 / 1e6


def use(pid: int) -> Use:
    """Processor time by the scheduler's own clock (ns), and voluntary context switches, of all threads."""
    cpu, sleeps = 0.0, 0
    for member in family(pid):
        for task in (PROC / str(member) / "task").iterdir():
            with contextlib.suppress(OSError):
                cpu += int((task / "schedstat").read_text().split()[0]) / 1e9
                sleeps += _keyed(task / "status").get("voluntary_ctxt_switches", 0)
    return Use(cpu, sleeps)


def idle(pid: int, seconds: float) -> Idle:
    """Watch a process that has nothing to do for so long."""
    before, start = use(pid), time.monotonic()
    time.sleep(seconds)
    after, took = use(pid), time.monotonic() - start
    return Idle(100 * (after.cpu - before.cpu) / took, (after.sleeps - before.sleeps) / took)


def busy_share(seconds: float = 0.5) -> float:
    """The share of all cores that anybody uses while we rest, 0 to 1; 0 where it cannot be told."""
    try:
        before = _ticks()
        time.sleep(seconds)
        after = _ticks()
    except OSError:
        return 0.0
    total, rest = after[0] - before[0], after[1] - before[1]
    return 1 - rest / total if total else 0.0


def machine() -> dict[str, str | int]:
    """What this is measured on; no host name, no paths."""
    return {
        "cpu": _cpu_name(),
        "cores": os.cpu_count() or 1,
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "loop": "asyncio" if sys.platform == "win32" else "uvloop",
    }


@contextlib.contextmanager
def pinned(core: int | None) -> Iterator[None]:
    """Run on this core meanwhile; children started now stay there. None, or a system without pinning: anywhere."""
    before = _cores()
    stay_on({core} if core is not None else before)
    try:
        yield
    finally:
        stay_on(before)


def stay_on(cores: set[int]) -> None:
    """Run on these cores from now on, where the system lets a process choose."""
    if sys.platform == "linux" and cores:
        os.sched_setaffinity(0, cores)


@functools.cache
def two_cores() -> tuple[int | None, int | None]:
    """A core for mock and load, and another for what is measured; None, None where cores cannot be chosen."""
    cores = sorted(_cores())
    return (cores[0], cores[1]) if len(cores) > 1 else (None, None)


def _cores() -> set[int]:
    """The cores that this process may use; empty where the system does not say."""
    if sys.platform == "linux":
        return os.sched_getaffinity(0)
    else:  # noqa: RET505  # so that mypy sees both branches on every system
        return set()


def _status(pid: int) -> dict[str, int]:
    return _keyed(PROC / str(pid) / "status")


def _keyed(file: Path) -> dict[str, int]:
    """The numbers of `Key:   123 kB` lines."""
    try:
        lines = [line.split() for line in file.read_text().splitlines()]
    except OSError:
        return {}
    return {words[0].rstrip(":"): int(words[1]) for words in lines if len(words) > 1 and words[1].isdecimal()}


def _ticks() -> tuple[int, int]:
    """Ticks of all cores so far: all, and those at rest (idle and waiting for disks)."""
    fields = [int(field) for field in (PROC / "stat").read_text().splitlines()[0].split()[1:]]
    return sum(fields), fields[3] + fields[4]


def _cpu_name() -> str:
    try:
        lines = (PROC / "cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
