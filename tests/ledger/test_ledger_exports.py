"""The usage log handed out whole, a page at a time: nothing twice, nothing left out, whatever is in it."""

from pathlib import Path

import pytest

from hearth.ledger import exports
from hearth.ledger.exports import Page
from hearth.ledger.sums import Span
from hearth.record import Entry
from ledger.ledger_examples import NOON, attempt, call, write

TRIED = Entry(call("tried", attempts=2), (attempt("tried", 1, ending="failed"), attempt("tried", 2)))
ALONE = Entry(call("alone", ending="refused", attempts=0, time=NOON + 10))
LATER = Entry(call("later", time=NOON + 20, plan="{}"), (attempt("later", cost=0.5, currency="USD"),))


def _all(path: Path, span: Span, limit: int) -> list[Entry]:
    found: list[Entry] = []
    page = exports.page(path, 0, span, limit)
    while page.entries:
        found += page.entries
        page = exports.page(path, page.last, span, limit)
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write(tmp_path / "usage.db", TRIED, ALONE, LATER)
    return tmp_path / "usage.db"


@pytest.mark.parametrize("limit", [1, 2, 3, 500])
def test_pages_together_are_the_log(path: Path, limit: int) -> None:
    """However small a page is, each call comes once, with its attempts, in the order in which it was written."""
    found = _all(path, Span(), limit)

    assert found == [TRIED, ALONE, LATER]


def test_a_span_takes_only_its_calls(path: Path) -> None:
    """`since` is included, `until` is not."""
    assert _all(path, Span(NOON + 10, NOON + 20), 10) == [ALONE]


def test_a_log_that_is_not_there_yet_is_an_empty_page(tmp_path: Path) -> None:
    """Reading makes no file and is no error."""
    assert exports.page(tmp_path / "usage.db", 7, Span()) == Page((), 7)
