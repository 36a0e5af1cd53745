"""What only a process of its own can suffer: a limit on file sizes, and being killed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.ledger_examples import ids, sound


def test_a_limit_on_file_sizes_is_survived(tmp_path: Path) -> None:
    """F44: a write that the system refuses is an error, then a new connection, and nothing is lost."""
    script = """
import resource, sys
from pathlib import Path
from ledger.ledger_examples import entry, ledger, until
path = Path(sys.argv[1])
with ledger(path) as log:
    log.flush(10)
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    for number in range(300):
        log.add(entry(str(number), plan="x" * 500))
    print(until(log, lambda state: state.state == "degraded").reason)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    until(log, lambda state: state.state == "ok" and not state.queued)
"""
    pytest.importorskip("resource")

    done = _python(script, str(tmp_path / "usage.db"))

    assert "disk" in done.stdout, done.stderr
    assert len(ids(tmp_path / "usage.db")) == 300
    assert sound(tmp_path / "usage.db")


def test_killed_at_any_time_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    """F34, G13: killed ten times while writing: every call that a flush vouched for is there."""
    path = tmp_path / "usage.db"
    script = """
import sys
from pathlib import Path
from ledger.ledger_examples import entry, ledger
with ledger(Path(sys.argv[1])) as log:
    for number in range(10**9):
        log.add(entry(f"{sys.argv[2]}-{number}"))
        if number % 7 == 0 and log.flush(10):
            print(number, flush=True)
"""
    for run in range(10):
        acknowledged = _killed(script, str(path), str(run), after=5 + 3 * run)
        kept = set(ids(path))

        assert {f"{run}-{number}" for number in range(acknowledged + 1)} <= kept
        assert sound(path)


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace makes the system call fail")
def test_a_disk_that_fails_to_sync_loses_nothing(tmp_path: Path) -> None:
    """F43, G15: fdatasync says EIO nine times: the file is closed and opened anew, and what was not safe is written."""
    path = tmp_path / "usage.db"
    script = """
import sys
from pathlib import Path
from time import sleep
from ledger.ledger_examples import entry, ledger, until
states = set()
with ledger(Path(sys.argv[1])) as log:
    for number in range(300):
        log.add(entry(str(number)))
        states.add(log.state().reason)
        sleep(0.002)
    until(log, lambda state: state.state == "ok" and not state.queued)
    print(log.state().dropped, sorted(states - {""}))
"""
    inject = ["strace", "-f", "-qq", "-o", str(tmp_path / "trace"), "-e", "trace=fdatasync,fsync"]
    inject += ["-e", "inject=fdatasync,fsync:error=EIO:when=4..12"]

    done = subprocess.run(
        [*inject, *_command(script, str(path))], capture_output=True, text=True, timeout=150, check=False
    )
    if "ptrace" in done.stderr:
        pytest.skip("this system lets nobody be traced")

    assert (tmp_path / "trace").read_text().count("EIO") >= 5, done.stderr
    assert done.stdout.startswith("0 ['"), done.stderr
    assert "disk" in done.stdout
    assert sorted(ids(path), key=int) == [str(number) for number in range(300)]
    assert sound(path)


def _command(script: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{script}", *arguments]


def _python(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(_command(script, *arguments), capture_output=True, text=True, timeout=150, check=False)


def _killed(script: str, *arguments: str, after: int) -> int:
    """Run until `after` numbers were printed, kill, and return the last number that came out."""
    with subprocess.Popen(_command(script, *arguments), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(after):
            process.stdout.readline()
        process.kill()
        rest = [line for line in process.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
    return int(rest[-1]) if rest else 7 * (after - 1)
