"""A sealed daemon, in a process of its own under the kernel's filter: it answers as before, and nothing gets out."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
from pathlib import Path
from typing import Any

import pytest

from end_to_end.callers import Answer, call, calm, chat, cloud, engine, until
from end_to_end.sealed_home import READY_S, SEALED, started
from hearth.rehearsal import Fault, ModelScript, Rehearsal, Script

pytestmark = pytest.mark.timeout(120)

ROUTES = ("/api/chat", "/v1/chat/completions")
HELLO = "Hello! I am a small test model."
CLOUD = Script(kind="openai", models=(ModelScript(name="scripted"),))
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("stream", [False, True])
def test_it_answers_as_before(tmp_path: Path, path: str, *, stream: bool) -> None:
    """G1: a caller of this user, known by the kernel alone, is answered whole and in pieces; every thread is sealed."""

    async def scene() -> tuple[Answer, Any, set[str]]:
        async with Rehearsal() as near, started(tmp_path, SEALED + calm() + engine(near)) as home:
            answer = await call(home, path, chat(stream=stream))
            return answer, await home.admin("status"), home.held()

    answer, status, held = asyncio.run(scene())

    assert answer.status == 200
    assert answer.finished
    assert answer.text == HELLO
    assert held == {"Seccomp:\t2"}
    assert status["mode"] == "offline"
    assert status["sealed"]["since"] > 0
    assert status["sealed"]["fault"] == ""
    assert {one["place"] for one in status["contacts"]} == {"machine"}


@pytest.mark.parametrize("asked", ["far/scripted", "cloud/scripted", "no-such-model", "hidden", "moved"])
def test_no_cloud_is_reached_whatever_is_asked(tmp_path: Path, asked: str) -> None:
    """G1, T30, T31, T32: by name, as fallback, through Ollama, by redirect or proxy: refused, and nobody heard."""
    models = (
        ModelScript(name="scripted"),
        ModelScript(name="hidden", remote_host="https://ollama.com", remote_model="gpt-oss"),
    )

    async def scene() -> tuple[Answer, list[Any], int]:
        async with Rehearsal(Script(models=models)) as near, Rehearsal(CLOUD) as far, Rehearsal() as canary:
            config = SEALED + calm() + engine(near) + cloud(far) + '[fallback]\ncloud = ["far/scripted"]\n'
            environ = dict.fromkeys(PROXIES, canary.url)
            async with started(tmp_path, config, environ=environ) as home:
                if asked == "moved":
                    near.next(Fault.redirect(307, f"{far.url}/v1/chat/completions"), path="/api/chat", times=-1)
                name = "scripted" if asked == "moved" else asked
                answer = await call(home, "/api/chat", chat(name, stream=False), X_Hearth_Mode="any")
            return answer, [*far.calls, *canary.calls], sum(b"hello" in one.body for one in near.calls)

    answer, leaked, asked_at_home = asyncio.run(scene())

    assert answer.status >= 400
    assert leaked == []
    assert asked_at_home == (1 if asked == "moved" else 0)


def test_a_new_local_provider_and_a_unix_socket_are_reached(tmp_path: Path) -> None:
    """A reload brings another loopback address; a Unix socket must have been in the config at the start."""
    path = tmp_path / "engine.sock"

    async def scene() -> tuple[list[str], Answer]:
        async with (
            Rehearsal() as near,
            Rehearsal() as later,
            Rehearsal(path=path) as beside,
            Rehearsal(path=tmp_path / "new") as new,
        ):
            config = SEALED + calm() + engine(near)
            one = f'[providers.beside]\npreset = "ollama"\naddress = "{beside.url}"\n'
            two = f'[providers.later]\npreset = "ollama"\naddress = "{later.url}"\n'
            three = f'[providers.new]\npreset = "ollama"\naddress = "{new.url}"\n'
            async with started(tmp_path, config + one) as home:
                await home.edit(config + one + two + three)
                names = ["ollama/scripted", "beside/scripted", "later/scripted"]
                answers = [await call(home, "/api/chat", chat(name, stream=False)) for name in names]
                return [answer.text for answer in answers], await call(home, "/api/chat", chat("new/scripted"))

    texts, refused = asyncio.run(scene())

    assert texts == [HELLO] * 3
    assert refused.status >= 400


def test_only_a_new_start_lets_go(tmp_path: Path) -> None:
    """The switch is refused by a sentence that says when it would hold; an edit is taken over but for mode and seal."""

    async def scene() -> tuple[Any, Any, Any, int]:
        async with Rehearsal() as near, Rehearsal(CLOUD) as far:
            rest = calm() + engine(near) + cloud(far)
            async with started(tmp_path, SEALED + rest) as home:
                switch = await home.admin("mode", "PUT", {"mode": "prefer-local"})
                cleared = await home.admin("mode", "PUT", {"mode": None})
                status = await home.edit('mode = "any"\ndefault_model = "scripted"\n' + rest)
                answer = await call(home, "/api/chat", chat("far/scripted", stream=False))
                assert not far.calls
                return switch, cleared, status, answer.status

    switch, cleared, status, code = asyncio.run(scene())

    assert "takes effect when Hearth is started anew" in switch["error"]["message"]
    assert "hearth restart" in json.dumps(switch)
    assert cleared["mode"] == "offline"
    assert (status["mode"], status["default_model"]) == ("offline", "scripted")
    assert any("started anew (`hearth restart`)" in warning for warning in status["config"]["warnings"])
    assert code >= 400


def test_one_run_can_be_sealed_from_the_command_line(tmp_path: Path) -> None:
    """`hearth run --sealed` is offline and sealed, whatever the file's mode; the file is not touched."""

    async def scene() -> Any:  # noqa: ANN401 -- any JSON
        async with Rehearsal() as near, started(tmp_path, 'mode = "any"\n' + calm() + engine(near), "--sealed") as home:
            return await home.admin("status")

    status = asyncio.run(scene())

    assert (status["mode"], status["ceiling"]) == ("offline", "offline")
    assert status["sealed"]["since"] > 0


