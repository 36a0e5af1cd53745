"""The daemon's own log: written by a thread of its own, so that whoever reads it slowly stalls no call (F41).

It goes to standard error, where a terminal, a service manager or a file takes it. The file that Hearth names itself is
begun anew when it has grown large; the one before it is kept.
"""

from __future__ import annotations

import logging
import os
import queue
import shutil
import sys
import threading
from contextlib import suppress
from pathlib import Path

FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
WAITING = 1000
"""Lines that may wait for a reader that does not read; one more is counted and lost."""
LARGEST = 5 << 20
"""Bytes after which the log file is begun anew."""
LOOK_EVERY = 200
"""Lines between two looks at the file's size."""
FAREWELL_S = 1.0


class OwnLog(logging.Handler):
    """Hands lines to a thread that writes them to a file descriptor; never waits, never raises."""

    def __init__(self, descriptor: int, file: Path | None = None, largest: int = LARGEST) -> None:
        """`file` is begun anew at `largest` bytes where it is what `descriptor` writes to."""
        super().__init__()
        self.lost = 0
        self._descriptor = descriptor
        self._file = file
        self._largest = largest
        self._lines: queue.Queue[bytes | None] = queue.Queue(WAITING)
        self._thread = threading.Thread(target=self._run, name="hearth-log", daemon=True)
        self.setFormatter(logging.Formatter(FORMAT))

    def begin(self) -> None:
        """Write what comes from now on."""
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line, or count it as lost where too many wait."""
        line = (self.format(record) + "\n").encode("utf-8", "backslashreplace")
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self.lost += 1

    def close(self) -> None:
        """Write what waits, for a second at most."""
        super().close()
        if self._thread.is_alive():
            with suppress(queue.Full):
                self._lines.put_nowait(None)
            self._thread.join(FAREWELL_S)

    def _run(self) -> None:
        self._renew_if_large()
        written = told = 0
        while (line := self._lines.get()) is not None:
            if self.lost > told:
                lost, told = self.lost - told, self.lost
                self._write(b"(%d lines were lost here: nobody read the log)\n" % lost)
            self._write(line)
            written += 1
            if written % LOOK_EVERY == 0:
                self._renew_if_large()

    def _write(self, line: bytes) -> None:
        with suppress(OSError):  # closed, or a full disk: there is nobody left to tell
            while line:
                line = line[os.write(self._descriptor, line) :]

    def _renew_if_large(self) -> None:
        """Keep a copy and empty the file itself: the descriptor is not ours alone, so renaming would not do."""
        if self._file is None:
            return
        with suppress(OSError):
            ours, named = os.fstat(self._descriptor), self._file.stat()
            if not os.path.samestat(ours, named) or ours.st_size < self._largest:
                return
            with suppress(OSError):  # a full disk: emptying it helps all the more
                shutil.copyfile(self._file, older := self._file.with_name(self._file.name + ".1"))
                older.chmod(0o600)
            os.ftruncate(self._descriptor, 0)
            os.lseek(self._descriptor, 0, os.SEEK_SET)  # where it was not opened to append


def set_up_log(level: str, file: Path) -> OwnLog | None:
    """Let all that is logged go to standard error; None where there is none."""
    if sys.stderr is None:
        logging.basicConfig(level=logging.CRITICAL, handlers=[logging.NullHandler()])
        return None
    log = OwnLog(sys.stderr.fileno(), file)
    logging.basicConfig(level=level.upper(), handlers=[log])
    log.begin()
    return log
