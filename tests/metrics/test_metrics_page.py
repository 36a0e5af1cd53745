"""The page of metrics is current, and each metric is told well."""

import re

import pytest

from hearth.metrics import known, prometheus
from hearth.metrics.kinds import Metric
from hearth.metrics.state import READINGS
from metrics_page import PAGE, page

ALL = (*known.COUNTED, *(reading.metric for reading in READINGS))


def test_the_page_is_what_the_metrics_say() -> None:
    """`python tests/metrics_page.py` writes it anew."""
    assert PAGE.read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
def test_every_metric_is_told_in_a_sentence(metric: Metric) -> None:
    """Names are OpenTelemetry's kind, help ends in a full stop, and a histogram's bounds rise."""
    assert re.fullmatch(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+", metric.name)
    assert re.fullmatch(r"[a-z_][a-z0-9_]*", prometheus.name_of(metric))
    assert metric.help.endswith(".")
    assert sorted(set(metric.bounds)) == list(metric.bounds)
    assert bool(metric.bounds) == (metric.kind == "histogram")


def test_no_name_stands_for_two_metrics() -> None:
    """Neither here nor there."""
    assert len({metric.name for metric in ALL}) == len(ALL)
    assert len({prometheus.name_of(metric) for metric in ALL}) == len(ALL)


@pytest.mark.parametrize("name", ["client.token.usage", "client.operation.duration", "server.time_to_first_token"])
def test_the_names_are_those_of_the_conventions(name: str) -> None:
    """Judged by OpenTelemetry's own package of names."""
    conventions = pytest.importorskip("opentelemetry.semconv._incubating.metrics.gen_ai_metrics")

    assert f"gen_ai.{name}" in {metric.name for metric in ALL}
    assert f"gen_ai.{name}" in vars(conventions).values()
