"""Whatever calls there were, their figures are text that Prometheus reads, and their counts are right."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from hearth.metrics import otlp, prometheus, shown
from hearth.metrics.figures import Figures
from hearth.record import Entry
from ledger.ledger_examples import attempt, call

NAMES = st.text(max_size=8)
TIMES = st.floats(0, 1e9)
TOKENS = st.none() | st.integers(0, 2**53)
ENDINGS = st.sampled_from(["complete", "refused", "failed", "truncated", "client_gone", "killed"])
ATTEMPTS = st.builds(
    attempt,
    st.just("a"),
    target=NAMES,
    place=st.sampled_from(["machine", "lan", "cloud"]),
    ending=ENDINGS,
    problem=st.sampled_from(["", "timeout", "rate_limit"]),
    input_tokens=TOKENS,
    output_tokens=TOKENS,
    cached_tokens=TOKENS,
    reasoning_tokens=TOKENS,
    estimated=st.booleans(),
    cost=st.none() | st.floats(0, 1e6),
    currency=st.sampled_from(["", "USD", "EUR"]),
    first_token_ms=st.none() | TIMES,
    total_ms=TIMES,
)
CALLS = st.builds(
    call,
    st.just("a"),
    app=NAMES,
    target=NAMES,
    task=st.sampled_from(["chat", "embeddings", "autocomplete"]),
    stream=st.booleans(),
    ending=ENDINGS,
    output_tokens=TOKENS,
    first_token_ms=st.none() | TIMES,
    total_ms=TIMES,
    queue_ms=TIMES,
    overhead_ms=TIMES,
)
ENTRIES = st.builds(Entry, CALLS, st.lists(ATTEMPTS, max_size=3).map(tuple))


@settings(max_examples=60, deadline=None)
@given(st.lists(ENTRIES, max_size=12))
def test_any_calls_make_figures_that_are_read_back(entries: list[Entry]) -> None:
    """Names with anything in them, counts missing or huge, attempts or none: each call and attempt is counted once."""
    figures = Figures()

    for entry in entries:
        figures.count(entry)

    found: Counter[str] = Counter()
    families = [*shown.families(figures, {})]
    for family in text_string_to_metric_families(prometheus.text(families).decode()):
        for sample in family.samples:
            found[sample.name] += int(sample.value) if sample.name.endswith(("_total", "_count")) else 0
    attempts = sum(len(entry.attempts) for entry in entries)
    assert found["hearth_calls_total"] == found["gen_ai_server_request_duration_seconds_count"] == len(entries)
    sent = sum(one.ending != "refused" for entry in entries for one in entry.attempts)
    assert found["hearth_attempts_total"] == attempts
    assert found["gen_ai_client_operation_duration_seconds_count"] == sent
    assert otlp.body(families, otlp.Span(1, 2), "1").startswith(b'{"resourceMetrics"')
