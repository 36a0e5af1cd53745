"""Starts what is measured, each on its core: the mock, Hearth with a home of its own, nginx where installed."""

import compileall
import contextlib
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from configs import hearth_toml, nginx_conf
from measure import pinned
from real_process import free_port

HERE = Path(__file__).resolve().parent
POLL = 0.002
"""Seconds between two looks whether a target answers."""
READY_WITHIN = 20.0
"""Seconds after which a target that does not answer has failed."""


class NotStarted(Exception):
    """The target is not there, or ended, or did not answer; the text says which."""


class Server(msgspec.Struct, frozen=True):
    """A target that answers: its port on 127.0.0.1, its process, and the seconds from start to first answer."""

    port: int
    pid: int
    ready: float


def compile_hearth() -> None:
    """Compile Hearth's modules, as an installation does: else the first start would be timed doing that."""
    for package in ("hearth", "hearth_config", "hearth_service"):
        found = importlib.util.find_spec(package)
        for folder in (found.submodule_search_locations or ()) if found else ():
            compileall.compile_dir(folder, quiet=2)


@contextlib.contextmanager
def mock(core: int | None) -> Iterator[Server]:
    """The fake upstream."""
    with pinned(core):
        process = subprocess.Popen(
            [sys.executable, str(HERE / "mock.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
    with _ending(process):
        assert process.stdout is not None
        port = process.stdout.readline()
        if not port:
            raise NotStarted("the mock did not start")
        yield Server(int(port), process.pid, 0)


@contextlib.contextmanager
def hearth(upstream: int, core: int | None, *, pairs: bool = False) -> Iterator[Server]:
    """`hearth run` with the mock as its Ollama and as an OpenAI server. Raises NotStarted with what it said.

    With `pairs` the mock is a provider of every dialect.
    """
    program = Path(sys.executable).with_name("hearth.exe" if sys.platform == "win32" else "hearth")
    if not program.exists():
        raise NotStarted("there is no `hearth` beside this Python: run `make install`")
    with tempfile.TemporaryDirectory(prefix="hearth-bench-") as home:
        port = free_port()
        Path(home, "hearth.toml").write_text(hearth_toml(port, upstream, pairs=pairs), encoding="utf-8")
        with _serving([str(program), "--home", home, "run"], "/api/version", port, core, Path(home)) as server:
            yield server


@contextlib.contextmanager
def nginx(upstream: int, core: int | None) -> Iterator[Server]:
    """Start nginx as a plain reverse proxy that keeps its upstream connections. Raises NotStarted if it is missing."""
    program = shutil.which("nginx")
    if not program:
        raise NotStarted("nginx is not on PATH: no comparison with it")
    with tempfile.TemporaryDirectory(prefix="nginx-bench-") as home:
        port = free_port()
        conf = Path(home, "nginx.conf")
        conf.write_text(nginx_conf(port, upstream, home), encoding="utf-8")
        command = [program, "-p", home, "-e", f"{home}/error.log", "-c", str(conf)]
        with _serving(command, "/api/version", port, core, Path(home)) as server:
            yield server


@contextlib.contextmanager
def _serving(command: list[str], path: str, port: int, core: int | None, home: Path) -> Iterator[Server]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HEARTH_")}
    log = home / "output"
    with log.open("wb") as output:
        begin = time.monotonic()
        with pinned(core):
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, cwd=home
            )
    with _ending(process):
        while not _answers(port, path):
            if process.poll() is not None or time.monotonic() - begin > READY_WITHIN:
                raise NotStarted(f"{Path(command[0]).name} did not answer: {_last_words(log, home)}")
            time.sleep(POLL)
        yield Server(port, process.pid, time.monotonic() - begin)


@contextlib.contextmanager
def _ending(process: "subprocess.Popen[str] | subprocess.Popen[bytes]") -> Iterator[None]:
    """Ask the process to stop when the block is left, and make it stop if it does not."""
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()


def _answers(port: int, path: str) -> bool:
    """Ask once, on a connection of its own."""
    ask = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode()
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(ask)
            return connection.recv(64).split(b" ")[1:2] == [b"200"]
    except OSError:
        return False


def _last_words(log: Path, home: Path) -> str:
    """The last line that a target said, without the folders of this machine."""
    lines = log.read_text(errors="replace").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
    return last.replace(str(home), "HOME").replace(str(HERE.parent), "")[:300]
