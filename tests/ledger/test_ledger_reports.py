"""What the usage log says when it is asked."""

from pathlib import Path
from time import localtime, strftime

import pytest
from msgspec.structs import replace

from hearth.ledger import reports
from hearth.ledger.reports import Filters
from hearth.ledger.sums import NOBODY, By
from hearth.record import Entry
from hearth.status import Usage
from ledger.ledger_examples import NOON, attempt, call, entry, write

DAY_S = 86_400.0
CLOUD = "openrouter/qwen"

ANSWERED_AT_HOME = Entry(
    call("home", first_token_ms=110.0, total_ms=900.0),
    (attempt("home", input_tokens=10, output_tokens=20, cost=0.0, first_token_ms=100.0, total_ms=800.0),),
)
FELL_BACK = Entry(
    call("fell", target=CLOUD, app="aider", attempts=2, first_token_ms=300.0, total_ms=500.0),
    (
        attempt("fell", 1, ending="failed", problem="network_error", total_ms=50.0),
        attempt(
            "fell",
            2,
            target=CLOUD,
            input_tokens=7,
            output_tokens=8,
            cached_tokens=3,
            cost=0.25,
            currency="USD",
            first_token_ms=200.0,
            total_ms=400.0,
        ),
    ),
)
UNPRICED = Entry(
    call("odd", target=CLOUD, time=NOON + DAY_S, total_ms=40.0),
    (attempt("odd", target=CLOUD, input_tokens=1, output_tokens=2, estimated=True, total_ms=30.0),),
)
REFUSED = Entry(call("no", target="", ending="refused", attempts=0, time=NOON + DAY_S, total_ms=1.0))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write(tmp_path / "usage.db", ANSWERED_AT_HOME, FELL_BACK, UNPRICED, REFUSED)
    return tmp_path / "usage.db"


def _rows(path: Path, by: By) -> dict[str, Usage]:
    return {row.name: row for row in reports.usage(path, by).rows}


def _plain(row: Usage) -> Usage:
    """The row without what the other tests look at: speed, problems, the trend and what was saved."""
    return replace(
        row,
        success=None,
        queue_p50_ms=None,
        queue_p95_ms=None,
        tokens_per_s_p50=None,
        problems={},
        trend=(),
        uncompared=0,
    )


def test_usage_by_model_counts_each_attempt_where_it_was_made(path: Path) -> None:
    """A call that fell back is an error of the first model and an answer of the second; money is where it was spent."""
    rows = _rows(path, "model")

    assert _plain(rows["qwen3:8b"]) == Usage(
        "qwen3:8b", 2, 1, 10, 20, 0, 0, 2, {}, 0, 100.0, 100.0, total_p50_ms=50.0, total_p95_ms=800.0
    )
    assert _plain(rows["qwen"]) == Usage("qwen", 2, 0, 8, 10, 3, 1, 0, {"USD": 0.25}, 1, 200.0, 200.0, 30.0, 400.0)
    assert (rows[NOBODY].calls, rows[NOBODY].errors, rows[NOBODY].refused) == (1, 0, 1)


def test_usage_by_app_counts_each_call_once(path: Path) -> None:
    """A call is one call for who made it, with the tokens and costs of all its attempts."""
    rows = _rows(path, "app")

    assert _plain(rows["aider"]) == Usage("aider", 1, 0, 7, 8, 3, 0, 0, {"USD": 0.25}, 0, 300.0, 300.0, 500.0, 500.0)
    assert (rows["zed"].calls, rows["zed"].errors, rows["zed"].local_calls, rows["zed"].unknown_costs) == (3, 0, 1, 1)
    assert rows["zed"].refused == 1


