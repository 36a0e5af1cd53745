"""The control client: whom it asks, and what it makes of answers."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from cli.control_server import Reply, error, serving, status
from hearth.client import Client, DaemonAway, Refused
from hearth.server.sockets import InstanceLock
from hearth.status import PullStatus
from hearth_config.paths import Paths
from kept_ports import kept_port


def _client(home: Path) -> Client:
    return Client(Paths.find(str(home), {}), {})


def test_a_status_comes_back_as_it_was_sent(tmp_path: Path) -> None:
    """What the daemon writes the client reads, field for field."""
    with serving(tmp_path, {"GET status": status(served=12)}), _client(tmp_path) as client:
        found = client.status()

    assert found == status(served=12)


def test_a_refusal_keeps_its_three_parts() -> None:
    """An error body becomes kind, message and next step."""
    refusal = Refused("forbidden", "No.", "Ask later.")

    assert (refusal.kind, refusal.message, refusal.next_step, str(refusal)) == (
        "forbidden",
        "No.",
        "Ask later.",
        "No. Ask later.",
    )


def test_a_refused_order_is_raised(tmp_path: Path) -> None:
    """A status that is no success raises what the body says."""
    script = {"POST models/load": Reply(error("unknown_model", "No such model.", "See `hearth models`."), status=404)}

    with serving(tmp_path, script), _client(tmp_path) as client, pytest.raises(Refused) as raised:
        client.load("nope")

    assert raised.value.kind == "unknown_model"
    assert raised.value.next_step == "See `hearth models`."


def test_an_answer_of_another_version_is_refused_with_a_step(tmp_path: Path) -> None:
    """A body that this command cannot read is no traceback."""
    with (
        serving(tmp_path, {"GET status": {"version": 3}}),
        _client(tmp_path) as client,
        pytest.raises(Refused) as raised,
    ):
        client.status()

    assert raised.value.kind == "version"


def test_pull_yields_progress_and_raises_an_error_line(tmp_path: Path) -> None:
    """Progress comes line by line; an error in the stream is raised, not shown as success."""
    pieces = (
        b'{"provider":"ollama","model":"m","status":"pulling","completed":1,"total":2}\n',
        b'{"error":{"kind":"unreachable","message":"No registry.","next_step":"Look."}}\n',
    )

    with serving(tmp_path, {"POST models/pull": Reply(pieces=pieces)}), _client(tmp_path) as client:
        progress = client.pull("m")
        first = next(progress)
        with pytest.raises(Refused, match="No registry"):
            next(progress)

    assert first == PullStatus("ollama", "m", "pulling", 1, 2)


def test_a_daemon_that_ends_while_it_answers_is_said_to(tmp_path: Path) -> None:
    """A connection that is cut is said to be, and never taken for an end."""
    script = {"POST models/pull": Reply(pieces=(b'{"provider":"o","model":"m","status":"a"}\n',), cut=True)}

    with serving(tmp_path, script), _client(tmp_path) as client, pytest.raises(Refused, match="broke off"):
        list(client.pull("m"))


def test_names_with_slashes_reach_their_route(tmp_path: Path) -> None:
    """A model's name is one path rest, whatever it holds."""
    with serving(tmp_path, {}) as server, _client(tmp_path) as client, pytest.raises(Refused):
        client.remove("hf.co/a b:q4?x")

    assert server.asked[0].path == "/hearth/v1/models/hf.co/a%20b%3Aq4%3Fx"


def test_proxies_of_the_environment_are_not_read(tmp_path: Path) -> None:
    """T32: the client talks to the socket, whatever HTTP_PROXY says."""
    from cli.terminal import hearth

    with serving(tmp_path, {"GET status": status()}):
        shown = hearth(tmp_path, "status", HTTP_PROXY="http://127.0.0.1:1", ALL_PROXY="http://127.0.0.1:1")

    assert shown.returncode == 0, shown.stderr


def test_without_the_daemon_nobody_is_asked(tmp_path: Path) -> None:
    """No socket and no lock: nothing is dialled at all."""
    with pytest.raises(DaemonAway):
        _client(tmp_path)


def test_a_plain_file_is_no_daemon(tmp_path: Path) -> None:
    """What lies where the socket should be is asked only if it is one."""
    (tmp_path / "hearth.sock").write_text("")

    with pytest.raises(DaemonAway):
        _client(tmp_path)


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give a socket away")
def test_a_socket_of_another_user_is_never_asked(tmp_path: Path) -> None:
    """T27: a fake daemon of somebody else's gets not a byte."""
    with serving(tmp_path, {"GET status": status()}) as server:
        os.chown(tmp_path / "hearth.sock", 65534, -1)
        with pytest.raises(Refused, match="belongs to another user"):
            _client(tmp_path)

    assert server.asked == []


@pytest.mark.parametrize("left", ["", "{pid}"])
def test_a_stranger_on_the_port_never_sees_the_token(tmp_path: Path, left: str) -> None:
    """T27: without the socket the port is asked only while a daemon of ours holds the lock.

    What a killed one left in the file says nothing: its number may be another program's by now.
    """
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        stranger.settimeout(0.2)
        port = stranger.getsockname()[1]
        (tmp_path / "hearth.toml").write_text(f'[listen]\nsocket = "off"\ntcp = "127.0.0.1:{port}"\n')
        (tmp_path / "hearth.toml").chmod(0o600)
        (tmp_path / "token").write_text("infer hearth_a\nadmin hearth_b\n")
        (tmp_path / "hearth.lock").write_text(left.format(pid=os.getpid()))

        with pytest.raises(DaemonAway):
            _client(tmp_path)

        with pytest.raises(TimeoutError):
            stranger.accept()


def test_without_a_socket_the_port_of_our_daemon_is_asked(tmp_path: Path) -> None:
    """T27's other half: as long as ours holds the lock, whatever it could write into it."""
    lock = InstanceLock(tmp_path / "hearth.lock")
    lock.acquire()

    try:
        with kept_port() as port:
            (tmp_path / "hearth.toml").write_text(f'[listen]\nsocket = "off"\ntcp = "127.0.0.1:{port}"\n')
            (tmp_path / "hearth.toml").chmod(0o600)
            (tmp_path / "token").write_text("infer hearth_a\nadmin hearth_b\n")
            with _client(tmp_path) as client, pytest.raises(DaemonAway):
                client.status()
    finally:
        lock.release()
