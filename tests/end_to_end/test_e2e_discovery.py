"""Models are discovered when somebody asks, merged into one list, and one that is gone is answered like any unknown."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import NamedTuple, TypeVar

import pytest

from end_to_end.callers import Answer, admin, call, calm, chat, cloud, engine
from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth.senses.inventory import RETRY_S
from hearth.server.second_look import LOOK_S
from hearth_home import Home, make, running

T = TypeVar("T")
KEY = "sk-test"
HERE = Script(models=(ModelScript(name="local-one"),))
FAR = Script(kind="openai", models=(ModelScript(name="acme-large"), ModelScript(name="acme-small")), keys=(KEY,))
FALLBACK = '[fallback]\ncloud = ["far/acme-small"]\n'
LIST = "/v1/models"
JUST_ASKED_S = RETRY_S + 0.1
"""An engine that was asked so lately what it has is not asked again."""
ONE_ROUND = 4
"""What an Ollama is asked in one look: its models, its version, what is loaded."""


class Scene(NamedTuple):
    """A daemon that nobody has asked anything yet, its engine, and a provider in the cloud."""

    home: Home
    far: Rehearsal

    @property
    def lists(self) -> int:
        """How often the provider was asked for its models."""
        return sum(one.method == "GET" for one in self.far.calls)

    async def names(self) -> list[str]:
        answer = await call(self.home, LIST, method="GET")
        return [model["id"] for model in answer.json()["data"]]

    def lose(self, name: str) -> None:
        """Let the provider have this model no more."""
        kept = tuple(model for model in self.far.script.models if model.name != name)
        self.far.rescript(models=kept)


@asynccontextmanager
async def _set(more: str) -> AsyncIterator[Scene]:
    async with Rehearsal(HERE) as near, Rehearsal(FAR) as far:
        with TemporaryDirectory(prefix="hearth-") as folder:
            config = more + calm() + engine(near) + cloud(far, more='key = "env:KEY"')
            daemon = make(Path(folder), config, {"KEY": KEY})
            await daemon.start()
            try:
                address = next(one for one in daemon.core.listening if one.startswith("http"))
                yield Scene(Home(daemon, int(address.rpartition(":")[2]), daemon.paths.socket, Path(folder)), far)
            finally:
                await daemon.stop()


def _play(act: Callable[[Scene], Awaitable[T]], more: str = "") -> T:
    async def play() -> T:
        async with _set(more) as scene:
            return await act(scene)

    return asyncio.run(play())


def test_nobody_far_is_asked_at_start() -> None:
    """A daemon that starts, and answers from here, has not asked the cloud for its models."""

    async def act(scene: Scene) -> None:
        answer = await call(scene.home, "/api/chat", chat("local-one"))
        await asyncio.sleep(0.1)

        assert answer.status == 200
        assert scene.far.calls == []

    _play(act)


def test_lists_are_one_list_and_are_kept() -> None:
    """Who lists models gets those of here and of everybody else; asked again soon, nobody far is asked again."""

    async def act(scene: Scene) -> None:
        first = await scene.names()
        again = await scene.names()
        tags = (await call(scene.home, "/api/tags", method="GET")).json()["models"]
        told = (await admin(scene.home, "/hearth/v1/models"))["models"]

        assert first == again
        assert {"local-one:latest", "far/acme-large", "far/acme-small"} <= set(first)
        assert scene.lists == 1
        assert "local-one:latest" in [model["name"] for model in tags]
        assert {"ollama/local-one:latest", "far/acme-large"} <= {model["name"] for model in told}
        assert all(0 <= model["listed_s"] < 30 for model in told)

    _play(act)


def test_a_list_that_the_mode_forbids_is_not_asked_for() -> None:
    """Offline, the list is that of this machine."""

    async def act(scene: Scene) -> None:
        names = await scene.names()

        assert "local-one:latest" in names
        assert not [name for name in names if "acme" in name]
        assert scene.far.calls == []

    _play(act, 'mode = "offline"\n')


def test_a_listed_model_that_is_gone_falls_back_in_the_same_call() -> None:
    """Its name was known from the list alone: now that it is gone, it is a name nobody knows, and `[fallback]` answers.

    The next call does not ask for it again.
    """

    async def act(scene: Scene) -> tuple[Answer, Answer]:
        assert "far/acme-large" in await scene.names()
        scene.lose("acme-large")
        first = await call(scene.home, "/v1/chat/completions", chat("acme-large"))
        return first, await call(scene.home, "/v1/chat/completions", chat("acme-large"))

    first, second = _play(act, FALLBACK + "[retry]\nattempts = 1\n")

    for answer, attempts in ((first, "2"), (second, "1")):
        assert answer.status == 200, answer.body
        assert answer.headers["x-hearth-target"] == "far/acme-small"
        assert answer.headers["x-hearth-reason"] == "missing"
        assert answer.headers["x-hearth-attempts"] == attempts


CLIENTS: dict[str, dict[str, object]] = {
    "/api/chat": chat("acme-large"),
    "/v1/chat/completions": chat("acme-large"),
    "/v1/responses": {"model": "acme-large", "input": "hello"},
    "/v1/messages": chat("acme-large", max_tokens=9),
    "/v1beta/models/acme-large:generateContent": {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]},
    "/v2/chat": chat("acme-large"),
}
ENVELOPES = {
    "/api/chat": b'{"error":"',
    "/v1/chat/completions": b'"code":"model_not_found"',
    "/v1/responses": b'"code":"model_not_found"',
    "/v1/messages": b'"type":"not_found_error"',
    "/v1beta/models/acme-large:generateContent": b'"status":"NOT_FOUND"',
    "/v2/chat": b'{"message":"',
}


@pytest.mark.parametrize("prefix", ["", "far/"])
@pytest.mark.parametrize("path", CLIENTS)
def test_a_model_that_is_gone_is_a_404_with_near_names(path: str, prefix: str) -> None:
    """Each client gets it in its own dialect, with the nearest name, whether it named the provider or not."""
    body = {**CLIENTS[path]} | ({"model": prefix + "acme-large"} if "model" in CLIENTS[path] else {})

    async def act(scene: Scene) -> Answer:
        assert "far/acme-large" in await scene.names()
        scene.lose("acme-large")
        return await call(scene.home, path.replace("acme-large", prefix + "acme-large"), body)

    answer = _play(act)

    assert answer.status == 404, answer.body
    assert ENVELOPES[path] in answer.body
    assert b"far/acme-small" in answer.body


async def _past_hearth(act: Callable[[Home], Awaitable[T]], more: str = "") -> T:
    """Do something after Hearth has looked at its engine, and the engine has got one more model since."""
    async with Rehearsal(HERE) as near, running(more + calm() + engine(near)) as home:
        await asyncio.sleep(JUST_ASKED_S)
        near.rescript(models=(*near.script.models, ModelScript(name="just-fetched")))
        return await act(home)


@pytest.mark.parametrize("more", ["", '[fallback]\ncloud = ["ollama/local-one"]\n'])
def test_a_model_fetched_past_hearth_answers_at_once(more: str) -> None:
    """Who has just pulled a model with Ollama itself gets it, not a 404 and nobody else's answer."""
    answer = asyncio.run(_past_hearth(lambda home: call(home, "/api/chat", chat("just-fetched")), more))

    assert answer.status == 200, answer.body
    assert answer.headers["x-hearth-target"] == "ollama/just-fetched:latest"


