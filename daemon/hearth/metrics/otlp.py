"""Metrics as an OpenTelemetry collector takes them: an ExportMetricsServiceRequest of OTLP, in JSON.

Source: opentelemetry-proto, opentelemetry/proto/metrics/v1/metrics.proto and the page "OTLP Specification": over HTTP
it is POSTed to /v1/metrics; in JSON the 64-bit whole numbers are written as strings. All sums are cumulative.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec import Struct

from hearth.metrics.kinds import Distribution, Family, Labels, Metric, Sample

PATH: Final = "v1/metrics"
_CUMULATIVE: Final = 2
_encode = msgspec.json.Encoder().encode

Json = dict[str, object]


class Span(Struct, frozen=True):
    """What the figures span, in nanoseconds since 1970: from the start of counting until now."""

    began_ns: int
    now_ns: int


def body(families: Iterable[Family], span: Span, version: str) -> bytes:
    """Return the request's body; a family without samples is left out."""
    metrics = [_metric(family, span) for family in families if family.samples]
    resource = {"attributes": [_attribute("service.name", "hearth"), _attribute("service.version", version)]}
    scope = {"scope": {"name": "hearth", "version": version}, "metrics": metrics}
    return _encode({"resourceMetrics": [{"resource": resource, "scopeMetrics": [scope]}]})


def _metric(family: Family, span: Span) -> Json:
    metric = family.metric
    points = [_point(metric, sample, span) for sample in family.samples]
    described: Json = {"name": metric.name, "description": metric.help, "unit": metric.unit}
    if metric.kind == "histogram":
        return {**described, "histogram": {"aggregationTemporality": _CUMULATIVE, "dataPoints": points}}
    if metric.kind == "counter":
        counted = {"aggregationTemporality": _CUMULATIVE, "isMonotonic": True, "dataPoints": points}
        return {**described, "sum": counted}
    return {**described, "gauge": {"dataPoints": points}}


def _point(metric: Metric, sample: Sample, span: Span) -> Json:
    point: Json = {"attributes": _attributes(metric.labels, sample.labels), "timeUnixNano": str(span.now_ns)}
    if metric.kind != "gauge":
        point["startTimeUnixNano"] = str(span.began_ns)
    if not isinstance(sample.value, Distribution):
        return {**point, "asDouble": float(sample.value)}
    return {
        **point,
        "count": str(sum(sample.value.counts)),
        "sum": sample.value.sum,
        "bucketCounts": [str(count) for count in sample.value.counts],
        "explicitBounds": list(metric.bounds),
    }


def _attributes(names: tuple[str, ...], values: Labels) -> list[Json]:
    """The labels that say something: an empty one is left out."""
    return [_attribute(name, value) for name, value in zip(names, values, strict=True) if value]


def _attribute(name: str, value: str) -> Json:
    return {"key": name, "value": {"stringValue": value.encode("utf-8", "replace").decode()}}
