"""Word to the service manager that started us: ready, alive, stopping (sd_notify(3)). Silent where there is none."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping


class Notifier:
    """Sends datagrams to NOTIFY_SOCKET. Never raises: a manager that cannot be told must not end a daemon."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Nothing is opened before there is something to say."""
        self._address = environ.get("NOTIFY_SOCKET", "")
        self._interval = _interval(environ)

    @property
    def interval_s(self) -> float | None:
        """How often `alive` is wanted: a third of the manager's patience; None when it does not watch."""
        return self._interval

    def ready(self, status: str) -> None:
        """Say that calls are answered from now on; `status` is one line for `systemctl status`."""
        self._send(f"READY=1\nSTATUS={status}")

    def alive(self) -> None:
        """Say that the event loop turns."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """Say that the end has begun."""
        self._send("STOPPING=1\nSTATUS=finishing the calls in flight")

    def _send(self, words: str) -> None:
        if not self._address or not hasattr(socket, "AF_UNIX"):
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
                sock.sendto(words.encode(), address)
        except OSError:
            return


def _interval(environ: Mapping[str, str]) -> float | None:
    """Return a third of WATCHDOG_USEC in seconds (sd_watchdog_enabled(3)), if it is meant for this process."""
    said, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not said.isdecimal() or int(said) == 0 or (pid and pid != str(os.getpid())):
        return None
    return int(said) / 3_000_000
