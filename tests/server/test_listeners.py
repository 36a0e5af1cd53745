"""Where Hearth listens: whose the socket is, what happens when a place is taken, and who gets in by which address."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pytest

from hearth.senses.ports import holder
from hearth.server.sockets import (
    CannotListen,
    InstanceLock,
    inherited_sockets,
    private_folder,
    tcp_sockets,
    unix_socket,
)
from hearth_home import LISTEN, make, running
from server.door import ask, host, read, say, say_by_socket, spell

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Unix sockets, modes and umasks are POSIX")


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder with a path short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="hearth-") as name:
        yield Path(name) / "run"


@contextmanager
def _no_umask() -> Iterator[None]:
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)


class _Watcher:
    """Looks at a socket's and its folder's modes as fast as it can."""

    def __init__(self, path: Path) -> None:
        self.seen: set[tuple[int, int]] = set()
        self._path = path
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.is_set():
            try:
                mode, folder = self._path.stat().st_mode, self._path.parent.stat().st_mode
            except OSError:
                continue
            self.seen.add((stat.S_IMODE(mode), stat.S_IMODE(folder)))


def test_the_socket_is_never_open_to_others_not_even_for_a_moment(place: Path) -> None:
    """T28, T6: 200 starts under umask 000, watched all the while: 0600 in a 0700 folder, and nothing else."""
    path = place / "hearth.sock"

    with _no_umask(), _Watcher(path) as watcher:
        for _ in range(200):
            unix_socket(path).sock.close()

    assert watcher.seen == {(0o600, 0o700)}


def test_a_wide_open_folder_is_shut_first(place: Path) -> None:
    """T28: a folder of ours that others could enter is closed to them; the daemon's files are for their owner alone."""
    place.mkdir(mode=0o777)
    place.chmod(0o777)

    unix_socket(place / "hearth.sock").sock.close()

    assert stat.S_IMODE(place.stat().st_mode) == 0o700


@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_elses_is_refused(place: Path) -> None:
    """T28: whoever owns the folder could put a socket of their own there."""
    place.mkdir(mode=0o700)
    os.chown(place, 65534, 65534)

    with pytest.raises(CannotListen, match="belongs to another user"):
        private_folder(place)


def test_a_stale_socket_is_taken_over(place: Path) -> None:
    """T28, F40: a crash leaves a socket behind; the next start does not ask anybody to clean up."""
    place.mkdir(mode=0o700)
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(place / "hearth.sock"))
    stale.close()

    opened = unix_socket(place / "hearth.sock")

    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(place / "hearth.sock"))
    opened.sock.close()


@pytest.mark.parametrize("kind", ["file", "folder", "link to a file"])
def test_what_is_no_socket_is_left_alone(place: Path, kind: str) -> None:
    """T28: a file that happens to lie there is somebody's; it is named, not deleted."""
    place.mkdir(mode=0o700)
    path = place / "hearth.sock"
    if kind == "file":
        path.write_text("mine")
    elif kind == "folder":
        path.mkdir()
    else:
        (place / "thesis").write_text("mine")
        path.symlink_to(place / "thesis")

    with pytest.raises(CannotListen, match="is no socket"):
        unix_socket(path)

    assert path.is_dir() or path.read_text() == "mine"


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
    if not _has_ipv6():
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


def test_both_loopback_addresses_and_all_others_named_are_served() -> None:
    """Design §8: ::1 goes with 127.0.0.1, each of `also` has its own names, and every door is guarded by itself."""
    config = '[listen]\ntcp = "127.0.0.1:0"\nalso = ["127.0.0.2:0", "127.0.0.1:0"]\n'

    async def act() -> None:
        async with running(config) as home:
            addresses = [one.removeprefix("http://") for one in home.daemon.core.listening if one.startswith("http")]
            for address in addresses:
                where, _, port = address.rpartition(":")
                reader, writer = await asyncio.open_connection(where.strip("[]"), int(port))
                for name in (address, f"localhost:{port}", f"127.0.0.9:{port}"):
                    writer.write(spell("GET", "/", [("Host", name)]))
                data = b""
                while piece := await reader.read(65536):
                    data += piece
                writer.close()
                assert (data.count(b" 200 OK"), data.count(b" 421 ")) == (2, 1), address

        hosts = [address.rpartition(":")[0] for address in addresses]
        assert [one for one in hosts if one != "[::1]"] == ["127.0.0.1", "127.0.0.2", "127.0.0.1"]
        assert hosts.count("[::1]") == (2 if _has_ipv6() else 0)

    asyncio.run(act())


def test_a_client_of_mapped_addresses_is_known_as_ours() -> None:
    """T6: JVM editors reach 127.0.0.1 by an IPv6 socket; the kernel keeps them in another table."""
    if not _has_ipv6():
        pytest.skip("this system has no IPv6")

    async def act() -> int:
        async with running() as home:
            sock = socket.socket(socket.AF_INET6)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            sock.setblocking(False)
            await asyncio.get_running_loop().sock_connect(sock, ("::ffff:127.0.0.1", home.port))
            reader, writer = await asyncio.open_connection(sock=sock)
            writer.write(spell("GET", "/api/tags", [host(home), ("Connection", "close")]))
            status = read(await reader.read()).status
            writer.close()
            return status

    assert asyncio.run(act()) == 200


def test_the_socket_gives_orders_without_a_token_and_is_gone_afterwards() -> None:
    """T6: whoever can open it is the owner; after the end nothing is left for a stranger to take for us."""

    async def act() -> tuple[int, bool, bool]:
        async with running('[listen]\ntcp = "off"\n') as home:
            asked = spell("GET", "/hearth/v1/status", [("Host", "hearth"), ("Connection", "close")])
            status = read(await say_by_socket(home, asked)).status
            before = home.socket.exists()
        return status, before, home.socket.exists()

    assert asyncio.run(act()) == (200, True, False)


def test_without_a_socket_only_tcp_is_served() -> None:
    """Design §8: `socket = "off"` leaves no file behind."""

    async def act() -> tuple[int, bool]:
        async with running('[listen]\ntcp = "127.0.0.1:0"\nsocket = "off"\n') as home:
            return (await ask(home, "GET", "/api/version")).status, home.socket.exists()

    assert asyncio.run(act()) == (200, False)


def test_sockets_of_another_process_are_not_inherited() -> None:
    """Design §8: LISTEN_PID says for whom they were opened (sd_listen_fds(3))."""
    assert inherited_sockets({}) == []
    assert inherited_sockets({"LISTEN_PID": "1", "LISTEN_FDS": "2"}) == []


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def test_ipv6_clients_are_guarded_alike() -> None:
    """T1, T6: by ::1 the same names, the same peer check."""
    if not _has_ipv6():
        pytest.skip("this system has no ::1")

    async def act() -> list[int]:
        async with running() as home:
            names = (f"[::1]:{home.port}", f"localhost:{home.port}", "evil.example")
            asked = [spell("GET", "/api/tags", [("Host", name), ("Connection", "close")]) for name in names]
            return [read(await say(home, one, address="::1")).status for one in asked]

    assert asyncio.run(act()) == [200, 200, 421]


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
