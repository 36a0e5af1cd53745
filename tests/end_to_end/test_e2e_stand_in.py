"""The stand-in engine: it answers for an Ollama that is not there, says what it is, and leaves when one comes."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cli.terminal import environment
from end_to_end.callers import PATIENT_S, Answer, Object, admin, call, calm, chat, until
from hearth.rehearsal import Rehearsal
from hearth.standing_in import MODEL, NAME, StandIn
from hearth_home import LISTEN, Home, make
from kept_ports import kept_port

LOOK_S = 0.2
ROUTES = ("/api/chat", "/v1/chat/completions")


def _config(port: int) -> str:
    return f'{calm()}\n[providers.ollama]\npreset = "ollama"\naddress = "http://127.0.0.1:{port}"\n'


@asynccontextmanager
async def _stood_in(port: int) -> AsyncIterator[Home]:
    """A daemon whose Ollama is to be at that port, started as `make run` starts it."""
    with tempfile.TemporaryDirectory(prefix="hearth-") as name:
        daemon = make(Path(name), _config(port))
        stand_in = StandIn(daemon, look_s=LOOK_S, probe_s=PATIENT_S)
        await stand_in.step_in()
        await daemon.start()
        try:
            await daemon.inventory.everywhere()
            own = int(next(one for one in daemon.core.listening if one.startswith("http")).rpartition(":")[2])
            yield Home(daemon, own, daemon.paths.socket, Path(name))
        finally:
            await daemon.stop()
            await stand_in.step_out()


@pytest.mark.parametrize("path", ROUTES)
def test_without_an_ollama_the_stand_in_answers_and_says_so(path: str) -> None:
    """A request without a model is answered, and head and status name the stand-in, so that nobody is taken in."""

    async def scene() -> tuple[Answer, Object]:
        with kept_port() as port:
            async with _stood_in(port) as home:
                body = chat()
                del body["model"]
                return await call(home, path, body), await admin(home, "/hearth/v1/status")

    answer, status = asyncio.run(scene())

    assert answer.status == 200
    assert answer.text
    assert answer.headers["x-hearth-target"] == f"{NAME}/{MODEL}"
    assert status["stand_in"].startswith("http://127.0.0.1:")
    assert NAME in [one["name"] for one in status["providers"]]


def test_the_stand_in_leaves_when_an_ollama_comes() -> None:
    """Once the configured address answers, calls go there, the stand-in is gone from the status, and its port too."""

    async def scene() -> tuple[Answer, Object, bool]:
        with kept_port() as port:
            async with _stood_in(port) as home:
                url = home.daemon.core.stand_in
                assert (await call(home, "/api/chat", chat(f"{NAME}/{MODEL}"))).status == 200
                async with Rehearsal(port=port):
                    await until(lambda: not home.daemon.core.stand_in)
                    await until(lambda: "ollama/scripted:latest" in home.daemon.core.catalog.targets)
                    answer = await call(home, "/api/chat", chat())
                    return answer, await admin(home, "/hearth/v1/status"), await _answers(url)

    answer, status, answers = asyncio.run(scene())

    assert (answer.status, answer.headers["x-hearth-target"]) == (200, "ollama/scripted:latest")
    assert status["stand_in"] == ""
    assert [one["name"] for one in status["providers"]] == ["ollama"]
    assert not answers


async def _answers(url: str) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    except ConnectionError:
        return False
    writer.close()
    return True


def test_with_an_ollama_no_stand_in_comes() -> None:
    """Whoever has an Ollama never meets the stand-in."""

    async def scene() -> tuple[str, Answer]:
        async with Rehearsal() as near, _stood_in(near.port) as home:
            return home.daemon.core.stand_in, await call(home, "/api/chat", chat())

    stand_in, answer = asyncio.run(scene())

    assert stand_in == ""
    assert answer.headers["x-hearth-target"] == "ollama/scripted:latest"


def test_an_edit_while_the_stand_in_answers_keeps_it() -> None:
    """A reload takes the edit over and loses neither the stand-in nor what names it."""

    async def scene() -> tuple[str, Answer, list[Object]]:
        with kept_port() as port:
            async with _stood_in(port) as home:
                more = LISTEN + '[models.fast]\nuse = ["ollama/m"]\n'
                (home.folder / "hearth.toml").write_text(_config(port) + more)
                assert await home.daemon.reload() == ""
                answer = await call(home, "/api/chat", chat(f"{NAME}/{MODEL}"))
                told = [one.facts for one in home.daemon.core.events.recent if one.kind == "config_loaded"]
                return home.daemon.core.stand_in, answer, told

    stand_in, answer, told = asyncio.run(scene())

    assert stand_in
    assert answer.status == 200
    assert [one["reloads"] for one in told] == [1]  # the edit: that the stand-in came is none


def test_a_plain_run_never_starts_a_stand_in() -> None:
    """`hearth run` without an Ollama has nobody to ask, says so to the caller, and makes nothing up."""

    async def scene() -> tuple[Answer, str, str]:
        with tempfile.TemporaryDirectory(prefix="hearth-") as name, kept_port() as port:
            file = Path(name) / "hearth.toml"
            file.write_text(LISTEN + _config(port))
            file.chmod(0o600)
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "hearth", "--home", name, "run", stdout=asyncio.subprocess.PIPE, env=environment()
            )
            assert process.stdout is not None
            try:
                said = [await asyncio.wait_for(process.stdout.readline(), 60.0) for _ in range(2)]
                reached = _Reached(int(said[1].rpartition(b":")[2]))
                answer = await call(reached, "/api/chat", chat())
            finally:
                process.terminate()
                rest, _ = await asyncio.wait_for(process.communicate(), 60.0)
            return answer, b"".join(said).decode(), rest.decode()

    answer, begun, rest = asyncio.run(scene())

    assert begun.startswith("Hearth listens on")
    assert answer.status >= 400
    assert "stand-in" not in begun + rest


class _Reached:
    def __init__(self, port: int) -> None:
        self.port = port
