"""`usage.bodies`: what was asked and answered is on disk where the user wants that, and only then, and told of."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path

import pytest

from end_to_end.callers import Caller, Object, admin, call, calm, chat, engine, until
from hearth.rehearsal import Fault, ModelScript, Rehearsal, Script
from hearth.server.sockets import CannotListen
from hearth_home import LISTEN, Home, make, running, started

ON = "[usage]\nbodies = true\n"


async def said(home: Home, call_id: str = "last") -> Object:
    """Return what the control API says of a call's bodies."""
    told: Object = await admin(home, f"/hearth/v1/calls/{call_id}?bodies=1")
    found: Object = told["said"]
    return found


async def status(home: Home) -> Object:
    found: Object = await admin(home, "/hearth/v1/status")
    return found


def on_disk(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir() if one.name.startswith("bodies.db"))


@pytest.mark.parametrize("stream", [True, False])
def test_what_was_said_is_kept_as_it_came_and_went(*, stream: bool) -> None:
    """The body as received, Hearth's own member included, and each byte of the answer, pieces joined."""

    async def scene() -> tuple[Object, bytes, dict[str, object], bool]:
        async with Rehearsal() as near, running(ON + calm() + engine(near)) as home:
            body = chat(words="what is a hearth?", stream=stream, hearth={"mode": "offline"})
            answer = await call(home, "/api/chat", body)
            waiting = await said(home, answer.headers["x-hearth-id"])
            core = home.daemon.core
            assert core.said is not None
            await until(lambda: (view := core.said and core.said.view()) and view.kept)
            return await said(home), answer.body, body, waiting == await said(home)

    found, answer, body, same = asyncio.run(scene())

    assert json.loads(found["request"]) == body
    assert found["answer"].encode() == answer
    assert (found["answer_size"], found["cut"]) == (len(answer), False)
    assert same


def test_headers_are_never_kept() -> None:
    """T6: a key that a tool sends along is in no file of Hearth's."""

    async def scene() -> list[bytes]:
        async with Rehearsal() as near, running(ON + calm() + engine(near)) as home:
            await call(home, "/v1/chat/completions", chat(), X_Api_Key="sk-planted-1234567890")
            assert home.daemon.core.said is not None
            await home.daemon.core.said.close()
            return [one.read_bytes() for one in home.folder.iterdir() if one.is_file()]

    assert not [one for one in asyncio.run(scene()) if b"planted" in one]


def test_off_nothing_is_kept_or_imported() -> None:
    """The default: no file, no word in the status, and nothing of it loaded into memory (T6)."""

    async def scene() -> tuple[object, object, list[str], object]:
        async with Rehearsal() as near, running(calm() + engine(near)) as home:
            await call(home, "/api/chat", chat())
            found = await status(home)
            return found["bodies"], await said(home), on_disk(home.folder), home.daemon.core.said

    assert asyncio.run(scene()) == (None, None, [], None)


def test_an_edit_switches_it_on_and_off_at_once(caplog: pytest.LogCaptureFixture) -> None:
    """What was said before or after is not kept; each switch on stands in the log; what is left is told of."""

    async def scene() -> tuple[list[bool], Object, list[str]]:
        async with Rehearsal() as near, running(calm() + engine(near)) as home:
            plain = f"{calm()}{engine(near)}{LISTEN}"
            seen = []
            for config in (plain, plain + ON, plain):
                (home.folder / "hearth.toml").write_text(config)
                assert not await home.daemon.reload()
                answer = await call(home, "/api/chat", chat())
                seen.append(await said(home, answer.headers["x-hearth-id"]) is not None)
            assert home.daemon.core.said is not None
            await until(lambda: on_disk(home.folder))
            left: Object = (await status(home))["bodies"]
            await admin(home, "/hearth/v1/usage?only=bodies", "DELETE")
            return seen, left, on_disk(home.folder)

    caplog.set_level(logging.WARNING)
    seen, left, after = asyncio.run(scene())

    assert seen == [False, True, False]
    assert left["on"] is False
    assert left["size"] > 0
    assert after == []
    assert sum("usage.bodies is on" in one.message for one in caplog.records) == 1


