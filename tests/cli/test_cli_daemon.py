"""A whole daemon, started, asked, interrupted and stopped by its own commands."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from cli.control_server import Reply, serving
from cli.terminal import command, environment, hearth
from hearth.status import Status


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home whose daemon listens on its socket alone; whatever runs there at the end is stopped."""
    file = tmp_path / "hearth.toml"
    file.write_text('[listen]\ntcp = "off"\n[providers.ollama]\npreset = "ollama"\naddress = "http://127.0.0.1:1"\n')
    file.chmod(0o600)
    yield tmp_path
    hearth(tmp_path, "stop")


def test_restart_starts_in_the_background_and_stop_waits(home: Path) -> None:
    """`restart` starts what was not running, and replaces what was; after `stop` nothing answers any more."""
    first = hearth(home, "restart")
    one = msgspec.json.decode(hearth(home, "status", "--json").stdout, type=Status)
    second = hearth(home, "restart")
    two = msgspec.json.decode(hearth(home, "status", "--json").stdout, type=Status)
    stopped = hearth(home, "stop")
    after = hearth(home, "status")

    assert first.stdout.startswith("Hearth was not running.\n"), first.stderr
    assert second.stdout.startswith(f"Hearth (pid {one.pid}) has stopped.\n"), second.stderr
    assert one.pid != two.pid
    assert stopped.stdout == f"Hearth (pid {two.pid}) has stopped.\n"
    assert after.returncode == 3


def test_who_watches_sees_the_daemon_go_and_come_back(home: Path) -> None:
    """Where there is no tray, `status --watch` stands in for the icon, which outlives the daemon too."""
    hearth(home, "restart")
    words = command(home, "status", "--watch")
    watch = subprocess.Popen(words, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert watch.stdout
    lines = iter(watch.stdout)
    try:
        first = next(line for line in lines if line.startswith("hearth: "))
        hearth(home, "stop")
        gone = next(line for line in lines if "not running" in line)
        hearth(home, "restart")
        again = next(line for line in lines if line.startswith("hearth: "))
    finally:
        watch.kill()
        watch.wait()
        watch.stdout.close()

    assert "looked for again" in gone
    assert first.split(",")[1] != again.split(",")[1]  # the pid


def test_a_daemon_that_cannot_start_says_why(home: Path) -> None:
    """`restart` with a bad config shows the reason at once, not only in the log."""
    (home / "hearth.toml").write_text("mode = 3\n")

    shown = hearth(home, "restart")

    assert shown.returncode == 1
    assert f"{home / 'hearth.toml'}:1: mode: " in shown.stderr


def test_a_second_run_is_refused(home: Path) -> None:
    """F40: a second daemon of one home exits 1 and says that the first one runs."""
    hearth(home, "restart")

    shown = hearth(home, "run")

    assert shown.returncode == 1
    assert "Hearth runs already" in shown.stderr


def test_ctrl_c_leaves_a_pull_running_and_says_so(tmp_path: Path) -> None:
    """An interrupted pull exits 130 without a traceback."""
    begun = Reply(pieces=(b'{"provider":"ollama","model":"m","status":"pulling"}\n',), endless=True)

    with serving(tmp_path, {"POST models/pull": begun}):
        process = subprocess.Popen(
            command(tmp_path, "pull", "m"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(PYTHONUNBUFFERED="1"),
        )
        assert process.stderr is not None
        first = process.stderr.readline()
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=20)

    assert first == "pulling\n"
    assert process.returncode == 130
    assert "goes on in the background" in rest
    assert "Traceback" not in rest
