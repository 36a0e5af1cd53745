"""What concerns Hearth alone: memory, processor time and wake-ups at rest, growth under load, start and import time."""

import statistics
import subprocess
import sys
import time
from collections import Counter

import measure
from measure import pinned, two_cores
from progress import tell
from rounds import Row
from routes import HEARTH
from stage import Stage
from stats import spread
from targets import NotStarted, hearth, mock
from visits import KILOBYTE, Figures, Whole

SETTLE = 3.0
"""Seconds that a fresh daemon gets before it counts as idle."""
WARM_REQUESTS = 2000
BATCH = 5000
"""Requests on one route before the next has its turn; every route gets some of the warming."""
CLIENTS = 16
IMPORTS = 5


def idle_row(stage: Stage, seconds: float) -> Row:
    """Memory, processor time and wake-ups of a daemon that nobody asks anything."""
    time.sleep(SETTLE)
    pid = stage.servers["hearth"].pid
    rss = measure.rss_mb(pid)
    idle = measure.idle(pid, seconds)
    return _row("idle", {"rss_mb": rss, "cpu_percent": idle.cpu_percent, "wakeups_per_s": idle.wakeups})


def growth_row(stage: Stage, requests: int) -> Row:
    """Memory once warm, and how much more after `requests`, spread over all routes."""
    pid = stage.servers["hearth"].pid
    warm = _ask(stage, WARM_REQUESTS)
    before = measure.rss_mb(pid)
    asked = _ask(stage, requests)
    after = measure.rss_mb(pid)
    row = _row("growth", {"loaded_rss_mb": before, "after_rss_mb": after, "grown_mb": after - before})
    row.samples, row.errors = asked.samples, dict((warm.errors + asked.errors).most_common(5))
    return row


def start_row(times: int) -> Row:
    """Seconds from the start of `hearth run` to its first answer, asked for every 2 ms."""
    here, there = two_cores()
    ready = []
    with mock(here) as upstream:
        for _ in range(times):
            with hearth(upstream.port, there) as server:
                ready.append(server.ready)
    row = _row("start", {})
    row.metrics["ready_s"] = spread(ready)
    return row


def import_row() -> Row:
    """Seconds that `import hearth.daemon` adds to a bare interpreter: median of some forks of each, in turn."""
    pairs = [(_seconds("pass"), _seconds("import hearth.daemon")) for _ in range(IMPORTS)]
    row = _row("import", {"bare_s": statistics.median(bare for bare, _ in pairs)})
    row.metrics["import_s"] = spread(full - bare for bare, full in pairs)
    return row


def _ask(stage: Stage, requests: int) -> Figures:
    """Send so many whole requests over the routes in turn."""
    total = Figures({}, 0, Counter())
    turn = 0
    while total.samples + total.errors.total() < requests:
        route = HEARTH[turn % len(HEARTH)]
        batch = max(1, min(BATCH, requests // len(HEARTH), requests - total.samples))
        tell(f"growth: {total.samples} of {requests} requests")
        figures = Whole(KILOBYTE, batch)(route, stage.servers["hearth"].port, CLIENTS, 0)
        total.samples += figures.samples
        total.errors += figures.errors
        turn += 1
    return total


def _row(case: str, values: dict[str, float]) -> Row:
    return Row(case, "hearth", "alone", 0, metrics={name: spread([value]) for name, value in values.items()})


def _seconds(code: str) -> float:
    begin = time.monotonic()
    with pinned(two_cores()[1]):
        process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE)
    _, said = process.communicate()
    if process.returncode:
        raise NotStarted(f"`{code}` failed: {said.decode(errors='replace').strip().splitlines()[-1]}")
    return time.monotonic() - begin
