"""The daemon's state of now as metrics: what `hearth status` says, in numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hearth.metrics.health import OF_HEALTH
from hearth.metrics.kinds import Family, Metric, Sample
from hearth.metrics.limits import OF_CACHE, OF_LIMITS
from hearth.metrics.readings import Reading, Values, plain

if TYPE_CHECKING:
    from hearth.status import Status

PHASES = ("planning", "queued", "waiting", "answering")
PLACES = ("machine", "lan", "cloud")


def families(status: Status) -> Iterator[Family]:
    """Yield a family for each reading, without samples where there is nothing to say."""
    for reading in READINGS:
        values = ((labels, value) for labels, value in reading.read(status) if value is not None)
        yield Family(reading.metric, tuple(Sample(labels, float(value)) for labels, value in values))


def _in_flight(status: Status) -> Values:
    return (((phase,), sum(call.phase == phase for call in status.calls)) for phase in PHASES)


def _reachable(status: Status) -> Values:
    return (((one.name, one.place), None if one.reachable is None else int(one.reachable)) for one in status.providers)


def _contacts(status: Status) -> Values:
    return (((place,), sum(one.count for one in status.contacts if one.place == place)) for place in PLACES)


_OF_HEARTH = (
    Reading(
        Metric("hearth.info", "gauge", "", "Always 1; the labels say version and mode.", ("version", "mode")),
        lambda status: (((status.version, status.mode), 1),),
    ),
    Reading(
        Metric("hearth.calls_in_flight", "gauge", "{call}", "Calls under way, by what they wait for.", ("phase",)),
        _in_flight,
    ),
    Reading(
        Metric("hearth.contacts", "counter", "{contact}", "Addresses dialled and names looked up.", ("hearth.place",)),
        _contacts,
    ),
    plain("hearth.config.reloads", "{reload}", "Configs taken over.", lambda one: one.config.reloads, "counter"),
    plain("hearth.config.refused", "", "1 while the config on disk is refused.", lambda one: bool(one.config.error)),
)
_OF_CONNECTIONS = (
    plain(
        "hearth.connections.opened",
        "{connection}",
        "Connections made to providers.",
        lambda one: one.connections.opened,
        "counter",
    ),
    plain(
        "hearth.connections.reused",
        "{request}",
        "Requests that found one open.",
        lambda one: one.connections.reused,
        "counter",
    ),
    plain(
        "hearth.connections.stale",
        "{request}",
        "Requests of these that were sent once more, since the other end had closed it.",
        lambda one: one.connections.again,
        "counter",
    ),
)
_OF_PROVIDERS = (
    Reading(
        Metric(
            "hearth.provider.reachable",
            "gauge",
            "",
            "1 if the provider answered when it was last asked, 0 if not.",
            ("hearth.provider", "hearth.place"),
        ),
        _reachable,
    ),
    Reading(
        Metric("hearth.provider.rest", "gauge", "s", "How long the provider still rests.", ("hearth.provider",)),
        lambda status: (((one.name,), one.rests_s or 0.0) for one in status.providers),
    ),
    Reading(
        Metric("hearth.model.memory", "gauge", "By", "GPU memory that a loaded model holds.", ("hearth.target",)),
        lambda status: (((one.name,), one.size_vram) for one in status.loaded),
    ),
    Reading(
        Metric("hearth.model.loads", "counter", "{load}", "How often Hearth had a model loaded.", ("hearth.target",)),
        lambda status: (((one.name,), one.loads) for one in status.loaded if one.loads),
    ),
    Reading(
        Metric("hearth.model.queue", "gauge", "{call}", "Calls that wait for a loaded model.", ("hearth.target",)),
        lambda status: (((one.name,), one.queued) for one in status.loaded),
    ),
)
_OF_LEDGER = (
    plain("hearth.usage_log.queued", "{call}", "Calls not yet written down.", lambda one: one.ledger.queued),
    plain("hearth.usage_log.written", "{call}", "Calls written down.", lambda one: one.ledger.written, "counter"),
    plain(
        "hearth.usage_log.dropped", "{call}", "Calls that were lost to it.", lambda one: one.ledger.dropped, "counter"
    ),
    plain("hearth.usage_log.degraded", "", "1 while it cannot be written.", lambda one: one.ledger.state != "ok"),
)
_OF_PROCESS = (
    plain(
        "process.memory.usage",
        "By",
        "Resident memory of the daemon.",
        lambda one: one.own.memory,
        prometheus="process_resident_memory_bytes",
    ),
    plain("process.cpu.time", "s", "CPU time used.", lambda one: one.own.cpu_s, "counter", "process_cpu_seconds_total"),
    plain(
        "process.unix.file_descriptor.count",
        "{file_descriptor}",
        "Open file descriptors.",
        lambda one: one.own.files,
        prometheus="process_open_fds",
    ),
    plain(
        "hearth.process.file_descriptor.limit",
        "{file_descriptor}",
        "How many there may be.",
        lambda one: one.own.most_files,
        prometheus="process_max_fds",
    ),
    plain("process.thread.count", "{thread}", "Threads.", lambda one: one.own.threads),
    plain("process.uptime", "s", "Since the daemon started.", lambda one: one.uptime_s),
    plain(
        "hearth.process.start_time",
        "s",
        "When the process began, in seconds since 1970.",
        lambda one: one.own.started,
        prometheus="process_start_time_seconds",
    ),
)
READINGS: tuple[Reading, ...] = (
    *_OF_HEARTH,
    *_OF_CONNECTIONS,
    *_OF_PROVIDERS,
    *OF_HEALTH,
    *OF_LIMITS,
    *OF_CACHE,
    *_OF_LEDGER,
    *_OF_PROCESS,
)