def test_on_it_is_warned_about_in_the_status() -> None:
    """By the line of the file, and with the place and size of what is kept."""

    async def scene() -> Object:
        async with Rehearsal() as near, running(ON + calm() + engine(near)) as home:
            return await status(home)

    found = asyncio.run(scene())

    assert any("usage.bodies: keeps every prompt" in one for one in found["config"]["warnings"])
    assert found["bodies"]["on"] is True
    assert found["bodies"]["path"].endswith("bodies.db")


def test_a_purge_of_the_usage_log_takes_them_along() -> None:
    """`hearth usage purge` leaves nothing of what was said."""

    async def scene() -> tuple[object, list[str]]:
        async with Rehearsal() as near, running(ON + calm() + engine(near)) as home:
            await call(home, "/api/chat", chat())
            await until(lambda: on_disk(home.folder))
            purged = await admin(home, "/hearth/v1/usage", "DELETE")
            return purged, on_disk(home.folder)

    assert asyncio.run(scene()) == ({"purged": 1}, [])


def test_an_answer_that_broke_off_is_kept_as_far_as_it_came() -> None:
    """A caller that leaves, and an error, too: what was sent until then."""

    async def scene() -> tuple[Object, Object]:
        models = (ModelScript(name="scripted", says="one two three four five six seven eight", tokens_per_second=20),)
        async with Rehearsal(Script(models=models)) as near, running(ON + calm() + engine(near)) as home:
            caller = await Caller.ask(home, "/api/chat", chat())
            await caller.until(b"one")
            caller.leave()
            await until(lambda: not len(home.daemon.core.calls))
            left = await said(home)
            near.next(Fault.refuse(400), path="/api/chat")
            await call(home, "/api/chat", chat(stream=False))
            return left, await said(home)

    left, failed = asyncio.run(scene())

    assert '"one' in left["answer"]
    assert "eight" not in left["answer"]
    assert '"error"' in failed["answer"]


def test_a_disk_that_keeps_nothing_stops_no_answer() -> None:
    """F43: where the file cannot be written, calls are answered, lost ones are counted and the status says why."""

    async def scene() -> tuple[int, Object]:
        async with Rehearsal() as near, running(calm() + engine(near)) as home:
            (home.folder / "bodies.db").mkdir()
            (home.folder / "hearth.toml").write_text(f"{ON}{calm()}{engine(near)}{LISTEN}")
            assert not await home.daemon.reload()
            answer = await call(home, "/api/chat", chat())
            core = home.daemon.core
            await until(lambda: core.said and (view := core.said.view()) and view.lost)
            found: Object = (await status(home))["bodies"]
            return answer.status, found

    answered, found = asyncio.run(scene())

    assert answered == 200
    assert (found["kept"], found["lost"]) == (0, 1)
    assert "bodies.db" in found["note"]


def test_only_the_owner_sees_them() -> None:
    """Neither a caller without a token nor one that may only infer."""

    async def scene() -> list[int]:
        async with Rehearsal() as near, running(ON + calm() + engine(near)) as home:
            await call(home, "/api/chat", chat())
            path = "/hearth/v1/calls/last?bodies=1"
            bare = await call(home, path, method="GET")
            infer = await call(home, path, method="GET", Authorization=f"Bearer {home.token('infer')}")
            return [bare.status, infer.status]

    assert all(code in {401, 403} for code in asyncio.run(scene()))


def test_a_second_daemon_leaves_the_first_ones_file_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Who finds the place taken says neither that it keeps anything nor deletes what is old."""

    async def scene() -> int:
        async with Rehearsal() as near:
            config = ON + calm() + engine(near)
            async with started(make(tmp_path, config)) as home:
                await call(home, "/api/chat", chat())
                await until(lambda: on_disk(tmp_path))
                second = make(tmp_path, config)
                with pytest.raises(CannotListen):
                    await second.start()
                return 0 if second.core.said is None else 1

    caplog.set_level(logging.WARNING)

    assert asyncio.run(scene()) == 0
    assert sum("usage.bodies is on" in one.message for one in caplog.records) == 1
