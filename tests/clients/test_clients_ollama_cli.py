"""The real `ollama` command, where it is installed, works unmodified against Hearth."""

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from subprocess import PIPE
from typing import NamedTuple

import pytest

from clients.stage import HELLO
from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth.rehearsal.script import MODELS
from hearth_home import beside, running

COMMAND = shutil.which("ollama")
pytestmark = pytest.mark.skipif(COMMAND is None, reason="the ollama command is not installed")
REGISTRY = (ModelScript(name="llama3.2"),)
LONGEST_S = 20


class Said(NamedTuple):
    """What a run of the command left."""

    status: int
    out: str
    err: str


Ollama = Callable[..., Awaitable[Said]]


def played(act: Callable[[Ollama], Awaitable[None]], tmp_path: Path) -> None:
    """Let an act run the command against a daemon before a rehearsed Ollama, and a cloud model called `far`."""

    async def play() -> None:
        cloud = Script(kind="openai", models=(ModelScript(name="big"),))
        async with Rehearsal(Script(models=MODELS, registry=REGISTRY)) as near, Rehearsal(cloud) as hosted:
            box = f'[providers.box]\npreset = "openai"\naddress = "{hosted.url}/v1"\nkey = "env:KEY"\n'
            alias = '[models.far]\nuse = ["box/big"]\n'
            async with running(beside(near) + box + alias, {"KEY": "k"}) as home:
                environ = {**os.environ, "OLLAMA_HOST": home.url, "HOME": str(tmp_path), "TERM": "dumb"}

                async def ollama(*words: str, typed: str = "") -> Said:
                    process = await asyncio.create_subprocess_exec(
                        COMMAND or "", *words, env=environ, cwd=tmp_path, stdin=PIPE, stdout=PIPE, stderr=PIPE
                    )
                    out, err = await asyncio.wait_for(process.communicate(typed.encode()), LONGEST_S)
                    return Said(process.returncode or 0, out.decode(), err.decode())

                await act(ollama)

    asyncio.run(play())


def test_it_lists_shows_and_tells_what_is_loaded(tmp_path: Path) -> None:
    """`list`, `ps`, `show` with capabilities and the window that calls get, a model in the cloud too."""

    async def act(ollama: Ollama) -> None:
        listed = await ollama("list")
        shown = await ollama("show", "scripted")
        far = await ollama("show", "far")
        await ollama("run", "scripted", "Hello")
        loaded = await ollama("ps")

        assert (listed.status, shown.status, far.status, loaded.status) == (0, 0, 0, 0)
        assert "scripted:latest" in listed.out
        assert "far" in listed.out
        assert "tools" in shown.out
        assert "context length      2048" in shown.out
        assert "completion" in far.out
        assert "scripted:latest" in loaded.out

    played(act, tmp_path)


def test_it_runs_models_here_and_far(tmp_path: Path) -> None:
    """An answer, one to what is piped in, thinking, JSON, vectors; a model in the cloud answers as any other."""

    async def act(ollama: Ollama) -> None:
        asked = await ollama("run", "scripted", "Hello there")
        piped = await ollama("run", "scripted", typed="Hello there\n")
        far = await ollama("run", "far", "Hello there")
        thought = await ollama("run", "thinker", "why is the sky blue?")
        shaped = await ollama("run", "scripted", "--format", "json", "Hello there")
        vectors = await ollama("run", "embedder", "Hello there")
        stopped = await ollama("stop", "scripted")

        assert [one.out.strip() for one in (asked, piped, far)] == [HELLO] * 3
        assert "The user asks why." in thought.out
        assert shaped.out.strip() == '{"city": "Paris", "temp": 21}'
        assert vectors.out.startswith("[")
        assert stopped.status == 0
        assert "scripted" not in (await ollama("ps")).out

    played(act, tmp_path)


def test_it_manages_models(tmp_path: Path) -> None:
    """`pull` with its bars, `cp`, `create` from a Modelfile, `push` with the account asked for first, `rm`."""
    (tmp_path / "Modelfile").write_text('FROM scripted\nSYSTEM "Be brief."\n', encoding="utf-8")

    async def act(ollama: Ollama) -> None:
        pulled = await ollama("pull", "llama3.2")
        copied = await ollama("cp", "llama3.2", "mine")
        made = await ollama("create", "brief", "-f", "Modelfile")
        await ollama("cp", "mine", "me/mine")
        pushed = await ollama("push", "me/mine")
        removed = await ollama("rm", "mine")
        listed = await ollama("list")

        assert "success" in pulled.err
        assert "copied" in copied.out
        assert "success" in made.err
        assert "You can find your model at" in pushed.out
        assert "deleted" in removed.out
        assert "brief:latest" in listed.out
        assert "mine:latest" not in [line.split()[0] for line in listed.out.splitlines()]

    played(act, tmp_path)


def test_it_tells_what_went_wrong(tmp_path: Path) -> None:
    """A model that nobody has: the command fetches it first, and shows why that fails."""

    async def act(ollama: Ollama) -> None:
        for words in (("run", "nonesuch", "Hello"), ("pull", "nonesuch")):
            said = await ollama(*words)
            assert said.status == 1
            assert "file does not exist" in said.err
        removed = await ollama("rm", "nonesuch")
        cloudy = await ollama("run", "gpt-oss:120b-cloud", "Hello")

        assert "model 'nonesuch' not found" in removed.err
        assert (cloudy.status, "not found" in cloudy.err) == (1, True)

    played(act, tmp_path)
