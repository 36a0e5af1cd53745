"""`hearth connect ollama --front`: a stand-in for systemctl runs a stand-in for Ollama, and Hearth takes its port."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from plistlib import loads

import pytest

from cli.terminal import command, environment
from hearth.cli.first_look import ollama_at
from hearth.connecting.app import Desk
from hearth.connecting.front.move import Command, Move, move
from hearth.connecting.front.moving import MoveFailed, go
from kept_ports import kept_port

linux = pytest.mark.skipif(sys.platform != "linux", reason="the stand-in is for systemd")

OLLAMA = """
import http.server, json, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"version": "0.12.3", "models": []}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""

SYSTEMCTL = """#!{python}
import os, pathlib, re, signal, subprocess, sys
here, words = pathlib.Path({here!r}), sys.argv[1:]
if words[-2:] == ["cat", "ollama.service"]:
    sys.exit(0 if ("--user" in words) == (here / "user-unit").exists() else 1)
if words[-2:] == ["restart", "ollama.service"]:
    drop_in = here / "home/.config/systemd/user/ollama.service.d/hearth.conf"
    said = re.search(r"OLLAMA_HOST=127.0.0.1:(\\d+)", drop_in.read_text()) if drop_in.exists() else None
    pid = here / "pid"
    if pid.exists():
        os.kill(int(pid.read_text()), signal.SIGKILL)
    port = said[1] if said else {port!r}
    process = subprocess.Popen([sys.executable, str(here / "ollama.py"), port],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    pid.write_text(str(process.pid))
sys.exit(0 if words[-1] in ("daemon-reload", "ollama.service") and "is-active" not in words else 1)
"""


