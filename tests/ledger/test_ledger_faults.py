"""Storage faults: requests go on, the log says what is wrong, and it is whole again by itself."""

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from hearth.ledger import reports
from hearth.ledger.state import Damaged, LedgerFault, LedgerState, Limits
from hearth.ledger.store import Store, open_store
from hearth.record import Entry
from ledger.ledger_examples import QUICK, entry, ids, ledger, sound, until, write

MANY = [entry(str(number), plan="x" * 200) for number in range(300)]


def _degraded(state: LedgerState) -> bool:
    return state.state == "degraded"


def _all_written(state: LedgerState) -> bool:
    return state.state == "ok" and not state.queued


def test_a_full_disk_holds_calls_until_there_is_room(tmp_path: Path) -> None:
    """F42: what does not fit waits, status says why, and all of it is written once there is room."""
    path, pages = tmp_path / "usage.db", [20]

    class Small(Store):
        def write(self, entries: Sequence[Entry]) -> int:
            self.connection.execute(f"PRAGMA max_page_count = {pages[0]}")
            return super().write(entries)

    def small(path: Path, limits: Limits, *, check: bool) -> Store:
        return Small(open_store(path, limits, check=check).connection, path, limits)

    with ledger(path, opener=small) as log:
        for one in MANY:
            log.add(one)
        state = until(log, _degraded)
        pages[0] = 100_000
        until(log, _all_written)

    assert "disk is full" in state.reason
    assert len(ids(path)) == len(MANY)


