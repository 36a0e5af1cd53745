"""The running counts: each call once, few labels however many names, and quick."""

from time import perf_counter

from hypothesis import given
from hypothesis import strategies as st

from hearth.metrics import known, shown
from hearth.metrics.figures import MOST_APPS, MOST_TARGETS, Figures, Histogram
from hearth.metrics.kinds import Distribution, Sample
from hearth.record import Entry
from ledger.ledger_examples import attempt, call
from promised_times import held_once_of

CLOUD = "openrouter/qwen"
ANSWERED = Entry(
    call("a", app="zed", first_token_ms=250.0, total_ms=1250.0, output_tokens=11, queue_ms=30.0, overhead_ms=0.3),
    (
        attempt(
            "a", input_tokens=100, output_tokens=11, cached_tokens=40, first_token_ms=200.0, total_ms=1200.0, cost=0.0
        ),
    ),
)
FELL_BACK = Entry(
    call("b", target=CLOUD, attempts=2, total_ms=900.0, first_token_ms=800.0),
    (
        attempt("b", 1, ending="failed", problem="timeout", total_ms=700.0),
        attempt("b", 2, target=CLOUD, first_token_ms=100.0, total_ms=200.0, cost=0.5, currency="USD", estimated=True),
    ),
)
REFUSED = Entry(call("c", target="", place="", ending="refused", problem="over_budget", attempts=0))


def _shown(figures: Figures) -> dict[str, dict[tuple[str, ...], float | Distribution]]:
    return {
        family.metric.name: {sample.labels: sample.value for sample in family.samples}
        for family in shown.families(figures, {"ollama": "ollama", "openrouter": "openrouter", "mine": "mistral"})
    }


def _counted(*entries: Entry) -> dict[str, dict[tuple[str, ...], float | Distribution]]:
    figures = Figures()
    for entry in entries:
        figures.count(entry)
    return _shown(figures)


def _many(found: float | Distribution) -> int:
    assert isinstance(found, Distribution)
    return sum(found.counts)


def test_an_attempt_is_hearths_as_a_client_and_a_call_its_callers() -> None:
    """What a provider took and what a caller waited are two histograms: one counts attempts, the other calls."""
    found = _counted(ANSWERED, FELL_BACK, REFUSED)

    home = ("chat", "ollama", "qwen3:8b", "ollama/qwen3:8b", "machine")
    cloud = ("chat", "openrouter", "qwen", CLOUD, "cloud")
    attempts = found[known.CLIENT_DURATION.name]
    assert {labels: _many(one) for labels, one in attempts.items()} == {
        (*home, ""): 1,
        (*home, "timeout"): 1,
        (*cloud, ""): 1,
    }
    assert {labels: _many(one) for labels, one in found[known.SERVER_DURATION.name].items()} == {
        (*home, ""): 1,
        (*cloud, ""): 1,
        ("chat", "", "", "", "", "over_budget"): 1,
    }
    assert found[known.SERVER_EACH.name][home] == Distribution((*(0,) * 4, 1, *(0,) * 9), 0.1)


def test_what_was_refused_is_no_error_of_a_target() -> None:
    """An attempt that a budget refused is counted as that; it is in no time of the target: nothing was sent."""
    spent = Entry(
        call("c", target=CLOUD, place="cloud", ending="refused", problem="over_budget"),
        (attempt("c", target=CLOUD, ending="refused", problem="over_budget"),),
    )

    found = _counted(spent)

    assert found[known.ATTEMPTS.name] == {(CLOUD, "cloud", "refused", "over_budget"): 1}
    assert found[known.CLIENT_DURATION.name] == {}
    assert [*found[known.SERVER_DURATION.name]] == [("chat", "", "", "", "", "over_budget")]
    assert not any(map(_many, found[known.QUEUE.name].values()))


