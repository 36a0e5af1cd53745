"""Starts that cannot be: another daemon runs, another program has the port. Each says who, and what to do."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from hearth.senses.ports import holder
from hearth.server.sockets import CannotListen, InstanceLock, tcp_sockets
from hearth_home import LISTEN, make
from server.door import has_ipv6, spell

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Unix sockets are POSIX")


def test_of_two_daemons_that_start_at_once_exactly_one_wins(place: Path) -> None:
    """T28, F40: the lock comes before the socket, so that the second cannot pull it from under the first."""
    place.mkdir(mode=0o700)
    first, second = make(place, LISTEN), make(place, LISTEN)

    async def act() -> tuple[list[object], bytes]:
        outcomes = await asyncio.gather(first.start(), second.start(), return_exceptions=True)
        reader, writer = await asyncio.open_unix_connection(str(place / "hearth.sock"))
        writer.write(spell("GET", "/", [("Host", "localhost"), ("Connection", "close")]))
        answer = await reader.read()
        writer.close()
        await (first if outcomes[0] is None else second).stop()
        return list(outcomes), answer

    outcomes, answer = asyncio.run(act())

    assert sorted(map(repr, outcomes)) == [
        repr(CannotListen(f"Hearth runs already (pid {os.getpid()}). Stop it with `hearth stop`.")),
        "None",
    ]
    assert b"Ollama is running" in answer


def test_ten_processes_race_for_the_lock_and_one_has_it(place: Path) -> None:
    """T28, F40: across processes too, and the lock goes with its holder, however that one ends."""
    place.mkdir(mode=0o700)
    code = (
        "import sys, os; from pathlib import Path; from hearth.server.sockets import InstanceLock, CannotListen\n"
        "try: InstanceLock(Path(sys.argv[1])).acquire\n"
        "except CannotListen: pass\n"
        "lock = InstanceLock(Path(sys.argv[1]))\n"
        "try: lock.acquire(); print('won', flush=True); sys.stdin.read(); os._exit(9)\n"
        "except CannotListen as error: print(error, flush=True)\n"
    )
    command = [sys.executable, "-c", code, str(place / "hearth.lock")]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    racers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ)
        for _ in range(10)
    ]
    said = [racer.stdout.readline().strip() for racer in racers if racer.stdout is not None]
    for racer in racers:
        racer.communicate()

    assert said.count("won") == 1
    assert sum(one.startswith("Hearth runs already (pid ") for one in said) == 9
    again = InstanceLock(place / "hearth.lock")
    again.acquire()
    again.release()


def test_a_taken_port_names_its_holder_and_the_next_step(place: Path) -> None:
    """F40, T27: the program and its pid, what to do, and no other port instead."""
    place.mkdir(mode=0o700)
    code = "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); input()"
    squatter = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert squatter.stdout is not None
    port = int(squatter.stdout.readline())
    daemon = make(place, f'[listen]\ntcp = "127.0.0.1:{port}"\n')

    async def act() -> None:
        await daemon.start()

    with pytest.raises(CannotListen) as caught:
        asyncio.run(act())
    squatter.communicate("\n")

    said = str(caught.value)
    assert said.startswith(f"127.0.0.1:{port} is taken by ")
    assert f"(pid {squatter.pid})" in said
    assert said.endswith("Stop that program, or set another tcp under [listen].")
    assert not daemon.core.listening
    assert not (place / "hearth.sock").exists()
    lock = InstanceLock(place / "hearth.lock")
    lock.acquire()
    lock.release()


def test_a_port_taken_on_the_other_family_is_fatal_too() -> None:
    """T27, F40: a squatter on ::1 alone would get the clients that try it first."""
    if not has_ipv6():
        pytest.skip("this system has no ::1")
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as squatter:
        port = squatter.getsockname()[1]

        with pytest.raises(CannotListen, match=rf"\[::1\]:{port} is taken"):
            tcp_sockets("127.0.0.1", port, holder)

        with socket.create_server(("127.0.0.1", port)):
            pass


def test_an_address_this_machine_lacks_is_named() -> None:
    """F40: a typing error in `tcp` is told as one."""
    with pytest.raises(CannotListen, match=r"This machine has no address 192\.0\.2\.1\."):
        tcp_sockets("192.0.2.1", 0, holder)


def test_a_start_in_vain_says_why_in_one_line_and_exits_1(place: Path) -> None:
    """F40: a second `hearth run` names the first; no traceback, exit code 1."""
    place.mkdir(mode=0o700)
    lock = InstanceLock(place / "hearth.lock")
    lock.acquire()
    code = (
        "import sys; from hearth.foreground import run; from hearth_config.paths import Paths\n"
        "sys.exit(run(Paths.find(sys.argv[1], {})))"
    )
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

    done = subprocess.run(
        [sys.executable, "-c", code, str(place)], capture_output=True, text=True, check=False, timeout=30, env=environ
    )
    lock.release()

    assert done.returncode == 1
    assert done.stderr == f"Hearth runs already (pid {os.getpid()}). Stop it with `hearth stop`.\n"
    assert done.stdout == ""