@pytest.mark.parametrize("by", ["target", "provider", "app", "place"])
def test_a_refusal_is_no_error_of_the_target_it_was_meant_for(tmp_path: Path, by: By) -> None:
    """What a budget refused stands apart: it lowers nobody's success, and is in no time."""
    spent = attempt("no", target=CLOUD, ending="refused", problem="over_budget", total_ms=0.1)
    write(
        tmp_path / "usage.db",
        Entry(call("no", target=CLOUD, ending="refused", problem="over_budget", total_ms=0.2), (spent,)),
        Entry(call("yes", target=CLOUD, total_ms=500.0), (attempt("yes", target=CLOUD, total_ms=500.0),)),
    )

    (row,) = reports.usage(tmp_path / "usage.db", by).rows

    assert (row.calls, row.errors, row.refused, row.success) == (2, 0, 1, 1.0)
    assert (row.total_p50_ms, row.problems) == (500.0, {"over_budget": 1})


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("target", {"ollama/qwen3:8b", CLOUD, NOBODY}),
        ("provider", {"ollama", "openrouter", NOBODY}),
        ("key", {"openrouter/main", NOBODY}),
        ("place", {"machine", "cloud", NOBODY}),
        ("day", {strftime("%Y-%m-%d", localtime(when)) for when in (NOON, NOON + DAY_S)}),
    ],
)
def test_usage_can_be_grouped(path: Path, by: By, names: set[str]) -> None:
    """Each grouping has a row for each of its names."""
    assert set(_rows(path, by)) == names


def test_usage_of_a_span_takes_only_its_calls(path: Path) -> None:
    """`since` is included, `until` is not."""
    first_day = reports.usage(path, "app", until=NOON + DAY_S)
    second_day = reports.usage(path, "app", since=NOON + DAY_S)

    assert (sum(row.calls for row in first_day.rows), sum(row.calls for row in second_day.rows)) == (2, 2)


def test_a_percentile_is_the_nearest_rank(tmp_path: Path) -> None:
    """Of 1 to 100 ms the median is 50 and the 95th percentile 95."""
    write(tmp_path / "usage.db", *(entry(str(ms), total_ms=float(ms)) for ms in range(1, 101)))

    (row,) = reports.usage(tmp_path / "usage.db", "app").rows

    assert (row.total_p50_ms, row.total_p95_ms) == (50.0, 95.0)


def test_the_log_is_newest_first_and_can_be_followed(path: Path) -> None:
    """`after` gives what was written since a call, so that nothing is shown twice."""
    assert [one.id for one in reports.log(path, 3)] == ["no", "odd", "fell"]
    assert [one.id for one in reports.log(path, 10, after="fell")] == ["no", "odd"]
    assert reports.log(path, 10, after="no") == ()


def test_the_log_can_be_filtered(path: Path) -> None:
    """By app, target, place, ending and time."""
    assert [one.id for one in reports.log(path, 9, filters=Filters(app="aider"))] == ["fell"]
    assert [one.id for one in reports.log(path, 9, filters=Filters(target=CLOUD, since=NOON + 1))] == ["odd"]
    assert [one.id for one in reports.log(path, 9, filters=Filters(ending="refused"))] == ["no"]
    assert [one.id for one in reports.log(path, 9, filters=Filters(place="machine", until=NOON + 1))] == ["home"]


def test_one_call_comes_with_its_attempts(path: Path) -> None:
    """`hearth why` gets the whole entry; an unknown id, however odd, is none."""
    assert reports.call(path, "fell") == FELL_BACK
    assert reports.call(path, "' OR 1=1 --\ud800") is None


def test_today_begins_at_midnight_here(path: Path) -> None:
    """The sums of the day are those of this day only."""
    assert reports.today(path).calls == 0


def test_a_log_that_is_not_there_yet_is_empty(tmp_path: Path) -> None:
    """Reading makes no file and is no error."""
    path = tmp_path / "usage.db"

    assert reports.usage(path, "model").rows == ()
    assert reports.log(path, 5) == ()
    assert reports.call(path, "a") is None
    assert not path.exists()
