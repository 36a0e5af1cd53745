"""The daemon's own log: a reader that does not read it stalls nobody, and no file of it grows for ever."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.own_log import LARGEST, WAITING, OwnLog
from hearth_home import LISTEN, make

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes and signals of this kind are POSIX")

START = "import sys; from hearth.foreground import run; from hearth_config.paths import Paths\n"
START += "sys.exit(run(Paths.find(sys.argv[1], {})))"
ENVIRON = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
SMALLEST_PIPE = 4096
TOLD = re.compile(rb"\((\d+) lines were lost here: nobody read the log\)\n")


@contextmanager
def _orders(folder: Path) -> Iterator[httpx.Client]:
    """A client of the daemon in that folder, once it listens."""
    path = str(folder / "hearth.sock")
    for _ in range(600):
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(path) == 0:
                break
        time.sleep(0.05)
    with httpx.Client(transport=httpx.HTTPTransport(uds=path), base_url="http://localhost", timeout=30) as client:
        yield client


def test_a_reader_that_does_not_read_stalls_no_call(tmp_path: Path) -> None:
    """F41: with its log's pipe full to the brim the daemon answers, takes orders, and ends when told to."""
    make(tmp_path, LISTEN)
    reading, writing = os.pipe()
    fcntl.fcntl(writing, 1031, SMALLEST_PIPE)  # F_SETPIPE_SZ
    command = [sys.executable, "-c", START, str(tmp_path)]
    daemon = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=writing, env=ENVIRON)
    os.close(writing)
    try:
        with _orders(tmp_path) as client:
            answers = [client.post("/hearth/v1/reload").status_code for _ in range(WAITING + 200)]
            greeting = client.get("/").text
        daemon.send_signal(signal.SIGTERM)
        code = daemon.wait(timeout=20)
    finally:
        daemon.kill()
        daemon.wait()
    said = os.read(reading, 2 * SMALLEST_PIPE)
    os.close(reading)

    assert set(answers) == {200}
    assert greeting == "Ollama is running"
    assert code == 0
    assert b"config_loaded" in said
    assert len(said) <= SMALLEST_PIPE


def test_with_its_streams_closed_it_runs_and_writes_into_no_other_file(tmp_path: Path) -> None:
    """F41: started with 0, 1 and 2 closed, nothing that it opens takes their places."""
    make(tmp_path, LISTEN)
    command = ["/bin/sh", "-c", 'exec "$0" "$@" 0<&- 1>&- 2>&-', sys.executable, "-c", START, str(tmp_path)]
    daemon = subprocess.Popen(command, env=ENVIRON)
    try:
        with _orders(tmp_path) as client:
            status = client.post("/hearth/v1/reload").status_code
            streams = [str(Path(f"/proc/{daemon.pid}/fd/{number}").readlink()) for number in range(3)]
            cores = resource.prlimit(daemon.pid, resource.RLIMIT_CORE)
        daemon.send_signal(signal.SIGTERM)
        code = daemon.wait(timeout=20)
    finally:
        daemon.kill()
        daemon.wait()

    assert status == 200
    assert streams == ["/dev/null"] * 3
    assert cores == (0, 0), "T17: a crash leaves no image of prompts and keys"
    assert code == 0


def _logger(name: str, log: OwnLog) -> logging.Logger:
    logger = logging.getLogger(name)
    logger.propagate = False
    logger.handlers = [log]
    logger.setLevel(logging.INFO)
    return logger


def _end(log: OwnLog) -> None:
    """End the log when all is written, however long that takes a machine that stands still."""
    log.close()
    log._thread.join(20)  # noqa: SLF001 -- Hearth itself waits a second at most


def test_lines_that_nobody_reads_are_counted_and_told(tmp_path: Path) -> None:
    """F41: as soon as somebody reads again, the log says how much is missing."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, 1031, SMALLEST_PIPE)
    log = OwnLog(writing)
    logger = _logger(f"test.{tmp_path.name}.unread", log)
    log.begin()
    for number in range(3 * WAITING):
        logger.info("line %d", number)
    lost, said = log.lost, b""

    while sum(int(number) for number in TOLD.findall(said)) < lost:
        said += os.read(reading, 1 << 20)
    log.close()

    assert WAITING <= lost <= 2 * WAITING
    assert sum(int(number) for number in TOLD.findall(said)) == lost
    os.close(reading)
    os.close(writing)


@pytest.mark.parametrize("mode", [os.O_APPEND, 0], ids=["appended", "written"])
def test_the_file_is_begun_anew_when_it_is_large(tmp_path: Path, mode: int) -> None:
    """Design §8, [log]: one older copy is kept, so that the two never hold more than twice the bound and a little."""
    file = tmp_path / "hearth.log"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | mode, 0o600)
    log = OwnLog(descriptor, file, largest=5000)
    logger = _logger(f"test.{tmp_path.name}.{mode}", log)
    log.begin()
    for number in range(900):
        logger.info("line %d", number)
    _end(log)
    os.close(descriptor)

    kept = (tmp_path / "hearth.log.1").read_bytes() + file.read_bytes()
    assert b"line 899\n" in kept
    assert b"\0" not in kept
    assert len(kept) < 50_000
    assert (tmp_path / "hearth.log.1").stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_not_the_logs_own_is_left_alone(tmp_path: Path) -> None:
    """Where standard error goes elsewhere, that file is somebody else's to keep small."""
    file, elsewhere = tmp_path / "hearth.log", tmp_path / "journal"
    file.write_bytes(b"old")
    descriptor = os.open(elsewhere, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    log = OwnLog(descriptor, file, largest=10)
    logger = _logger(f"test.{tmp_path.name}.other", log)
    log.begin()
    for number in range(500):
        logger.info("line %d", number)
    _end(log)
    os.close(descriptor)

    assert elsewhere.read_bytes().count(b"\n") == 500
    assert file.read_bytes() == b"old"
    assert LARGEST >= 1 << 20


@given(st.text())
def test_any_text_is_a_line(text: str) -> None:
    """T26: half a surrogate pair, as JSON may hold one, neither raises nor loses the line."""
    reading, writing = os.pipe()
    log = OwnLog(writing)
    log.begin()
    log.handle(logging.LogRecord("x", logging.INFO, "", 0, json.dumps(text), None, None))
    log.handle(logging.LogRecord("x", logging.INFO, "", 0, text[:100], None, None))
    _end(log)
    os.close(writing)
    said = b""
    while piece := os.read(reading, 1 << 20):
        said += piece
    os.close(reading)

    assert said.endswith(b"\n")
    assert log.lost == 0
