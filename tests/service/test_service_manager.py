"""Hearth below a service manager: sockets that are opened for it, word that it is ready, a watchdog."""

import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from sealing.sealed_process import needs_a_seal
from service.manager import Manager

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no sockets that are handed on"),
    pytest.mark.timeout(150),  # a daemon is started up to three times, each on a machine that may be busy
]


@contextmanager
def managed(watchdog_s: float = 0.0, more: str = "", tcp: str = "systemd") -> Iterator[Manager]:
    """Make a manager for a daemon of an empty folder; `tcp` may hold `{port}`, the one the manager has opened."""
    folder = Path(tempfile.mkdtemp(prefix="hearth-"))
    manager = Manager(folder, watchdog_s)
    config = folder / "hearth.toml"
    config.write_text(f'[listen]\ntcp = "{tcp.format(port=manager.port)}"\n{more}', encoding="utf-8")
    config.chmod(0o600)
    try:
        yield manager
    finally:
        manager.close()
        shutil.rmtree(folder, ignore_errors=True)


def version(manager: Manager, timeout: float = 60.0) -> int:
    """Ask over TCP; returns the status."""
    return httpx.get(f"http://127.0.0.1:{manager.port}/api/version", timeout=timeout, trust_env=False).status_code


def test_a_request_before_the_daemon_is_up_waits_and_is_answered() -> None:
    """The socket is there before the process: nobody is refused at login."""
    with managed() as manager:
        answers: list[int] = []
        asking = threading.Thread(target=lambda: answers.append(version(manager)))
        asking.start()
        time.sleep(0.3)
        manager.start()
        asking.join(60)

        assert answers == [200]
        assert manager.hear("READY=1")
        assert manager.stop() == 0
        assert manager.hear("STOPPING=1")


def test_both_sockets_are_used_and_left_where_they_are() -> None:
    """They are served, not made anew, and not deleted at the end; the config may name the same addresses."""
    with managed(tcp="127.0.0.1:{port}") as manager:
        before = (manager.folder / "hearth.sock").stat().st_ino
        manager.start()
        assert manager.hear("READY=1")
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(manager.folder / "hearth.sock"))) as client:
            status = client.get("http://hearth/hearth/v1/status").json()
        manager.stop()

        assert len(status["listening"]) == 2
        assert (manager.folder / "hearth.sock").stat().st_ino == before


def test_a_restart_refuses_no_connection() -> None:
    """What arrives between two processes waits in the socket's queue (an update, a crash)."""
    with managed() as manager:
        manager.start()
        assert manager.hear("READY=1")
        manager.stop()
        answers: list[int] = []
        asking = [threading.Thread(target=lambda: answers.append(version(manager))) for _ in range(8)]
        for one in asking:
            one.start()
        manager.start()
        for one in asking:
            one.join(60)

        assert answers == [200] * 8


def test_a_loop_that_hangs_is_started_anew() -> None:
    """The watchdog is fed by the event loop itself: a process that is stopped falls silent, and is killed."""
    with managed(watchdog_s=2.0) as manager:
        manager.start()
        assert manager.hear("READY=1")
        assert manager.hear("WATCHDOG=1")
        assert manager.process is not None
        manager.process.send_signal(signal.SIGSTOP)
        assert any(manager.watch() for _ in range(10))  # what was said before it was stopped may still be heard
        manager.start()

        assert manager.hear("READY=1")
        assert version(manager) == 200


def test_addresses_that_the_manager_does_not_bring_are_opened_by_the_daemon() -> None:
    """`also` in the config goes beyond what the units name."""
    with managed(more='also = ["127.0.0.1:0"]\n') as manager:
        manager.start()
        assert manager.hear("READY=1")
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(manager.folder / "hearth.sock"))) as client:
            listening = client.get("http://hearth/hearth/v1/status").json()["listening"]

        assert len(listening) >= 3


def test_a_sealed_daemon_is_managed_like_any_other() -> None:
    """T30: it serves the sockets it was handed and tells that it lives, though the kernel lets it open none itself."""
    needs_a_seal()
    with managed(watchdog_s=6.0) as manager:
        config = manager.folder / "hearth.toml"
        config.write_text(f'mode = "offline"\nsealed = true\n{config.read_text()}', encoding="utf-8")
        manager.start()

        assert manager.hear("READY=1")
        assert version(manager) == 200
        assert manager.hear("WATCHDOG=1")
        assert manager.stop() == 0
        assert manager.hear("STOPPING=1")
