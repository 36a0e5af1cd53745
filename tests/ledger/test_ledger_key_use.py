"""What keys were used for, as the usage log tells at the next start."""

from pathlib import Path

from hearth.ledger.key_use import STRETCH_S, KeyUse, read_key_use
from hearth.record import Entry
from ledger.ledger_examples import NOON, attempt, call, write

CLOUD = "far/model"
QUARTER = NOON // STRETCH_S * STRETCH_S


def test_uses_are_summed_by_key_and_quarter_of_an_hour(tmp_path: Path) -> None:
    """Each attempt counts for the key it went with; one that was held back, or is too old, does not."""
    several = (
        attempt("one", 1, target=CLOUD, key_id="a", ending="failed"),
        attempt("one", 2, target=CLOUD, key_id="b", input_tokens=7, output_tokens=8),
        attempt("one", 3, target=CLOUD, key_id="b", ending="refused"),
    )
    later = attempt("two", target=CLOUD, key_id="b", started=NOON + STRETCH_S, input_tokens=1)
    old = attempt("old", target=CLOUD, key_id="a", started=NOON - 90_000.0)
    path = tmp_path / "usage.db"
    write(
        path,
        Entry(call("one", target=CLOUD), several),
        Entry(call("two", target=CLOUD, time=NOON + STRETCH_S), (later,)),
        Entry(call("old", target=CLOUD, time=NOON - 90_000.0), (old,)),
    )

    found = read_key_use(path, NOON - 86_400.0, NOON + 2 * STRETCH_S)

    assert sorted(found, key=lambda one: (one.at, one.key_id)) == [
        KeyUse("far", "a", QUARTER, 1, 0),
        KeyUse("far", "b", QUARTER, 1, 15),
        KeyUse("far", "b", QUARTER + STRETCH_S, 1, 1),
    ]


def test_a_home_without_a_usage_log_has_no_uses(tmp_path: Path) -> None:
    """The first start of all has nothing to count."""
    assert read_key_use(tmp_path / "usage.db", 0.0, NOON) == []