def test_a_path_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    """F45: a folder where the file should be is said at start, and once it is gone the log begins."""
    path = tmp_path / "usage.db"
    path.mkdir()

    with ledger(path) as log:
        log.add(entry("a"))
        state = until(log, _degraded)
        path.rmdir()
        until(log, _all_written)

    assert str(path) in state.reason
    assert ids(path) == ["a"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """F45: a file where the folder should be is a reason, not a crash."""
    (tmp_path / "data").touch()

    with ledger(tmp_path / "data" / "usage.db") as log:
        log.add(entry("a"))
        state = until(log, _degraded)
        (tmp_path / "data").unlink()
        until(log, _all_written)

    assert "cannot be opened" in state.reason


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write to anything")
def test_a_read_only_file_is_said_at_start(tmp_path: Path) -> None:
    """F45: without the right to write the log is degraded, and heals when the right is given."""
    path = tmp_path / "usage.db"
    write(path, entry("old"))
    path.chmod(0o400)

    with ledger(path) as log:
        log.add(entry("a"))
        until(log, _degraded)
        path.chmod(0o600)
        until(log, _all_written)

    assert ids(path) == ["old", "a"]


@pytest.mark.parametrize(("start", "length"), [(0, 100), (4096, 16_384)], ids=["header", "middle"])
def test_a_damaged_file_is_set_aside(tmp_path: Path, start: int, length: int) -> None:
    """F46: a damaged file is renamed, never deleted; a fresh one is begun at once, and status tells."""
    path = tmp_path / "usage.db"
    write(path, *MANY)
    content = bytearray(path.read_bytes())
    content[start : start + length] = b"\0" * 16 + b"\xa5" * (length - 16)
    path.write_bytes(content)

    with ledger(path) as log:
        log.add(entry("new"))
        state = until(log, lambda state: state.written == 1)

    copies = list(tmp_path.glob("usage.db.damaged-*"))
    assert (state.state, len(copies)) == ("ok", 1)
    assert copies[0].name in state.reason
    assert copies[0].read_bytes() == content
    assert ids(path) == ["new"]


def test_a_disk_that_damages_every_file_is_not_given_more(tmp_path: Path) -> None:
    """F46: after a number of set-aside copies the log stays degraded, instead of filling the folder."""
    path = tmp_path / "usage.db"

    def broken(path: Path, limits: Limits, *, check: bool) -> Store:
        open_store(path, limits, check=check).close()
        raise Damaged("damaged")

    with ledger(path, limits=replace(QUICK, damaged_copies=3), opener=broken) as log:
        state = until(log, lambda state: "not trusted" in state.reason)

    assert state.state == "degraded"
    assert len(list(tmp_path.glob("usage.db.damaged-*"))) == 3


def test_a_lock_is_waited_out(tmp_path: Path) -> None:
    """F47: while another program holds the file, calls wait; when it lets go they are written."""
    path = tmp_path / "usage.db"
    with ledger(path) as log, closing(sqlite3.connect(path, isolation_level=None)) as other:
        log.flush(10)
        other.execute("BEGIN EXCLUSIVE")
        log.add(entry("a"))
        state = until(log, _degraded)
        refused = log.flush(10)
        other.execute("COMMIT")
        until(log, _all_written)

    assert "locked by another program" in state.reason
    assert not refused
    assert ids(path) == ["a"]


def test_a_lock_at_start_is_waited_out(tmp_path: Path) -> None:
    """F47: the same when the file is held before Hearth starts, with nothing to write yet."""
    path = tmp_path / "usage.db"
    write(path, entry("old"))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with ledger(path) as log:
            until(log, _degraded)
            other.close()
            until(log, _all_written)


def test_a_long_reader_cannot_grow_the_files_for_ever(tmp_path: Path) -> None:
    """F48: the write-ahead log is capped; behind a reader that never ends, calls wait, then they are written."""
    path = tmp_path / "usage.db"
    limits = replace(QUICK, wal_bytes=200_000)
    write(path, entry("old"))
    with ledger(path, limits=limits) as log, closing(sqlite3.connect(path, isolation_level=None)) as reader:
        log.flush(10)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM calls").fetchall()
        for start in range(0, 300, 30):
            for one in MANY[start : start + 30]:
                log.add(one)
            log.flush(10)
        state = until(log, _degraded)
        size = (tmp_path / "usage.db-wal").stat().st_size
        reader.execute("COMMIT")
        until(log, _all_written)

    assert "reading" in state.reason
    assert size < 600_000
    assert len(ids(path)) == 301


def test_a_deleted_file_is_begun_anew(tmp_path: Path) -> None:
    """F49: somebody removes the file under us: the next call goes to a new one, not into the void."""
    path = tmp_path / "usage.db"
    with ledger(path) as log:
        log.add(entry("gone"))
        log.flush(10)
        path.unlink()
        log.add(entry("kept"))
        written = log.flush(10)
        state = log.state()

    assert written
    assert (state.state, "another one was begun" in state.reason) == ("ok", True)
    assert ids(path) == ["kept"]


def test_a_replaced_file_is_taken_over(tmp_path: Path) -> None:
    """F49: somebody puts a copy in the file's place: it is written on, and the old write-ahead log never replayed."""
    path, other = tmp_path / "usage.db", tmp_path / "copy.db"
    write(other, entry("other"))
    with ledger(path) as log:
        for one in MANY:
            log.add(one)
        log.flush(10)
        other.replace(path)
        log.add(entry("new"))
        written = log.flush(10)

    assert written
    assert ids(path) == ["other", "new"]
    assert sound(path)


def test_a_removed_write_ahead_log_is_noticed(tmp_path: Path) -> None:
    """F49: without its write-ahead log the open file would lose what is written, so it is opened again."""
    path = tmp_path / "usage.db"
    with ledger(path) as log:
        log.add(entry("a"))
        log.flush(10)
        (tmp_path / "usage.db-wal").unlink()
        log.add(entry("b"))
        written = log.flush(10)

    assert written
    assert "b" in ids(path)
    assert sound(path)


def test_a_newer_file_is_left_alone(tmp_path: Path) -> None:
    """F49: a file of a newer version is not written to, and the message says so; moved away, the log begins anew."""
    path = tmp_path / "usage.db"
    write(path, entry("theirs"))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('hearth', 'm999_later', '')"
        )
    with ledger(path) as log:
        log.add(entry("ours"))
        state = until(log, _degraded)
        with pytest.raises(LedgerFault, match="newer Hearth"):
            log.purge()
        theirs = ids(path)
        path.rename(tmp_path / "newer.db")
        until(log, _all_written)

    assert "newer Hearth" in state.reason
    assert "m999_later" in state.reason
    assert (theirs, ids(path)) == (["theirs"], ["ours"])


def test_drops_are_counted_exactly_while_the_log_cannot_write(tmp_path: Path) -> None:
    """F50, G15: over 1,500 calls the queue keeps its bound, the rest is counted, and the kept are written."""
    path = tmp_path / "usage.db"
    with ledger(path, limits=replace(QUICK, entries=100)) as log, closing(sqlite3.connect(path)) as other:
        log.flush(10)
        other.isolation_level = None
        other.execute("BEGIN EXCLUSIVE")
        for number in range(1500):
            log.add(entry(str(number)))
        state = until(log, _degraded)
        other.execute("COMMIT")
        until(log, _all_written)

        assert state.queued <= 100
        assert log.state().written + log.state().dropped == 1500
    assert len(ids(path)) == log.state().written


def test_a_report_of_a_damaged_file_is_a_clear_error(tmp_path: Path) -> None:
    """F46: who reads gets a sentence, not a traceback."""
    path = tmp_path / "usage.db"
    path.write_bytes(b"not a database" * 100)

    with pytest.raises(LedgerFault, match="damaged"):
        reports.log(path, 1)
