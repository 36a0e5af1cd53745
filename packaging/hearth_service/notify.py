"""Word to the service manager that started us: ready, alive, stopping (sd_notify(3)). Silent where there is none."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping


class Notifier:
    """Sends datagrams to NOTIFY_SOCKET. Never raises: a manager that cannot be told must not end a daemon."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Open the socket at once: a sealed Hearth may make none of this kind later."""
        said = environ.get("NOTIFY_SOCKET", "") if hasattr(socket, "AF_UNIX") else ""
        self._address = "\0" + said[1:] if said.startswith("@") else said
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) if said else None
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
        if self._socket is None:
            return
        with contextlib.suppress(OSError):  # by sendmsg: sendto with an address is one of the calls a seal refuses
            self._socket.sendmsg([words.encode()], (), 0, self._address)


def _interval(environ: Mapping[str, str]) -> float | None:
    """Return a third of WATCHDOG_USEC in seconds (sd_watchdog_enabled(3)), if it is meant for this process."""
    said, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not said.isdecimal() or int(said) == 0 or (pid and pid != str(os.getpid())):
        return None
    return int(said) / 3_000_000
