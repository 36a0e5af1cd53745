"""What a row of usage says beyond counts: success, queues, speed, problems, the trend, and what home has saved."""

from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearth.ledger import reports
from hearth.ledger.savings import AtHome, Comparison, price, saved
from hearth.record import Entry
from hearth.status import Usage
from ledger.ledger_examples import NOON, attempt, call, write

CLOUD = Comparison("openai/gpt", "USD", input=0.001, output=0.002, cached=0.0001)
COUNTS = st.integers(0, 10**9).map(float)


def _of(path: Path, *entries: Entry) -> Usage:
    write(path / "usage.db", *entries)
    (row,) = reports.usage(path / "usage.db", "target").rows
    return row


def _compare(target: str, task: str) -> Comparison | None:
    return CLOUD if (target, task) == ("ollama/qwen3:8b", "chat") else None


def test_success_is_the_share_of_good_endings(tmp_path: Path) -> None:
    """A caller that left says nothing of the model: it counts as neither."""
    endings = ("complete", "complete", "failed", "client_gone")

    row = _of(
        tmp_path,
        *(
            Entry(call(str(number)), (attempt(str(number), ending=ending, problem="timeout" * (ending == "failed")),))
            for number, ending in enumerate(endings)
        ),
    )

    assert row.success == pytest.approx(2 / 3)
    assert row.problems == {"timeout": 1}


def test_the_speed_is_that_after_the_first_token(tmp_path: Path) -> None:
    """Ten tokens after the first in half a second are 20 a second; a whole reply shows no speed."""
    streamed = Entry(call("a"), (attempt("a", output_tokens=11, first_token_ms=100.0, total_ms=600.0),))
    whole = Entry(call("b", stream=False), (attempt("b", output_tokens=50, first_token_ms=599.0, total_ms=600.0),))

    row = _of(tmp_path, streamed, whole)

    assert row.tokens_per_s_p50 == pytest.approx(20.0)


def test_the_queue_counts_where_the_answer_came_from(tmp_path: Path) -> None:
    """What a call waited for stands with its last attempt, once."""
    tried = (attempt("a", 1, ending="failed"), attempt("a", 2))

    row = _of(tmp_path, Entry(call("a", attempts=2, queue_ms=70.0), tried), Entry(call("b"), (attempt("b"),)))

    assert (row.queue_p50_ms, row.queue_p95_ms) == (0.0, 70.0)


def test_the_trend_is_calls_in_equal_slices(tmp_path: Path) -> None:
    """From the first call to the last, or from `since` to `until`."""
    times = (0.0, 1.0, 12.0, 24.0)
    write(
        tmp_path / "usage.db",
        *(Entry(call(str(at), time=NOON + at), (attempt(str(at)),)) for at in times),
    )

    whole = reports.usage(tmp_path / "usage.db", "app").rows[0].trend
    bounded = reports.usage(tmp_path / "usage.db", "app", NOON, NOON + 48).rows[0].trend

    assert [place for place, calls in enumerate(whole) for _ in range(calls)] == [0, 1, 12, 23]
    assert [place for place, calls in enumerate(bounded) for _ in range(calls)] == [0, 0, 6, 12]
    assert len(whole) == len(bounded) == 24


def test_the_total_counts_each_call_once(tmp_path: Path) -> None:
    """A call that was tried at two models stands in both rows and once in the total."""
    tried = (attempt("a", 1, ending="failed"), attempt("a", 2, target="openrouter/qwen", input_tokens=7))
    write(tmp_path / "usage.db", Entry(call("a", attempts=2), tried))

    report = reports.usage(tmp_path / "usage.db", "model")

    assert report.total is not None
    assert (report.total.calls, report.total.input_tokens, sum(row.calls for row in report.rows)) == (1, 7, 2)


def test_home_saves_what_the_cloud_fallback_would_have_cost(tmp_path: Path) -> None:
    """The same tokens at the fallback's price, which is named; an answer without such a price is counted apart."""
    at_home = attempt("a", input_tokens=1000, cached_tokens=500, output_tokens=100, cost=0.0)
    other = attempt("b", target="ollama/other", input_tokens=5, cost=0.0)
    paid = attempt("c", target="openrouter/qwen", input_tokens=5, cost=1.0, currency="USD")
    entries = (Entry(call("a"), (at_home,)), Entry(call("b"), (other,)), Entry(call("c"), (paid,)))
    write(tmp_path / "usage.db", *entries)

    total = reports.usage(tmp_path / "usage.db", "place", compare=_compare).total

    assert total is not None
    assert total.saved == {"USD": pytest.approx(500 * 0.001 + 500 * 0.0001 + 100 * 0.002)}
    assert (total.compared, total.uncompared) == (("openai/gpt",), 1)


@given(COUNTS, COUNTS, COUNTS, st.integers(1, 1000))
def test_a_saving_is_never_less_than_nothing_where_home_is_free(
    tokens: float, output: float, cached: float, answers: int
) -> None:
    """Prices are not negative, so neither is what the same tokens would have cost, however odd the counts."""
    one = AtHome("ollama/m", "chat", "", answers, tokens, output, cached, 0.0)

    assert price(one, CLOUD) >= 0
    assert saved([one], lambda _target, _task: CLOUD).money["USD"] == price(one, CLOUD)


def test_energy_at_home_is_taken_off() -> None:
    """What home cost in the same currency is no saving; in another it stands among the costs alone."""
    watts = AtHome("ollama/m", "chat", "USD", 1, 1000.0, 0.0, 0.0, 0.25)
    euros = AtHome("ollama/m", "chat", "EUR", 1, 1000.0, 0.0, 0.0, 0.25)

    assert saved([watts], lambda _target, _task: CLOUD).money == {"USD": 0.75}
    assert saved([euros], lambda _target, _task: CLOUD).money == {"USD": 1.0}


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.floats(0, 1e6)), min_size=1, max_size=40))
def test_ranks_are_those_of_a_sorted_list(measured: list[tuple[str, float | None]]) -> None:
    """Each row's median and 95th percentile, worked out by SQLite for all rows at once, are those of its own values."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "usage.db"
        write(
            path,
            *(
                Entry(call(str(number), app=app, first_token_ms=value), ())
                for number, (app, value) in enumerate(measured)
            ),
        )

        rows = reports.usage(path, "app").rows

    for row in rows:
        values = sorted(value for app, value in measured if app == row.name and value is not None)
        ranks = [values[ceil(len(values) * share) - 1] if values else None for share in (0.5, 0.95)]
        assert [row.first_token_p50_ms, row.first_token_p95_ms] == ranks


def test_nobody_has_one_row(tmp_path: Path) -> None:
    """Attempts that took no key and calls that nobody was asked for stand together, each counted once."""
    refused = Entry(call("b", target="", attempts=0, ending="failed"), ())
    write(tmp_path / "usage.db", Entry(call("a"), (attempt("a"),)), refused)

    rows = reports.usage(tmp_path / "usage.db", "key").rows

    assert [(row.name, row.calls, row.errors) for row in rows] == [("(none)", 2, 1)]
