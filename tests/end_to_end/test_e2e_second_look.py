"""A name that nobody knows: the engine is asked again before it is refused, and nobody waits long for that."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any, TypeVar

import pytest

from end_to_end.callers import Answer, Caller, admin, call, calm, chat, engine, until
from hearth.rehearsal import Fault, ModelScript, Rehearsal, Script
from hearth.senses.inventory import RETRY_S
from hearth.server.second_look import LOOK_S
from hearth_home import Home, make, running
from promised_times import held_once_of

T = TypeVar("T")
HERE = Script(models=(ModelScript(name="local-one"),))
JUST_ASKED_S = RETRY_S + 0.1
"""An engine that was asked so lately what it has is not asked again."""
ONE_ROUND = 4
"""What an Ollama is asked in one look: its models, its version, what is loaded."""


async def _past_hearth(act: Callable[[Home], Awaitable[T]], more: str = "") -> T:
    """Do something after Hearth has looked at its engine, and the engine has got one more model since."""
    async with Rehearsal(HERE) as near, running(more + calm() + engine(near)) as home:
        await asyncio.sleep(JUST_ASKED_S)
        near.rescript(models=(*near.script.models, ModelScript(name="just-fetched")))
        return await act(home)


@pytest.mark.parametrize("more", ["", '[fallback]\ncloud = ["ollama/local-one"]\n'])
def test_a_model_fetched_past_hearth_answers_at_once(more: str) -> None:
    """Who has just pulled a model with Ollama itself gets it, not a 404 and nobody else's answer."""
    answer = held_once_of(
        3,
        lambda: asyncio.run(_past_hearth(lambda home: call(home, "/api/chat", chat("just-fetched")), more)),
        lambda found: found.headers.get("x-hearth-target") == "ollama/just-fetched:latest",
    )

    assert answer.status == 200, answer.body
    assert answer.headers["x-hearth-target"] == "ollama/just-fetched:latest"


def test_a_model_fetched_past_hearth_may_become_the_default() -> None:
    """`hearth use NAME` looks again before it says that there is no such model."""

    async def act(home: Home) -> tuple[object, Answer]:
        told = await admin(home, "/hearth/v1/default-model", "PUT", {"model": "just-fetched"})
        return told, await call(home, "/api/chat", chat("default"))

    told, answer = held_once_of(3, lambda: asyncio.run(_past_hearth(act)), lambda found: "model" in str(found[0]))

    assert told == {"model": "just-fetched", "note": ""}
    assert answer.headers["x-hearth-target"] == "ollama/just-fetched:latest"


def test_a_model_fetched_past_hearth_is_shown_explained_and_loaded() -> None:
    """`/api/tags`, `/api/show`, `hearth explain` and `hearth load` know it as soon as `ollama list` does."""

    async def act(home: Home) -> tuple[Answer, Answer]:
        shown = await call(home, "/api/show", {"model": "just-fetched"})
        return shown, await call(home, "/api/tags", method="GET")

    async def others(home: Home) -> tuple[dict[str, object], object]:
        explained = await admin(home, "/hearth/v1/explain", "POST", {"model": "just-fetched"})
        return explained, await admin(home, "/hearth/v1/models/load", "POST", {"model": "just-fetched"})

    shown, tags = held_once_of(3, lambda: asyncio.run(_past_hearth(act)), lambda found: found[0].status == 200)
    explained, loaded = held_once_of(
        3, lambda: asyncio.run(_past_hearth(others)), lambda found: found[0].get("kind") == "installed"
    )

    assert shown.status == 200, shown.body
    assert "just-fetched:latest" in [one["name"] for one in tags.json()["models"]]
    assert explained["kind"] == "installed"
    assert loaded == {"loaded": "ollama/just-fetched:latest"}


def test_a_name_that_nobody_knows_costs_an_engine_little() -> None:
    """A client that keeps asking for what is not there does not make Hearth ask the engine each time."""

    async def scene() -> tuple[set[int], int, float]:
        async with Rehearsal(HERE) as near, running(calm() + engine(near)) as home:
            await asyncio.sleep(JUST_ASKED_S)
            before, since = len(near.calls), monotonic()
            answers = [await call(home, "/api/chat", chat("no-such-model")) for _ in range(20)]
            return {answer.status for answer in answers}, len(near.calls) - before, monotonic() - since

    statuses, questions, seconds = asyncio.run(scene())

    assert statuses == {404}
    assert questions <= ONE_ROUND * (1 + seconds // RETRY_S)


@asynccontextmanager
async def _known_then_silent(more: str = "") -> AsyncIterator[Home]:
    """A daemon whose engine has said what it has, and takes its time to say anything from then on."""
    async with Rehearsal(HERE) as near, running(more + calm() + engine(near)) as home:
        await asyncio.sleep(JUST_ASKED_S)
        near.next(Fault.late_head(60.0), path="/api/tags", times=-1)
        yield home


async def _ended_while_looking(end: Callable[[Home, Caller], Awaitable[object]]) -> tuple[Answer, Any]:
    """Ask for what nobody knows, and end that while the engine is asked again; returns what came, and the log's row."""
    async with _known_then_silent() as home:
        caller = await Caller.ask(home, "/api/chat", chat("no-such-model"))
        await until(lambda: len(home.daemon.core.calls))
        await end(home, caller)
        answer = await caller.rest()
        await until(lambda: not len(home.daemon.core.calls))
        return answer, (await admin(home, "/hearth/v1/calls?limit=1"))[0]


def _in_time(row: Any) -> bool:  # noqa: ANN401 -- any JSON
    """Whether the call was ended before the look was over: a machine that stands still for a second is too late."""
    return bool(row["ending"] != "refused")


def test_a_caller_that_leaves_during_the_second_look_is_written_down() -> None:
    """Nothing is lost from the log, however short the moment."""

    async def leave(_: Home, caller: Caller) -> None:
        caller.leave()

    _, row = held_once_of(3, lambda: asyncio.run(_ended_while_looking(leave)), lambda found: _in_time(found[1]))

    assert (row["asked"], row["ending"]) == ("no-such-model", "client_gone")


def test_a_call_that_is_cancelled_during_the_second_look_is_told_so() -> None:
    """Whoever ends it: the client hears of it in its own dialect, and the log says that it was ended."""

    async def cancel(home: Home, _: Caller) -> None:
        for live in home.daemon.core.calls:
            await admin(home, f"/hearth/v1/calls/{live.call.id}/cancel", "POST")

    answer, row = held_once_of(3, lambda: asyncio.run(_ended_while_looking(cancel)), lambda found: _in_time(found[1]))

    assert answer.status >= 400
    assert "error" in answer.json()
    assert row["ending"] == "killed"


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

    (tags, ps, shown), took = held_once_of(3, lambda: asyncio.run(scene()), lambda found: found[1] < 3 * LOOK_S + 2)

    assert (tags.status, ps.status, shown.status) == (200, 200, 404)
    assert b"has not said what it has" in shown.body
    assert took < 3 * LOOK_S + 2