def test_a_model_fetched_past_hearth_may_become_the_default() -> None:
    """`hearth use NAME` looks again before it says that there is no such model."""

    async def act(home: Home) -> tuple[object, Answer]:
        told = await admin(home, "/hearth/v1/default-model", "PUT", {"model": "just-fetched"})
        return told, await call(home, "/api/chat", chat("default"))

    told, answer = asyncio.run(_past_hearth(act))

    assert told == {"model": "just-fetched"}
    assert answer.headers["x-hearth-target"] == "ollama/just-fetched:latest"


def test_a_model_fetched_past_hearth_is_shown_explained_and_loaded() -> None:
    """`/api/tags`, `/api/show`, `hearth explain` and `hearth load` know it as soon as `ollama list` does."""

    async def act(home: Home) -> tuple[Answer, Answer]:
        shown = await call(home, "/api/show", {"model": "just-fetched"})
        return shown, await call(home, "/api/tags", method="GET")

    async def others(home: Home) -> tuple[dict[str, object], object]:
        explained = await admin(home, "/hearth/v1/explain", "POST", {"model": "just-fetched"})
        return explained, await admin(home, "/hearth/v1/models/load", "POST", {"model": "just-fetched"})

    shown, tags = asyncio.run(_past_hearth(act))
    explained, loaded = asyncio.run(_past_hearth(others))

    assert shown.status == 200, shown.body
    assert "just-fetched:latest" in [one["name"] for one in tags.json()["models"]]
    assert explained["kind"] == "installed"
    assert loaded == {"loaded": "ollama/just-fetched:latest"}


def test_a_name_that_nobody_knows_costs_an_engine_little() -> None:
    """A client that keeps asking for what is not there does not make Hearth ask the engine each time."""

    async def scene() -> tuple[set[int], int]:
        async with Rehearsal(HERE) as near, running(calm() + engine(near)) as home:
            await asyncio.sleep(JUST_ASKED_S)
            before = len(near.calls)
            answers = [await call(home, "/api/chat", chat("no-such-model")) for _ in range(20)]
            return {answer.status for answer in answers}, len(near.calls) - before

    statuses, questions = asyncio.run(scene())

    assert statuses == {404}
    assert questions <= ONE_ROUND


def test_lists_do_not_wait_for_an_engine_that_hangs() -> None:
    """`ollama list`, `ps` and `show` come back soon from an Ollama that takes connections and says nothing."""

    async def scene() -> tuple[list[Answer], float]:
        with socket.create_server(("127.0.0.1", 0)) as silent, TemporaryDirectory(prefix="hearth-") as folder:
            address = f'address = "http://127.0.0.1:{silent.getsockname()[1]}"\n'
            daemon = make(Path(folder), calm() + f'[providers.ollama]\npreset = "ollama"\n{address}')
            await daemon.start()
            try:
                port = int(next(one for one in daemon.core.listening if one.startswith("http")).rpartition(":")[2])
                home = Home(daemon, port, daemon.paths.socket, Path(folder))
                since = monotonic()
                answers = [
                    await call(home, "/api/tags", method="GET"),
                    await call(home, "/api/ps", method="GET"),
                    await call(home, "/api/show", {"model": "some-model"}),
                ]
                return answers, monotonic() - since
            finally:
                await daemon.stop()

    (tags, ps, shown), took = asyncio.run(scene())

    assert (tags.status, ps.status, shown.status) == (200, 200, 404)
    assert b"has not said what it has" in shown.body
    assert took < 3 * LOOK_S + 2
