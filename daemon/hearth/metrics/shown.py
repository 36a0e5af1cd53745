"""The running counts as metrics with their labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hearth.metrics import known
from hearth.metrics.figures import Asked, Figures, Histogram, OfTarget
from hearth.metrics.kinds import Distribution, Family, Labels, Metric, Sample

PROVIDERS = {
    "azure": "azure.ai.openai",
    "gemini": "gcp.gemini",
    "mistral": "mistral_ai",
    "moonshot": "moonshot_ai",
    "vertex": "gcp.vertex_ai",
    "xai": "x_ai",
}
"""What OpenTelemetry calls the providers of our presets, where it has another word (gen_ai.provider.name)."""


def families(figures: Figures, presets: Mapping[str, str]) -> Iterator[Family]:
    """Yield every metric that calls add to. `presets` says, by a provider's configured name, what it is made from."""
    figures.add_up()
    found: dict[str, list[Sample]] = {metric.name: [] for metric in known.COUNTED}
    for (name, place), target in figures.targets.items():
        for metric, sample in _of_target((name, place), target, _where(name, place, presets)):
            found[metric.name].append(sample)
    found[known.CALLS.name] += [Sample(labels, float(count)) for labels, count in figures.calls.items()]
    found[known.OVERHEAD_TIME.name].append(Sample((), figures.overhead.distribution()))
    found[known.LOOP_LAG.name].append(Sample((), figures.lag.distribution()))
    for metric in known.COUNTED:
        yield Family(metric, tuple(found[metric.name]))


def _where(name: str, place: str, presets: Mapping[str, str]) -> Labels:
    """The labels of a target, the operation left out: provider, model, target, place."""
    provider, _, model = name.partition("/")
    preset = presets.get(provider) or provider
    return PROVIDERS.get(preset, preset), model, name, place


def _of_target(labels: Labels, target: OfTarget, where: Labels) -> Iterator[tuple[Metric, Sample]]:
    for operation, asked in target.asked.items():
        yield from _of_operation((operation, *where), asked)
    for ending, count in target.endings.items():
        yield known.ATTEMPTS, Sample((*labels, *ending), float(count))
    if not target.endings:
        return  # nobody was asked: it has no tokens and no cost
    yield known.QUEUE, Sample(labels, target.queue.distribution())
    counters = (
        (known.CACHED, target.cached),
        (known.REASONING, target.reasoning),
        (known.ESTIMATED, target.estimated),
        (known.UNPRICED, target.unpriced),
    )
    yield from ((metric, Sample(labels, float(count))) for metric, count in counters)
    yield from ((known.COST, Sample((*labels, currency), cost)) for currency, cost in target.costs.items())


def _of_operation(where: Labels, asked: Asked) -> Iterator[tuple[Metric, Sample]]:
    yield from _seen(known.CLIENT_TOKENS, (*where, "input"), asked.input)
    yield from _seen(known.CLIENT_TOKENS, (*where, "output"), asked.output)
    yield from _seen(known.CLIENT_FIRST, where, asked.first_chunk)
    yield from _seen(known.SERVER_FIRST, where, asked.first)
    yield from _seen(known.SERVER_EACH, where, asked.each)
    for metric, durations in ((known.CLIENT_DURATION, asked.durations), (known.SERVER_DURATION, asked.served)):
        for problem, histogram in durations.items():
            yield from _seen(metric, (*where, problem), histogram)


def _seen(metric: Metric, labels: Labels, histogram: Histogram) -> Iterator[tuple[Metric, Sample]]:
    """A histogram's sample, if it has seen anything."""
    distribution: Distribution = histogram.distribution()
    if any(distribution.counts):
        yield metric, Sample(labels, distribution)
