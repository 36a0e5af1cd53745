"""Models are discovered when somebody asks, merged into one list, and one that is gone is answered like any unknown."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, TypeVar

import pytest

from end_to_end.callers import Answer, admin, call, calm, chat, cloud, engine
from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth_home import Home, make

T = TypeVar("T")
KEY = "sk-test"
HERE = Script(models=(ModelScript(name="local-one"),))
FAR = Script(kind="openai", models=(ModelScript(name="acme-large"), ModelScript(name="acme-small")), keys=(KEY,))
FALLBACK = '[fallback]\ncloud = ["far/acme-small"]\n'
LIST = "/v1/models"


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
