"""Who has taken a port, so that "address already in use" can name the holder (pain 30)."""

import os
import socket
import subprocess
import sys

import pytest

from hearth.senses.ports import holder


@pytest.mark.parametrize("asked", ["127.0.0.1", "0.0.0.0"])
def test_the_holder_of_a_port_is_named(asked: str) -> None:
    """Program and process id are named, for the address itself and for all addresses at once."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        named = holder(asked, listening.getsockname()[1])

    assert named.endswith(f"(pid {os.getpid()})")


def test_a_holder_of_all_addresses_holds_each() -> None:
    """A program that listens everywhere keeps 127.0.0.1 taken."""
    with socket.create_server(("0.0.0.0", 0)) as listening:
        named = holder("127.0.0.1", listening.getsockname()[1])

    assert f"(pid {os.getpid()})" in named


def test_a_free_port_has_no_holder() -> None:
    """Nobody is named for a port that nobody holds, and nothing is raised for nonsense."""
    with socket.socket() as kept:  # nobody else gets the port meanwhile, and nobody listens there
        kept.bind(("127.0.0.1", 0))
        assert holder("127.0.0.1", kept.getsockname()[1]) == ""

    assert holder("no address", 1) == ""


_LISTENS = "import socket; s=socket.create_server(('127.0.0.1',0)); print(s.getsockname()[1], flush=True); input()"


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can start another user's process")
def test_a_packaged_engine_is_named_though_its_files_are_hidden() -> None:
    """A port held by another user is named by that user's only process, as a packaged Ollama runs alone in its own."""
    user = 64_999
    serving = subprocess.Popen(
        ["/usr/bin/env", "python3", "-c", _LISTENS],
        user=user,
        group=user,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with serving:
        assert serving.stdout is not None
        assert serving.stdin is not None
        port = int(serving.stdout.readline())

        named = _asked_as(64_998, port)

        serving.stdin.write("\n")

    assert f"(pid {serving.pid})" in named


def _asked_as(user: int, port: int) -> str:
    """Ask in a process of another user, forked from this one so that it needs to read none of our files."""
    assert sys.platform != "win32"
    holder("127.0.0.1", port)  # imports all it needs
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgid(user)
        os.setuid(user)
        os.write(writing, holder("127.0.0.1", port).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        named = answer.read()
    os.waitpid(child, 0)
    return named