def test_tokens_costs_and_errors_stand_with_their_target() -> None:
    """Cached tokens, money by currency, estimates and endings; an answer at home of no cost is no sum of money."""
    found = _counted(ANSWERED, FELL_BACK)

    here, there = ("ollama/qwen3:8b", "machine"), (CLOUD, "cloud")
    assert found[known.CACHED.name][here] == 40
    assert found[known.COST.name] == {(*there, "USD"): 0.5}
    assert found[known.ESTIMATED.name] == {here: 0, there: 1}
    assert found[known.UNPRICED.name] == {here: 0, there: 0}
    assert found[known.ATTEMPTS.name] == {
        (*here, "complete", ""): 1,
        (*here, "failed", "timeout"): 1,
        (*there, "complete", ""): 1,
    }
    assert found[known.CALLS.name] == {("zed", "machine", "complete"): 1, ("zed", "cloud", "complete"): 1}


def test_an_answer_of_unknown_price_is_counted_as_such() -> None:
    """It adds nothing to the money, and is no free answer."""
    unpriced = Entry(call("a", target=CLOUD), (attempt("a", target=CLOUD, first_token_ms=1.0),))

    found = _counted(unpriced)

    assert (found[known.UNPRICED.name], found[known.COST.name]) == ({(CLOUD, "cloud"): 1}, {})


def test_a_providers_name_is_opentelemetrys_word_for_its_preset() -> None:
    """However the user calls it; the configured name stands in hearth.target."""
    named = Entry(call("a", target="mine/large"), (attempt("a", target="mine/large", total_ms=5.0),))

    (labels,) = _counted(named)[known.CLIENT_DURATION.name]

    assert labels[1:4] == ("mistral_ai", "large", "mine/large")


def test_labels_are_bounded() -> None:
    """However many models and apps there come to be, the figures stay small: who comes late is "other"."""
    figures = Figures()

    for number in range(3 * MOST_TARGETS):
        name = f"openrouter/m{number}"
        figures.count(Entry(call(str(number), target=name, app=f"app{number}"), (attempt(str(number), target=name),)))

    found = _shown(figures)
    assert len({labels[0] for labels in found[known.ATTEMPTS.name]}) == MOST_TARGETS + 1
    assert len({labels[0] for labels in found[known.CALLS.name]}) == MOST_APPS + 1
    assert (
        sum(float(value) for value in found[known.CALLS.name].values() if isinstance(value, float)) == 3 * MOST_TARGETS
    )


@given(st.lists(st.floats(0, 1e9)), st.lists(st.floats(0, 1e6), min_size=1, max_size=20, unique=True).map(sorted))
def test_a_histogram_puts_each_value_below_its_bound(values: list[float], bounds: list[float]) -> None:
    """A value that equals a bound is in that bucket; what is above all is in the last."""
    histogram = Histogram(bounds)

    for value in values:
        histogram.see(value)

    seen = histogram.distribution()
    for place, bound in enumerate(bounds):
        assert sum(seen.counts[: place + 1]) == sum(value <= bound for value in values)
    assert sum(seen.counts) == len(values)


def test_counting_a_call_takes_microseconds() -> None:
    """It is on the way of every call: 20,000 of them take well under a second on the slowest machine we know."""

    def counted() -> float:
        figures = Figures()
        began = perf_counter()
        for _ in range(20_000):
            figures.count(ANSWERED)
        return perf_counter() - began

    assert held_once_of(3, counted, lambda seconds: seconds < 1.0) < 1.0


def test_samples_have_the_labels_of_their_metric() -> None:
    """Each sample says as much as its metric has labels, whatever was counted."""
    figures = Figures()
    for entry in (ANSWERED, FELL_BACK, REFUSED):
        figures.count(entry)

    wrong = [
        sample
        for family in shown.families(figures, {})
        for sample in family.samples
        if not isinstance(sample, Sample) or len(sample.labels) != len(family.metric.labels)
    ]

    assert not wrong
