"""What was learned of targets, kept beside the usage log."""

from pathlib import Path
from time import time

from hearth.ledger.learned import MOST
from ledger.ledger_examples import entry, ledger, until

SOON = 5.0


def test_what_was_learned_is_there_after_a_restart(tmp_path: Path) -> None:
    """The newest figures of each target, the target asked last first."""
    path = tmp_path / "usage.db"
    with ledger(path) as log:
        log.keep_learned([("a/m", 1.0, "old"), ("b/m", 2.0, "b")])
        log.keep_learned([("a/m", 3.0, "new")])
        log.keep_learned([])

    with ledger(path) as log:
        assert log.learned().result(SOON) == [("a/m", 3.0, "new"), ("b/m", 2.0, "b")]


def test_only_the_targets_asked_last_are_kept(tmp_path: Path) -> None:
    """A table of names that callers make up never grows."""
    path = tmp_path / "usage.db"
    with ledger(path) as log:
        log.keep_learned([(f"made/{number:04}", float(number), "x") for number in range(MOST + 50)])
        rows = log.learned().result(SOON)

    assert len(rows) == MOST
    assert rows[-1][0] == "made/0050"


def test_a_purge_forgets_it_too(tmp_path: Path) -> None:
    """T35: names of models are nobody's business either, once everything is to be deleted."""
    path = tmp_path / "usage.db"
    with ledger(path) as log:
        log.add(entry("one", time=time()))
        log.keep_learned([("canary/m", 1.0, "x")])
        log.purge()
        contents = b"".join(file.read_bytes() for file in tmp_path.glob("usage.db*"))

    assert b"canary" not in contents


def test_a_log_that_cannot_be_opened_has_learned_nothing(tmp_path: Path) -> None:
    """Neither reading nor keeping fails or waits: it is learned anew."""
    path = tmp_path / "folder.db"
    path.mkdir()
    with ledger(path) as log:
        until(log, lambda state: state.state == "degraded")

        log.keep_learned([("a/m", 1.0, "x")])

        assert log.learned().result(SOON) == []


def test_nothing_is_kept_before_the_start_or_after_the_end(tmp_path: Path) -> None:
    """Without its thread the log takes nothing, and says nothing of it."""
    path = tmp_path / "usage.db"
    with ledger(path) as log:
        log.keep_learned([("a/m", 1.0, "x")])
    log.keep_learned([("b/m", 2.0, "x")])

    with ledger(path) as again:
        assert [name for name, _, _ in again.learned().result(SOON)] == ["a/m"]
