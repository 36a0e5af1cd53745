"""Starts on disks that are full, read-only or shared with others: what can go on goes on, what cannot is said."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from hearth.server.sockets import CannotListen, InstanceLock
from hearth.server.tokens import ensure_tokens, tokens_for_now
from hearth_config.locks import held
from hearth_home import LISTEN, make

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="owners, modes and limits of this kind are POSIX")

RUN = "from hearth.foreground import run; from hearth_config.paths import Paths; import sys\n"
START = RUN + "sys.exit(run(Paths.find(sys.argv[1], {})))"
NO_ROOM = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
"""The system refuses every byte that the process would write to a file."""
ENVIRON = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def _state(client: httpx.Client) -> str:
    """What status says of the usage log, once it was tried to be opened."""
    state = "ok"
    for _ in range(400):
        state = str(client.get("http://localhost/hearth/v1/status").json()["ledger"]["state"])
        if state != "ok":
            break
        time.sleep(0.05)
    return state


def test_with_no_room_at_all_the_daemon_starts_and_says_so(place: Path) -> None:
    """F42, F44: not a byte can be written from the first moment: no token, no log; calls are answered all the same."""
    place.mkdir(mode=0o700)
    make(place, LISTEN)
    command = [sys.executable, "-c", NO_ROOM + START, str(place)]
    daemon = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRON)
    try:
        assert daemon.stdout is not None
        said = [daemon.stdout.readline() for _ in range(2)]
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(place / "hearth.sock")), timeout=30) as client:
            greeting = client.get("http://localhost/").text
            state = _state(client)
        second = subprocess.run(
            [sys.executable, "-c", START, str(place)], capture_output=True, text=True, check=False, env=ENVIRON
        )
    finally:
        daemon.terminate()
        _, errors = daemon.communicate(timeout=30)

    assert said[0].startswith("Hearth listens on unix:"), errors
    assert greeting == "Ollama is running"
    assert state == "degraded"
    assert second.stderr == "Hearth runs already. Stop it with `hearth stop`.\n"
    assert "new tokens hold until the next start" in errors
    assert "Traceback" not in errors
    assert daemon.returncode == 0


def test_a_folder_that_cannot_be_had_is_one_line_with_the_next_step(place: Path) -> None:
    """F45: a file where the folder should be: named, with what to do; exit code 1 and no traceback."""
    place.write_text("")

    with pytest.raises(CannotListen, match=r"cannot be made or written: .+ name another one with `hearth --home DIR`"):
        InstanceLock(place / "inside" / "hearth.lock").acquire()


def test_whether_a_daemon_runs_can_be_asked_without_a_trace(place: Path) -> None:
    """F40: who looks makes no file, and leaves the holder's name in it."""
    place.mkdir(mode=0o700)
    file = place / "hearth.lock"
    lock = InstanceLock(file)

    before = held(file), file.exists()
    lock.acquire()
    during = held(file), file.read_text()
    lock.release()

    assert before == (False, False)
    assert during == (True, f"{os.getpid()}\n")
    assert not held(file)


def test_tokens_that_others_could_read_are_shut(place: Path) -> None:
    """T6, T35: a home that was copied or restored with wide modes is for its owner alone again."""
    place.mkdir(mode=0o700)
    file = place / "token"
    made = ensure_tokens(file)
    file.chmod(0o644)

    again = ensure_tokens(file)

    assert again == made
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="only root can give a file away")
def test_tokens_of_somebody_else_are_not_ours(place: Path) -> None:
    """T6: whoever owned the file knows what is in it, so new ones are made."""
    place.mkdir(mode=0o700)
    file = place / "token"
    made = ensure_tokens(file)
    os.chown(file, 65534, 65534)

    ours = ensure_tokens(file)

    assert ours["admin"] != made["admin"]
    assert file.stat().st_uid == os.getuid()


def test_without_a_place_for_tokens_they_hold_for_now(place: Path) -> None:
    """F45: a folder where the file should be is no reason not to start; nobody can guess what holds meanwhile."""
    (place / "token").mkdir(parents=True)

    first, second = tokens_for_now(place / "token"), tokens_for_now(place / "token")

    assert first.keys() == {"infer", "admin"}
    assert first["admin"] != second["admin"]
