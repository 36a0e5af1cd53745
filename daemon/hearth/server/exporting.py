"""Sends the figures to a collector of OpenTelemetry, where the config names one.

They leave through the one connector, so the mode holds for them as for any byte.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic, time_ns
from typing import TYPE_CHECKING

import hearth
from hearth.metrics import otlp
from hearth.outbound.limits import Limits
from hearth.outbound.pool import Origin, encode_headers
from hearth.problems import BrokenReply, Problem
from hearth.senses.own import lag_after
from hearth.server.control.metrics import families
from hearth_config.addresses import Address, TcpAddress, place_of
from hearth_config.secrets import SecretError

if TYPE_CHECKING:
    from hearth.server.core import Core
    from hearth_config.settings import Metrics

LOOK_S = 5.0
"""How often the event loop is timed, and looked whether an export is due: one wake-up in five seconds."""
LIMITS = Limits(connect=5.0, first=10.0, idle=10.0, max_bytes=1024 * 1024)
_JSON = ("Content-Type", "application/json")


async def observe(core: Core, look_s: float = LOOK_S) -> None:
    """Time the event loop and send what is due, for as long as the daemon runs."""
    exporter = Exporter(core)
    while True:
        core.figures.heard_lag(await lag_after(look_s))
        await exporter.send_if_due()


class Exporter:
    """Sends all figures every `interval`; a collector that does not take them is told of once, in log and events."""

    def __init__(self, core: Core, clock: Callable[[], float] = monotonic) -> None:
        """Nothing is dialled yet; counting began about now. `clock` tells seconds."""
        self._core = core
        self._clock = clock
        self._began_ns = time_ns()
        self._due = 0.0
        self._failed = ""

    async def send_if_due(self) -> None:
        """Send the figures if the config wants it and the time has come. Never raises a problem."""
        settings = self._core.generation.settings.metrics
        if settings.otlp == "off" or self._clock() < self._due:
            return
        self._due = self._clock() + settings.interval
        try:
            await self._send(settings, settings.otlp)
        except (Problem, SecretError, ValueError) as problem:
            self._tell(str(problem))
        else:
            self._tell("")

    async def _send(self, settings: Metrics, address: Address) -> None:
        core = self._core
        headers = await asyncio.to_thread(self._headers, settings)
        span = otlp.Span(self._began_ns, time_ns())
        body = await asyncio.to_thread(otlp.body, [*families(core)], span, hearth.__version__)
        path = address.path(otlp.PATH)
        reply = await core.pool.send(self._origin(address), "POST", path, headers, body, limits=LIMITS)
        with reply:
            await reply.read_all(LIMITS.max_bytes)
            if reply.head.status >= 300:
                raise BrokenReply(f"the collector answered {reply.head.status} to the figures", who="metrics")

    def _origin(self, address: Address) -> Origin:
        place = (place_of(address.host) or "cloud") if isinstance(address, TcpAddress) else "machine"
        return self._core.pool.origin(address, who="metrics", place=place)

    def _headers(self, settings: Metrics) -> bytes:
        """Resolve the configured headers; may block. Raises `SecretError`, or `ValueError` for what cannot be sent."""
        loaded = self._core.generation.loaded
        own = [(name, loaded.secret(value).reveal()) for name, value in settings.headers.items()]
        return encode_headers((_JSON, *own))

    def _tell(self, failed: str) -> None:
        if failed and failed != self._failed:
            self._core.events.say("metrics_not_sent", why=failed[:300])
        if self._failed and not failed:
            self._core.events.say("metrics_sent_again")
        self._failed = failed
