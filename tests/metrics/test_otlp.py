"""OTLP: the figures as a collector takes them, sent under the mode, and nowhere unless told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

import msgspec
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from hearth.metrics import otlp
from hearth.metrics.kinds import Distribution, Family, Metric, Sample
from hearth.server.exporting import Exporter
from hearth_home import running

SPAN = otlp.Span(1_000, 2_000)
CALLS = Metric("hearth.calls", "counter", "{call}", "words", ("app",))
TIMES = Metric("gen_ai.x", "histogram", "s", "words", (), (0.1, 1.0))


class _Point(msgspec.Struct):
    count: str
    bucketCounts: list[str]  # noqa: N815 -- OTLP's word


class _Histogram(msgspec.Struct):
    dataPoints: list[_Point]  # noqa: N815 -- OTLP's word


class Collector:
    """Takes what is sent to it, and answers as it is told."""

    def __init__(self) -> None:
        self.took: list[tuple[str, dict[str, str], dict[str, object]]] = []
        self.status = 200
        self.port = 0

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        body = msgspec.json.decode(await request.read())
        self.took.append((request.path, dict(request.headers), body))
        return web.json_response({}, status=self.status)


@asynccontextmanager
async def _collecting() -> AsyncIterator[Collector]:
    collector = Collector()
    runner = web.ServerRunner(web.Server(collector.answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    collector.port = runner.addresses[0][1]
    try:
        yield collector
    finally:
        await runner.cleanup()


def _sent_to(collector: Collector) -> str:
    return f'[metrics]\notlp = "http://127.0.0.1:{collector.port}"\n'


def _metrics(body: object) -> dict[str, dict[str, object]]:
    found = msgspec.convert(body, dict[str, list[dict[str, object]]])["resourceMetrics"][0]
    scope = msgspec.convert(found["scopeMetrics"], list[dict[str, object]])[0]
    return {str(one["name"]): one for one in msgspec.convert(scope["metrics"], list[dict[str, object]])}


def test_a_request_has_the_form_of_the_specification() -> None:
    """Sums are cumulative and monotonic, 64-bit numbers are strings, an empty label says nothing and is left out."""
    counted = Family(CALLS, (Sample(("zed",), 3.0), Sample(("",), 1.0)))
    timed = Family(TIMES, (Sample((), Distribution((1, 0, 2), 4.5)),))

    found = _metrics(msgspec.json.decode(otlp.body([counted, timed, Family(CALLS, ())], SPAN, "1.0")))

    assert found["hearth.calls"]["sum"] == {
        "aggregationTemporality": 2,
        "isMonotonic": True,
        "dataPoints": [
            {
                "attributes": [{"key": "app", "value": {"stringValue": "zed"}}],
                "timeUnixNano": "2000",
                "startTimeUnixNano": "1000",
                "asDouble": 3.0,
            },
            {"attributes": [], "timeUnixNano": "2000", "startTimeUnixNano": "1000", "asDouble": 1.0},
        ],
    }
    assert found["gen_ai.x"]["histogram"] == {
        "aggregationTemporality": 2,
        "dataPoints": [
            {
                "attributes": [],
                "timeUnixNano": "2000",
                "startTimeUnixNano": "1000",
                "count": "3",
                "sum": 4.5,
                "bucketCounts": ["1", "0", "2"],
                "explicitBounds": [0.1, 1.0],
            }
        ],
    }


@given(st.text(max_size=30), st.lists(st.integers(0, 2**60), min_size=3, max_size=3))
def test_whatever_a_name_holds_the_request_is_json(label: str, counts: list[int]) -> None:
    """Names are others' words: lone surrogates too; buckets are one more than bounds."""
    families = [
        Family(CALLS, (Sample((label,), 1.0),)),
        Family(TIMES, (Sample((), Distribution(tuple(counts), 0.0)),)),
    ]

    found = _metrics(msgspec.json.decode(otlp.body(families, SPAN, "1.0")))

    (point,) = msgspec.convert(found["gen_ai.x"]["histogram"], _Histogram).dataPoints
    assert sum(int(count) for count in point.bucketCounts) == int(point.count) == sum(counts)


def test_the_figures_reach_the_collector_with_its_headers() -> None:
    """A reference is resolved as late as the figures are sent; the path is that of the specification."""

    async def scenario() -> list[tuple[str, dict[str, str], dict[str, object]]]:
        async with _collecting() as collector:
            config = (
                f'[metrics]\notlp = "http://127.0.0.1:{collector.port}/base"\n'
                'headers = { x-team = "env:TEAM", x-plain = "plain" }\n'
            )
            async with running(config, {"TEAM": "home"}) as home:
                await Exporter(home.daemon.core).send_if_due()
                return collector.took

    ((path, headers, body),) = asyncio.run(scenario())

    assert path == "/base/v1/metrics"
    assert (headers["x-team"], headers["x-plain"], headers["Content-Type"]) == ("home", "plain", "application/json")
    assert {"process.memory.usage", "hearth.info", "hearth.overhead.duration"} <= _metrics(body).keys()


def test_they_are_sent_at_their_interval() -> None:
    """A second look within the interval sends nothing."""

    async def scenario() -> int:
        async with _collecting() as collector, running(_sent_to(collector)) as home:
            exporter = Exporter(home.daemon.core)
            await exporter.send_if_due()
            await exporter.send_if_due()
            return len(collector.took)

    assert asyncio.run(scenario()) == 1


@pytest.mark.parametrize("mode", ["offline", "lan"])
def test_the_mode_holds_for_the_figures_too(mode: str) -> None:
    """A collector in the cloud gets nothing in a mode that forbids it, not even a name lookup (T33)."""

    async def scenario() -> tuple[set[str], str]:
        config = f'mode = "{mode}"\n[metrics]\notlp = "https://collector.example.com"\n'
        async with running(config) as home:
            core = home.daemon.core
            await Exporter(core).send_if_due()
            (said,) = [one for one in core.events.recent if one.kind == "metrics_not_sent"]
            return {contact for contact in core.pool.egress.contacts.by_address if "collector" in contact}, str(
                said.facts["why"]
            )

    contacted, why = asyncio.run(scenario())

    assert not contacted
    assert f"mode {mode}" in why


def test_a_collector_that_fails_is_told_of_once() -> None:
    """The calls go on; when it takes them again, that is said too."""

    async def scenario() -> list[str]:
        async with _collecting() as collector, running(_sent_to(collector)) as home:
            core = home.daemon.core
            exporter = Exporter(core, clock=count(0, 1000).__next__)
            for status in (503, 503, 200):
                collector.status = status
                await exporter.send_if_due()
            return [one.kind for one in core.events.recent if one.kind.startswith("metrics_")]

    assert asyncio.run(scenario()) == ["metrics_not_sent", "metrics_sent_again"]


def test_nothing_is_sent_unless_told() -> None:
    """Off is the default: no connection, no event."""

    async def scenario() -> bool:
        async with running("") as home:
            core = home.daemon.core
            await Exporter(core).send_if_due()
            return any(one.kind.startswith("metrics_") for one in core.events.recent)

    assert not asyncio.run(scenario())
