"""A small service manager: it opens sockets, starts a daemon with them, hears it, and kills it when it hangs."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

READY_S = 60.0
_START = """
import os, sys
for place, fd in enumerate([os.dup(int(fd)) for fd in sys.argv[1:3]]):
    os.dup2(fd, 100 + place)
for place in range(2):
    os.dup2(100 + place, 3 + place)
os.environ["LISTEN_PID"] = os.environ["WATCHDOG_PID"] = str(os.getpid())
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Puts the sockets where systemd does, and names the pid, which is known in the child alone; exec keeps both."""


class Manager:
    """One service of one folder, with a TCP socket and a Unix socket that outlive its processes."""

    def __init__(self, folder: Path, watchdog_s: float = 0.0) -> None:
        self.folder = folder
        self.watchdog_s = watchdog_s
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.unix = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.unix.bind(str(folder / "hearth.sock"))
        self.unix.listen()
        self.notes = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notes.bind(str(folder / "notify"))
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        """The TCP port."""
        return int(self.tcp.getsockname()[1])

    def start(self) -> None:
        """Start the daemon with both sockets as its third and fourth file."""
        environ = {
            **os.environ, "LISTEN_FDS": "2", "NOTIFY_SOCKET": str(self.folder / "notify"),
            "WATCHDOG_USEC": str(int(self.watchdog_s * 1e6)), "PYTHONPATH": os.pathsep.join(sys.path),
        }  # fmt: skip
        hearth = [sys.executable, "-m", "hearth", "--home", str(self.folder), "run"]
        self.process = subprocess.Popen(
            [sys.executable, "-c", _START, str(self.tcp.fileno()), str(self.unix.fileno()), *hearth],
            env=environ, pass_fds=(self.tcp.fileno(), self.unix.fileno()), stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def hear(self, word: str, seconds: float = READY_S) -> bool:
        """Wait until the daemon says a word; False when it did not in time."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.notes.settimeout(left)
            try:
                if word in self.notes.recv(4096).decode().split("\n"):
                    return True
            except TimeoutError:
                break
        return False

    def watch(self) -> bool:
        """Kill the daemon if it stays silent for longer than it may; returns whether it had to be."""
        assert self.process is not None
        if self.hear("WATCHDOG=1", self.watchdog_s):
            return False
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(20)
        return True

    def stop(self) -> int:
        """Ask it to end; returns its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    def close(self) -> None:
        """End all of it."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(20)
        for sock in (self.tcp, self.unix, self.notes):
            sock.close()