def test_a_broker_that_dies_is_named_and_opens_nothing(tmp_path: Path) -> None:
    """Calls fail with what to do, `hearth status` says it too, and the kernel goes on refusing."""

    async def scene() -> tuple[Answer, Any]:
        async with Rehearsal() as near, started(tmp_path, SEALED + calm() + engine(near)) as home:
            assert (await call(home, "/api/chat", chat(stream=False))).status == 200
            for child in home.brokers():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
            await near.stop()  # with the connection that was kept
            answer = await call(home, "/api/chat", chat(stream=False))
            return answer, await home.admin("status")

    answer, status = asyncio.run(scene())

    assert answer.status >= 500
    assert b"broker" in answer.body
    assert b"hearth restart" in answer.body
    assert "hearth restart" in status["sealed"]["fault"]


def test_keys_are_fetched_where_that_is_possible(tmp_path: Path) -> None:
    """A command for a key runs, sealed like Hearth; the keyring, which answers on D-Bus, is refused by a sentence."""
    config = calm() + "".join(
        f'[providers.{name}]\ndialect = "openai_chat"\naddress = "ADDRESS/v1"\nkey = "{key}"\n'
        for name, key in (("one", "cmd:echo canary-key"), ("two", "keyring:two"))
    )

    async def scene() -> tuple[str, Answer]:
        async with Rehearsal(CLOUD) as near, started(tmp_path, SEALED + config.replace("ADDRESS", near.url)) as home:
            answer = await call(home, "/v1/chat/completions", chat("one/scripted"))
            refused = await call(home, "/v1/chat/completions", chat("two/scripted"))
            return answer.text, refused

    text, refused = asyncio.run(scene())

    assert text == HELLO
    assert refused.status >= 400
    assert b"D-Bus" in refused.body


def test_a_service_manager_hears_of_it(tmp_path: Path) -> None:
    """The datagrams of sd_notify go out as before: ready, and alive from within the seal."""

    async def scene() -> list[bytes]:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(str(tmp_path / "notify"))
            manager.setblocking(False)
            environ = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "300000"}
            heard: list[bytes] = []
            async with Rehearsal() as near, started(tmp_path, SEALED + calm() + engine(near), environ=environ):
                while b"WATCHDOG=1" not in heard:
                    heard.append(await asyncio.wait_for(asyncio.get_running_loop().sock_recv(manager, 4096), READY_S))
            return heard

    heard = asyncio.run(scene())

    assert heard[0].startswith(b"READY=1")


def test_a_socket_that_was_open_already_keeps_it_from_starting(tmp_path: Path) -> None:
    """T30: what a parent left open could carry a prompt away, so that Hearth says so and does not start."""

    async def scene() -> str:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as left:
            async with Rehearsal() as near:
                with pytest.raises(EOFError) as refused:
                    async with started(tmp_path, SEALED + engine(near), inherits=(left.fileno(),)):
                        pass
                return str(refused.value)

    said = asyncio.run(scene())

    assert "Hearth cannot be sealed here: descriptor" in said
    assert "Traceback" not in said


def test_nothing_is_left_when_it_ends(tmp_path: Path) -> None:
    """A stop, and a kill too, end the broker."""

    async def scene(how: int) -> None:
        async with Rehearsal() as near, started(tmp_path, SEALED + engine(near)) as home:
            assert (await call(home, "/api/chat", chat(stream=False))).status == 200
            children = home.brokers()
            assert children
            home.process.send_signal(how)
            await until(lambda: not any(Path(f"/proc/{child}/cmdline").exists() for child in children))
            await home.process.wait()

    asyncio.run(scene(signal.SIGTERM))
    asyncio.run(scene(signal.SIGKILL))
