"""Prometheus text: whatever is counted, its official parser reads it back as it was."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from hearth.metrics import prometheus
from hearth.metrics.kinds import Distribution, Family, Metric, Sample

NAMES = st.text("abcdefghijklmnopqrstuvwxyz._", min_size=1, max_size=20).map("hearth.{}".format)
VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.floats(allow_nan=False) | st.integers(-(2**53), 2**53).map(float)


def _read(text: bytes) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


@given(NAMES, st.lists(st.tuples(VALUES, NUMBERS), max_size=5, unique_by=lambda pair: pair[0]), VALUES)
def test_gauges_come_back_as_they_were(name: str, values: list[tuple[str, float]], words: str) -> None:
    """Labels with quotes, backslashes and line ends, numbers of any size: nothing is lost or read as something else."""
    metric = Metric(name, "gauge", "", words, ("model",))

    text = prometheus.text([Family(metric, tuple(Sample((label,), value) for label, value in values))])

    expected = {(prometheus.name_of(metric), frozenset({("model", label)})): value for label, value in values}
    assert _read(text) == expected


@given(st.lists(st.integers(0, 10**9), min_size=4, max_size=4), st.floats(0, 1e12))
def test_buckets_are_cumulative_and_end_in_all(counts: list[int], total: float) -> None:
    """Each bucket holds those below it, the last one all; sum and count stand beside."""
    metric = Metric("gen_ai.x", "histogram", "s", "words", ("a",), (0.1, 1.0, 2.5))

    found = _read(prometheus.text([Family(metric, (Sample(("v",), Distribution(tuple(counts), total)),))]))

    buckets = {dict(labels)["le"]: value for (name, labels), value in found.items() if name.endswith("_bucket")}
    assert buckets == {
        "0.1": counts[0],
        "1": sum(counts[:2]),
        "2.5": sum(counts[:3]),
        "+Inf": sum(counts),
    }
    assert found["gen_ai_x_seconds_count", frozenset({("a", "v")})] == sum(counts)
    assert found["gen_ai_x_seconds_sum", frozenset({("a", "v")})] == total


@pytest.mark.parametrize(
    ("metric", "name"),
    [
        (Metric("hearth.calls", "counter", "{call}", ""), "hearth_calls_total"),
        (Metric("gen_ai.client.operation.duration", "histogram", "s", ""), "gen_ai_client_operation_duration_seconds"),
        (Metric("hearth.model.memory", "gauge", "By", ""), "hearth_model_memory_bytes"),
        (
            Metric("process.cpu.time", "counter", "s", "", prometheus="process_cpu_seconds_total"),
            "process_cpu_seconds_total",
        ),
    ],
)
def test_names_follow_opentelemetrys_rule(metric: Metric, name: str) -> None:
    """Dots become underscores, the unit is written out, a counter says that it is a total."""
    assert prometheus.name_of(metric) == name


def test_a_family_without_samples_is_left_out() -> None:
    """What was never measured is not shown as 0."""
    assert prometheus.text([Family(Metric("hearth.x", "gauge", "", "words"), ())]) == b"\n"


def test_odd_numbers_have_their_own_spelling() -> None:
    """Not a number and the infinities, as Go reads them."""
    metric = Metric("hearth.x", "gauge", "", "words", ("a",))
    odd = {"n": math.nan, "p": math.inf, "m": -math.inf}

    text = prometheus.text([Family(metric, tuple(Sample((label,), value) for label, value in odd.items()))]).decode()

    assert [line.split()[-1] for line in text.splitlines()[2:]] == ["NaN", "+Inf", "-Inf"]
    assert math.isnan(_read(text.encode())["hearth_x", frozenset({("a", "n")})])
