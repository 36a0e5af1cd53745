"""What is deleted: old calls by themselves, everything when the user says so."""

import sqlite3
from contextlib import closing
from pathlib import Path
from time import time

from hearth.ledger import reports
from ledger.ledger_examples import YEAR_S, entry, ids, ledger, until, write


def test_old_calls_are_deleted_at_start(tmp_path: Path) -> None:
    """What is older than `keep` goes with its attempts, in parts; what is younger stays."""
    path = tmp_path / "usage.db"
    write(path, *(entry(str(number), time=time() - YEAR_S) for number in range(1200)), entry("young", time=time()))

    with ledger(path, keep_s=YEAR_S / 2) as log:
        until(log, lambda _: len(ids(path)) == 1)

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT call_id FROM attempts").fetchall() == [("young",)]
    assert ids(path) == ["young"]


def test_a_purge_leaves_no_trace(tmp_path: Path) -> None:
    """T35: after a purge neither the file nor its write-ahead log holds a byte of what was there."""
    path = tmp_path / "usage.db"
    with ledger(path) as log:
        for number in range(50):
            log.add(entry(str(number), user_agent="canary-in-the-mine"))
        gone = log.purge()
        contents = b"".join(file.read_bytes() for file in tmp_path.glob("usage.db*"))
        log.add(entry("next"))

    assert gone == 50
    assert b"canary" not in contents
    assert ids(path) == ["next"]


def test_a_purge_may_stop_at_a_time(tmp_path: Path) -> None:
    """What came before goes, what came after stays; the count is of calls."""
    path = tmp_path / "usage.db"
    with ledger(path) as log:
        log.add(entry("old", time=1000.0))
        log.add(entry("new", time=2000.0))

        assert log.purge(before=2000.0) == 1

    assert [one.id for one in reports.log(path, 5)] == ["new"]
