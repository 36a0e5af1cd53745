"""Metrics as Prometheus reads them: the text exposition format, version 0.0.4.

Source: prometheus.io/docs/instrumenting/exposition_formats; names follow OpenTelemetry's page "Prometheus and
OpenMetrics compatibility": dots become underscores, the unit is written out, a counter ends in `_total`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import accumulate

from hearth.metrics.kinds import Distribution, Family, Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_UNITS = {"s": "seconds", "By": "bytes", "1": "ratio"}
_NOT_IN_A_NAME = re.compile(r"[^a-zA-Z0-9_]")
_ESCAPED = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


def text(families: Iterable[Family]) -> bytes:
    """Return the whole exposition; a family without samples is left out."""
    lines = (line for family in families if family.samples for line in _lines(family))
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")


def name_of(metric: Metric) -> str:
    """Return a metric's name in Prometheus."""
    if metric.prometheus:
        return metric.prometheus
    name = _safe(metric.name)
    unit = _UNITS.get(metric.unit, "")
    if unit and not name.endswith(unit):
        name = f"{name}_{unit}"
    return f"{name}_total" if metric.kind == "counter" else name


def label_of(label: str) -> str:
    """Return a label's name in Prometheus."""
    return _safe(label)


def _safe(name: str) -> str:
    return _NOT_IN_A_NAME.sub("_", name)


def _lines(family: Family) -> Iterator[str]:
    metric = family.metric
    name = name_of(metric)
    labels = tuple(map(label_of, metric.labels))
    yield f"# HELP {name} {_escaped_help(metric.help)}"
    yield f"# TYPE {name} {metric.kind}"
    for sample in family.samples:
        pairs = [f'{label}="{value.translate(_ESCAPED)}"' for label, value in zip(labels, sample.labels, strict=True)]
        if isinstance(sample.value, Distribution):
            yield from _histogram(name, pairs, metric.bounds, sample.value)
        else:
            yield f"{name}{_braced(pairs)} {_number(sample.value)}"


def _histogram(name: str, pairs: list[str], bounds: tuple[float, ...], seen: Distribution) -> Iterator[str]:
    for bound, count in zip((*map(_number, bounds), "+Inf"), accumulate(seen.counts), strict=True):
        bucket = _braced([*pairs, f'le="{bound}"'])
        yield f"{name}_bucket{bucket} {count}"
    yield f"{name}_sum{_braced(pairs)} {_number(seen.sum)}"
    yield f"{name}_count{_braced(pairs)} {sum(seen.counts)}"


def _braced(pairs: list[str]) -> str:
    return "{" + ",".join(pairs) + "}" if pairs else ""


def _number(value: float) -> str:
    """A number as Go reads it: whole ones without a fraction."""
    if value != value:  # noqa: PLR0124 -- the one value that is not itself is NaN
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) and abs(value) < 2**53 else repr(float(value))


def _escaped_help(words: str) -> str:
    return words.replace("\\", "\\\\").replace("\n", "\\n")
