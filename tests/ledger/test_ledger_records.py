"""Whatever a caller sent goes into the log and comes back."""

from collections.abc import Iterator
from pathlib import Path
from types import NoneType
from typing import get_args, get_type_hints

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hearth.ledger import reports
from hearth.ledger.rows import AT_ONCE, LARGEST
from hearth.ledger.store import Store, open_store
from hearth.record import Attempt, CallRecord, Ending, Entry
from ledger.ledger_examples import QUICK, attempt, call, entry, ids, ledger

TEXT = st.text(st.characters(), max_size=20)  # lone surrogates and NUL included
WHOLE = st.integers(-LARGEST, LARGEST)
NUMBER = st.floats(allow_nan=False)


def _values(hint: object) -> st.SearchStrategy[object]:
    plain: dict[object, st.SearchStrategy[object]] = {str: TEXT, int: WHOLE, float: NUMBER, bool: st.booleans()}
    if hint in plain:
        return plain[hint]
    options = get_args(hint)
    if NoneType in options:
        return st.none() | _values(options[0])
    return st.sampled_from(get_args(Ending))


def _fields(kind: type[CallRecord] | type[Attempt]) -> dict[str, st.SearchStrategy[object]]:
    hints = get_type_hints(kind)
    return {name: _values(hints[name]) for name in kind.__struct_fields__}


@st.composite
def _entries(draw: st.DrawFn) -> Entry:
    head = draw(st.builds(CallRecord, **_fields(CallRecord)))
    tries = draw(st.lists(st.builds(Attempt, **_fields(Attempt)), max_size=3))
    numbered = (msgspec.structs.replace(one, call_id=head.id, number=number) for number, one in enumerate(tries))
    return Entry(head, tuple(numbered))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    one = open_store(tmp_path / "usage.db", QUICK, check=True)
    yield one
    one.close()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(_entries())
def test_any_entry_comes_back_as_it_went_in(store: Store, one: Entry) -> None:
    """F30: lone surrogates, NUL, infinities: the record read is the record written."""
    store.purge(None)

    unfit = store.write([one])

    assert unfit == 0
    assert reports.call(store.path, one.call.id) == one


@pytest.mark.parametrize("many", [AT_ONCE - 1, AT_ONCE, AT_ONCE + 1, 3 * AT_ONCE + 5])
@pytest.mark.parametrize("name", ["plain", "\ud800"])
def test_many_calls_at_once_come_back_each_as_it_was(store: Store, many: int, name: str) -> None:
    """Most go in by statements of many rows; one that fits none as it is harms none of its neighbours."""
    entries = [
        Entry(call(f"c{number}", app=name if number == many // 2 else "zed"), (attempt(f"c{number}", bytes_in=number),))
        for number in range(many)
    ]

    unfit = store.write(entries)

    assert unfit == 0
    assert [reports.call(store.path, one.call.id) for one in entries] == entries


def test_what_no_column_holds_is_cut_and_never_fatal(tmp_path: Path) -> None:
    """F30: a number of 5,000 digits is kept as the largest, NaN as unknown or 0; its neighbours are unharmed."""
    path = tmp_path / "usage.db"
    odd = Entry(
        call("odd", input_tokens=10**4999, output_tokens=-(10**4999), cost=float("nan"), total_ms=float("nan")),
        (attempt("odd", bytes_out=2**64),),
    )
    with ledger(path) as log:
        for one in (entry("before"), odd, entry("after")):
            log.add(one)
        log.flush(10)

    back = reports.call(path, "odd")

    assert back is not None
    assert (back.call.input_tokens, back.call.output_tokens) == (LARGEST, -LARGEST)
    assert (back.call.cost, back.call.total_ms) == (None, 0.0)
    assert back.attempts[0].bytes_out == LARGEST
    assert ids(path) == ["before", "odd", "after"]


def test_what_fits_no_row_is_dropped_alone(tmp_path: Path) -> None:
    """A record without an id cannot be kept: it is counted as dropped, and the calls around it are written."""
    nameless = Entry(msgspec.convert({**msgspec.structs.asdict(call("x"))}, CallRecord))
    msgspec.structs.force_setattr(nameless.call, "id", None)
    with ledger(tmp_path / "usage.db") as log:
        for one in (entry("before"), nameless, entry("after")):
            log.add(one)
        log.flush(10)

        assert (log.state().state, log.state().written, log.state().dropped) == ("ok", 2, 1)
    assert ids(tmp_path / "usage.db") == ["before", "after"]


def test_writing_twice_changes_nothing(store: Store) -> None:
    """F43: a commit whose answer got lost is made again, and doubles no row."""
    store.write([entry("a"), entry("b")])

    store.write([entry("a"), entry("b")])

    assert sorted(ids(store.path)) == ["a", "b"]
    assert reports.call(store.path, "a") == entry("a")
