"""What `hearth status` and `hearth doctor` say of a running daemon: whom it reached and refused, and what is wrong."""

from __future__ import annotations

import asyncio
import json
import re

from cli.terminal import command, environment
from end_to_end.callers import Answer, Caller, Object, admin, call, calm, chat, cloud, engine
from hearth.cli.words import counted
from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth_home import Home, running
from server.door import say, spell

FAR = Script(kind="openai", models=(ModelScript(name="scripted"),))
CROWD = 600


async def _hearth(home: Home, *words: str) -> tuple[int | None, str]:
    """Run a command against that daemon; return its exit code and what it prints."""
    line = command(home.folder, *words)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*line, stdout=pipe, env=environment())
    said, _ = await asyncio.wait_for(process.communicate(), 60.0)
    return process.returncode, said.decode()


def test_the_status_counts_every_address_that_was_contacted() -> None:
    """Each address, with its own place and how often it was dialled: as often as the provider saw connections."""

    async def scene() -> tuple[Object, str, dict[str, int]]:
        async with Rehearsal() as near, Rehearsal(FAR) as far, running(calm() + engine(near) + cloud(far)) as home:
            for model in ("scripted", "far/scripted"):
                await call(home, "/api/chat", chat(model))
            _, shown = await _hearth(home, "status")
            seen = {one.url.removeprefix("http://"): one.connections for one in (near, far)}
            return await admin(home, "/hearth/v1/status"), shown, seen

    status, shown, seen = asyncio.run(scene())

    contacts = {one["address"]: one for one in status["contacts"]}
    assert {address: one["count"] for address, one in contacts.items()} == seen
    assert {one["place"] for one in contacts.values()} == {"machine"}
    for address in seen:
        assert re.search(rf"contacted.*{re.escape(address)}.*\b{counted(seen[address], 'time')}\b", shown), shown


def test_offline_contacts_are_this_machine_alone() -> None:
    """In mode offline the list of contacted addresses shows what was promised: the engine at home and nobody else."""

    async def scene() -> tuple[list[str], str]:
        offline = 'mode = "offline"\n' + calm()
        async with Rehearsal() as near, Rehearsal(FAR) as far, running(offline + engine(near) + cloud(far)) as home:
            for model in ("scripted", "far/scripted"):
                await call(home, "/api/chat", chat(model))
            status = await admin(home, "/hearth/v1/status")
            return [one["address"] for one in status["contacts"]], near.url.removeprefix("http://")

    contacts, near = asyncio.run(scene())

    assert contacts == [near]


def test_doctor_is_content_with_a_daemon_that_is_well() -> None:
    """Exit 0; a Host that was refused is a line to add to the config, and no fault."""

    async def scene() -> tuple[int | None, str]:
        async with Rehearsal() as near, running(calm() + engine(near)) as home:
            await say(home, spell("GET", "/api/version", [("Host", "box.lan:11430")]), wait=2.0)
            return await _hearth(home, "doctor")

    code, said = asyncio.run(scene())

    assert code == 0, said
    assert 'hosts = ["box.lan"]' in said
    assert "BAD" not in said


def test_doctor_finds_what_is_wrong_with_a_daemon_that_runs() -> None:
    """Exit 1 and a finding with its next step, for an engine that has gone; as JSON the same."""

    async def scene() -> tuple[int | None, Object]:
        async with Rehearsal() as near, running(calm() + engine(near)) as home:
            await near.stop()
            code, said = await _hearth(home, "doctor", "--json")
            found: Object = json.loads(said)
            return code, found

    code, found = asyncio.run(scene())

    bad = [one for one in found["findings"] if one["state"] == "bad"]
    assert code == 1
    assert any("ollama" in one["text"] and one["next_step"] for one in bad), bad


def test_a_crowd_of_idle_connections_keeps_nobody_out() -> None:
    """F27: with hundreds of connections that say nothing, a real client is answered, streamed too."""

    async def scene() -> list[Answer]:
        async with Rehearsal() as near, running(calm() + engine(near)) as home:
            idle = [await asyncio.open_connection("127.0.0.1", home.port) for _ in range(CROWD)]
            answers = [await call(home, "/api/chat", chat(stream=stream)) for stream in (True, False)]
            caller = await Caller.ask(home, "/v1/chat/completions", chat(stream=True))
            answers.append(await caller.rest())
            for _, writer in idle:
                writer.transport.abort()
            return answers

    assert [(one.status, one.finished) for one in asyncio.run(scene())] == [(200, True)] * 3


def test_a_provider_that_was_not_asked_for_want_of_a_key_does_not_count_as_answering() -> None:
    """It was never contacted: the status says so, and what is wrong with its key."""

    async def scene() -> tuple[Object, str]:
        async with Rehearsal() as near, Rehearsal(FAR) as far:
            keyed = cloud(far, more='key = "env:NOBODY_SETS_THIS"')
            async with running(calm() + engine(near) + keyed) as home:
                _, shown = await _hearth(home, "status")
                return await admin(home, "/hearth/v1/status"), shown

    status, shown = asyncio.run(scene())

    found = {one["name"]: one for one in status["providers"]}["far"]
    assert found["reachable"] is None
    assert "NOBODY_SETS_THIS" in found["error"] + str(found["keys"])
    assert re.search(r"provider: far .*not asked yet", shown), shown


def test_an_engine_that_does_not_answer_has_nothing_loaded() -> None:
    """It has ended, or nobody can say: the status does not go on showing what it held."""

    async def scene() -> tuple[list[str], list[str]]:
        async with Rehearsal() as near, running(calm() + engine(near)) as home:
            await call(home, "/api/chat", chat())
            before: Object = await admin(home, "/hearth/v1/status")
            await near.stop()
            await call(home, "/api/chat", chat())
            after: Object = await admin(home, "/hearth/v1/status")
            return [one["name"] for one in before["loaded"]], [one["name"] for one in after["loaded"]]

    assert asyncio.run(scene()) == (["ollama/scripted:latest"], [])