class Place:
    """A home, a Hearth in it, and an Ollama on a port of its own that a systemctl can move."""

    def __init__(self, folder: Path, front: int, back: int) -> None:
        self.folder = folder
        self.front, self.back = front, back
        self.home = folder / "home"
        self.hearth_home = self.home / "hearth"
        self.hearth_home.mkdir(parents=True)
        self.config = self.hearth_home / "hearth.toml"
        self.text = (
            "# mine\n[listen]\ntcp = '127.0.0.1:0'\n\n[providers.ollama] # at home\n"
            f'preset = "ollama"\naddress = "http://127.0.0.1:{self.front}" # as ever\n'
        )
        self.config.write_text(self.text)
        self.config.chmod(0o600)
        (folder / "ollama.py").write_text(OLLAMA)
        (folder / "user-unit").touch()
        self.systemctl = folder / "bin" / "systemctl"
        self.systemctl.parent.mkdir()
        self.systemctl.write_text(SYSTEMCTL.format(python=sys.executable, here=str(folder), port=str(self.front)))
        self.systemctl.chmod(0o755)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        variables = {"HOME": str(self.home), "PATH": f"{self.systemctl.parent}:/usr/bin:/bin"}
        return subprocess.run(
            command(self.hearth_home, *arguments),
            env=environment(**variables), capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    def restart_ollama(self) -> None:
        subprocess.run([str(self.systemctl), "--user", "restart", "ollama.service"], check=True)
        until = time.monotonic() + 40
        while self.ollama not in (self.front, self.back) and time.monotonic() < until:
            time.sleep(0.1)

    @property
    def ollama(self) -> int | None:
        """The port on which an Ollama answers that is the stand-in."""
        ports = (port for port in (self.front, self.back) if self.version(port) == "0.12.3")
        return next(ports, None)

    def version(self, port: int) -> str:
        found = ollama_at(f"http://127.0.0.1:{port}")
        return found.version if found else ""

    @property
    def listening(self) -> list[str]:
        found: list[str] = json.loads(self.run("status", "--json").stdout)["listening"]
        return found

    def end(self) -> None:
        self.run("stop")
        with suppress(OSError, ValueError):
            os.kill(int((self.folder / "pid").read_text()), signal.SIGKILL)


@pytest.fixture
def nobody(tmp_path: Path) -> Iterator[Place]:
    """A place with both ports kept for it, and no Ollama at either."""
    with kept_port() as front, kept_port() as back:
        yield Place(tmp_path, front, back)


@pytest.fixture
def place(nobody: Place) -> Iterator[Place]:
    try:
        nobody.restart_ollama()
        yield nobody
    finally:
        nobody.end()


@linux
def test_hearth_takes_the_port_and_gives_it_back(place: Place) -> None:
    """Ollama moves, Hearth answers where it was, and afterwards every file is what it was, byte for byte."""
    place.run("restart")

    moved = place.run("connect", "ollama", "--front", "--yes", "--port", str(place.back))
    between, listening = place.config.read_text(), place.listening
    twice = place.run("connect", "ollama", "--front", "--yes", "--port", str(place.back))
    back = place.run("disconnect", "ollama", "--yes")

    assert (moved.returncode, twice.returncode, back.returncode) == (0, 0, 0), moved.stderr + back.stderr
    assert f"http://127.0.0.1:{place.front}" in listening
    assert f'address = "http://127.0.0.1:{place.back}" # as ever' in between
    assert "already" in twice.stdout
    assert place.version(place.back) == ""
    assert place.ollama == place.front
    assert place.config.read_text() == place.text
    assert not (place.home / ".config/systemd/user/ollama.service.d").exists()
    assert sorted(path.name for path in place.hearth_home.glob("hearth.toml*")) == ["hearth.toml"]


def test_an_ollama_that_cannot_be_moved_stays_where_it_is(tmp_path: Path) -> None:
    """It restarts, and heeds nothing: the drop-in goes again, and it is said."""
    desk = Desk(tmp_path, {}, "linux", lambda _: "systemctl")
    plan = move(desk, 11436, lambda _: True)
    told: list[Command] = []

    def run(spoken: Command) -> str:
        told.append(spoken)
        return ""

    with pytest.raises(MoveFailed, match="put back"):
        go(plan, run, lambda: False, patience_s=0.1)

    assert plan.file
    assert not plan.file.exists()
    assert not plan.file.parent.exists()
    assert told == [*plan.commands, *plan.back]


@linux
def test_a_unit_of_the_system_is_moved_by_its_owner(place: Place) -> None:
    """The commands are printed and nothing changes; once they are done, the same command goes on. So back again."""
    (place.folder / "user-unit").unlink()

    asked = place.run("connect", "ollama", "--front", "--yes", "--port", str(place.back))
    untouched = place.config.read_text()
    drop_in = place.home / ".config/systemd/user/ollama.service.d/hearth.conf"
    drop_in.parent.mkdir(parents=True)
    drop_in.write_text(f'[Service]\nEnvironment="OLLAMA_HOST=127.0.0.1:{place.back}"\n')
    place.restart_ollama()
    done = place.run("connect", "ollama", "--front", "--yes", "--port", str(place.back))
    asked_back = place.run("disconnect", "ollama", "--yes")
    between = place.config.read_text()
    drop_in.unlink()
    place.restart_ollama()
    back = place.run("disconnect", "ollama", "--yes")

    assert (asked.returncode, done.returncode, asked_back.returncode, back.returncode) == (1, 0, 1, 0), back.stderr
    assert "sudo systemctl daemon-reload && sudo systemctl restart ollama.service" in asked.stdout
    assert untouched == place.text
    assert "sudo rm /etc/systemd/system/ollama.service.d/hearth.conf" in asked_back.stdout
    assert f"http://127.0.0.1:{place.back}" in between
    assert "also = []" in between
    assert place.config.read_text() == place.text


@linux
def test_without_an_ollama_nothing_is_done(nobody: Place) -> None:
    """There is nobody to move."""
    done = nobody.run("connect", "ollama", "--front", "--yes", "--port", str(nobody.back))

    assert done.returncode == 1
    assert f"No Ollama answers on port {nobody.front}" in done.stderr
    assert nobody.config.read_text() == nobody.text


def _plan(system: str, *, units: bool = False) -> Move:
    return move(Desk(Path("/home/ann"), {}, system, lambda _: None), 11436, lambda _: units)


def test_macos_is_told_for_now_and_for_each_login() -> None:
    """`launchctl setenv` lasts until the next start, so an agent says it again."""
    plan = _plan("darwin")

    assert loads(plan.text.encode())["ProgramArguments"] == [
        "/bin/launchctl", "setenv", "OLLAMA_HOST", "127.0.0.1:11436",
    ]  # fmt: skip
    assert plan.commands[0] == ("launchctl", "setenv", "OLLAMA_HOST", "127.0.0.1:11436")
    assert plan.back[0] == ("launchctl", "unsetenv", "OLLAMA_HOST")


def test_where_only_the_user_can_do_it_the_lines_are_complete() -> None:
    """Windows, and an Ollama that somebody started in a terminal."""
    assert _plan("win32").by_hand[0] == "setx OLLAMA_HOST 127.0.0.1:11436"
    assert "OLLAMA_HOST=127.0.0.1:11436 ollama serve" in _plan("linux").by_hand
    assert not _plan("linux").commands
