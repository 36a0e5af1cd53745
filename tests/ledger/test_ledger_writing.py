"""The way of a call from the request to the disk."""

import os
import stat
import sys
from pathlib import Path
from threading import Barrier, Thread
from threading import enumerate as enumerate_threads
from time import monotonic, sleep

import pytest

from hearth.ledger import reports
from hearth.ledger.ledger import Ledger
from hearth.ledger.state import Limits
from ledger.ledger_examples import QUICK, Traced, entry, ids, ledger, until
from promised_times import held_once_of


def test_what_is_added_can_be_read_after_a_flush(tmp_path: Path) -> None:
    """A call is on disk, with its attempts, once `flush` says so."""
    path = tmp_path / "usage.db"
    with ledger(path) as log:
        log.add(entry("a"))

        flushed = log.flush(10)

        assert flushed
        assert reports.call(path, "a") == entry("a")


def test_what_is_added_is_written_without_being_asked_for(tmp_path: Path) -> None:
    """G13: nobody needs to flush: a call is acknowledged within a window."""
    with ledger(tmp_path / "usage.db") as log:
        until(log, lambda state: state.size > 0)

        log.add(entry("a"))

        until(log, lambda state: state.written == 1)
    assert ids(tmp_path / "usage.db") == ["a"]


def test_calls_from_before_the_start_are_written_too(tmp_path: Path) -> None:
    """The first requests do not wait for the file to be opened."""
    log = Ledger(tmp_path / "usage.db", None, limits=QUICK)
    log.add(entry("early"))

    log.start()
    closed = log.close(10)

    assert closed
    assert ids(tmp_path / "usage.db") == ["early"]


def test_the_queue_is_bounded_and_drops_are_counted(tmp_path: Path) -> None:
    """F50, G15: with nobody writing the queue stays at its bound, and each further call is counted as dropped."""
    log = Ledger(tmp_path / "usage.db", None, limits=Limits(entries=10))

    for number in range(25):
        log.add(entry(str(number)))

    assert (log.state().queued, log.state().dropped) == (10, 15)


def test_a_closed_log_takes_nothing_and_counts_it(tmp_path: Path) -> None:
    """After `close` a late call is dropped, not kept in memory for ever."""
    with ledger(tmp_path / "usage.db") as log:
        pass

    log.add(entry("late"))

    assert (log.state().queued, log.state().dropped) == (0, 1)
    assert not ids(tmp_path / "usage.db")


def test_adding_from_many_threads_loses_nothing(tmp_path: Path) -> None:
    """Wake-ups and drops hold whoever adds."""
    path, together = tmp_path / "usage.db", Barrier(4)
    with ledger(path) as log:

        def add(name: int) -> None:
            together.wait()
            for number in range(500):
                log.add(entry(f"{name}-{number}"))
                if number % 100 == 0:
                    sleep(0.02)

        threads = [Thread(target=add, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        until(log, lambda state: state.written == 2000)

    assert len(ids(path)) == 2000


def test_commits_are_few(tmp_path: Path) -> None:
    """G13: a steady flow of calls is committed once a window, not once a call."""
    traced = Traced()
    with ledger(tmp_path / "usage.db", limits=Limits(window=0.25), opener=traced) as log:
        log.flush(10)
        before, began = traced.said.count("COMMIT"), monotonic()

        while monotonic() < began + 1.0:
            log.add(entry(str(monotonic())))
            sleep(0.005)

        spent = monotonic() - began
        assert traced.said.count("COMMIT") - before <= spent / 0.25 + 1


def test_adding_is_cheap(tmp_path: Path) -> None:
    """A request pays microseconds: the bound here is ten times the usual, for a busy machine."""
    one = entry("a")

    def spent() -> float:
        log.flush(10)
        began = monotonic()
        for _ in range(5000):
            log.add(one)
        return (monotonic() - began) / 5000

    with ledger(tmp_path / "usage.db") as log:
        each_s = held_once_of(5, spent, lambda seconds: seconds < 20e-6)

    assert each_s < 20e-6


@pytest.mark.skipif(sys.platform != "linux", reason="counts context switches as Linux shows them")
def test_the_thread_sleeps_while_there_is_nothing_to_do(tmp_path: Path) -> None:
    """An idle log wakes nobody: the thread is not scheduled once."""
    with ledger(tmp_path / "usage.db", keep_s=1000.0) as log:
        log.add(entry("a"))
        until(log, lambda state: state.written == 1)
        sleep(0.2)

        before, after = held_once_of(3, _switches_of_a_moment, lambda found: found[0] == found[1])

        assert after == before


def _switches_of_a_moment() -> tuple[list[str], list[str]]:
    before = _switches()
    sleep(0.5)
    return before, _switches()


def _switches() -> list[str]:
    (thread,) = (one for one in enumerate_threads() if one.name == "hearth-ledger")
    status = Path(f"/proc/self/task/{thread.native_id}/status").read_text()
    return [line for line in status.splitlines() if "ctxt_switches" in line]


@pytest.mark.skipif(os.name == "nt", reason="rights are not modes on Windows")
def test_the_files_are_the_owners_alone(tmp_path: Path) -> None:
    """T35: the database and what stands beside it are 0600, their folder 0700; a looser file is narrowed."""
    path = tmp_path / "data" / "usage.db"
    loose = tmp_path / "loose.db"
    loose.touch()
    loose.chmod(0o644)

    with ledger(path) as log, ledger(loose) as other:
        log.add(entry("a"))
        log.flush(10)
        other.flush(10)
        modes = {stat.S_IMODE(file.stat().st_mode) for file in [loose, *path.parent.iterdir()]}

    assert modes == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
