"""The daemon's state of now as metrics: what `hearth status` says, in numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from hearth.metrics.kinds import Family, Kind, Labels, Metric, Sample
from hearth.status import Status

Values = Iterable[tuple[Labels, float | None]]
PHASES = ("planning", "queued", "waiting", "answering")
PLACES = ("machine", "lan", "cloud")
KEY = ("hearth.provider", "hearth.key")
READY = ("ready", "ok")


class Reading(NamedTuple):
    """A metric and how it is read from the status; None is not shown."""

    metric: Metric
    read: Callable[[Status], Values]


def families(status: Status) -> Iterator[Family]:
    """Yield a family for each reading, without samples where there is nothing to say."""
    for reading in READINGS:
        values = ((labels, value) for labels, value in reading.read(status) if value is not None)
        yield Family(reading.metric, tuple(Sample(labels, float(value)) for labels, value in values))


def _plain(
    name: str, unit: str, words: str, read: Callable[[Status], float | None], kind: Kind = "gauge", prometheus: str = ""
) -> Reading:
    """A metric without labels."""
    return Reading(Metric(name, kind, unit, words, prometheus=prometheus), lambda status: (((), read(status)),))


def _in_flight(status: Status) -> Values:
    return (((phase,), sum(call.phase == phase for call in status.calls)) for phase in PHASES)


def _reachable(status: Status) -> Values:
    return (((one.name, one.place), None if one.reachable is None else int(one.reachable)) for one in status.providers)


def _room(status: Status) -> Values:
    return (
        ((one.name, key.id, room.what, room.per, room.source), room.left)
        for one in status.providers
        for key in one.keys
        for room in key.room
    )


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
    _plain("hearth.config.reloads", "{reload}", "Configs taken over.", lambda one: one.config.reloads, "counter"),
    _plain("hearth.config.refused", "", "1 while the config on disk is refused.", lambda one: bool(one.config.error)),
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
        Metric("hearth.key.usable", "gauge", "", "1 if the key can be used now, 0 if not.", KEY),
        lambda status: (((one.name, key.id), key.state in READY) for one in status.providers for key in one.keys),
    ),
    Reading(
        Metric("hearth.key.room", "gauge", "", "What is left under a limit of a key.", (*KEY, "what", "per", "source")),
        _room,
    ),
    Reading(
        Metric("hearth.model.memory", "gauge", "By", "GPU memory that a loaded model holds.", ("hearth.target",)),
        lambda status: (((one.name,), one.size_vram) for one in status.loaded),
    ),
    Reading(
        Metric("hearth.model.queue", "gauge", "{call}", "Calls that wait for a loaded model.", ("hearth.target",)),
        lambda status: (((one.name,), one.queued) for one in status.loaded),
    ),
)
_OF_LEDGER = (
    _plain("hearth.usage_log.queued", "{call}", "Calls not yet written down.", lambda one: one.ledger.queued),
    _plain("hearth.usage_log.written", "{call}", "Calls written down.", lambda one: one.ledger.written, "counter"),
    _plain(
        "hearth.usage_log.dropped", "{call}", "Calls that were lost to it.", lambda one: one.ledger.dropped, "counter"
    ),
    _plain("hearth.usage_log.degraded", "", "1 while it cannot be written.", lambda one: one.ledger.state != "ok"),
)
_OF_PROCESS = (
    _plain(
        "process.memory.usage",
        "By",
        "Resident memory of the daemon.",
        lambda one: one.own.memory,
        prometheus="process_resident_memory_bytes",
    ),
    _plain(
        "process.cpu.time", "s", "CPU time used.", lambda one: one.own.cpu_s, "counter", "process_cpu_seconds_total"
    ),
    _plain(
        "process.unix.file_descriptor.count",
        "{file_descriptor}",
        "Open file descriptors.",
        lambda one: one.own.files,
        prometheus="process_open_fds",
    ),
    _plain(
        "hearth.process.file_descriptor.limit",
        "{file_descriptor}",
        "How many there may be.",
        lambda one: one.own.most_files,
        prometheus="process_max_fds",
    ),
    _plain("process.thread.count", "{thread}", "Threads.", lambda one: one.own.threads),
    _plain("process.uptime", "s", "Since the daemon started.", lambda one: one.uptime_s),
    _plain(
        "hearth.process.start_time",
        "s",
        "When the process began, in seconds since 1970.",
        lambda one: one.own.started,
        prometheus="process_start_time_seconds",
    ),
)
READINGS: tuple[Reading, ...] = (*_OF_HEARTH, *_OF_PROVIDERS, *_OF_LEDGER, *_OF_PROCESS)
