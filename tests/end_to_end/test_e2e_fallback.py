"""Before the first meaningful frame anybody else may be asked: what fails, who is next, and what the caller sees."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import pytest

from end_to_end.callers import Answer, Caller, call, calm, chat, cloud, engine, inference, stop_accepting
from hearth.rehearsal import Fault, ModelScript, Rehearsal, Script
from hearth_home import running
from promised_times import held_once_of

TWO = '[models.both]\nuse = ["far/scripted", "spare/scripted"]\nstrategy = "as_listed"\n'
BRISK = '[retry]\nbackoff = "20ms"\n'
ROUTES = ("/api/chat", "/v1/chat/completions")
CLOUD = Script(kind="openai", models=(ModelScript(name="scripted"),))
HASTY = 'timeouts = { first_token = "300ms" }'
FAULTS = {
    "500": Fault.refuse(500),
    "502": Fault.refuse(502),
    "503": Fault.refuse(503),
    "529": Fault.refuse(529),
    "429 with Retry-After": Fault.refuse(429, retry_after="3"),
    "401": Fault.refuse(401),
    "403": Fault.refuse(403),
    "a web page": Fault.html(),
    "a web page with 503": Fault.html(503),
    "no HTTP at all": Fault.bytes_instead(b"SSH-2.0-OpenSSH_9.9\r\n"),
    "a close in the head": Fault.bytes_instead(b"HTTP/1.1 200 OK\r\nContent-"),
    "a close before any object": Fault.cut(objects=0),
    "a reset before any object": Fault.cut(objects=0, by="rst"),
    "an error as the first word": Fault.error(after=0),
    "a head of 2,000 fields": Fault.header_flood(2000, 200),
    "an endless run of early hints": Fault.interim_storm(2000),
}


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("name", FAULTS)
def test_the_next_target_answers(name: str, path: str, stream: bool) -> None:
    """F1, F6, F7, F8, F13: what goes wrong before the first word costs the caller nothing but time."""

    async def scene() -> Answer:
        async with Rehearsal(CLOUD) as far, Rehearsal(CLOUD) as spare:
            far.next(FAULTS[name], times=-1)
            config = calm() + TWO + BRISK + cloud(far, more=HASTY) + cloud(spare, "spare")
            async with running(config) as home:
                answer = await call(home, path, chat("both", stream=stream))
            assert inference(far) == 1
            assert inference(spare) == 1
            return answer

    answer = asyncio.run(scene())

    assert answer.status == 200
    assert answer.text == "Hello! I am a small test model."
    assert answer.finished
    assert answer.headers["x-hearth-target"] == "spare/scripted"
    assert answer.headers["x-hearth-attempts"] == "2"


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("fault", [Fault.never(), Fault.late_token(3600.0)], ids=["no head", "a head only"])
def test_a_first_token_that_does_not_come(fault: Fault, path: str, *, stream: bool) -> None:
    """F3: an answer without a first token in the configured time is given up, and the next target answers."""

    async def scene() -> tuple[Answer, float]:
        async with Rehearsal(CLOUD) as far, Rehearsal(CLOUD) as spare:
            far.next(fault, times=-1)
            async with running(calm() + TWO + cloud(far, more=HASTY) + cloud(spare, "spare")) as home:
                began = asyncio.get_running_loop().time()
                answer = await call(home, path, chat("both", stream=stream))
                return answer, asyncio.get_running_loop().time() - began

    answer, seconds = held_once_of(3, lambda: asyncio.run(scene()), lambda found: found[1] < 1.3)

    assert answer.finished
    assert answer.headers["x-hearth-target"] == "spare/scripted"
    assert 0.3 <= seconds < 1.3


@pytest.mark.parametrize("path", ROUTES)
def test_nobody_listens(path: str) -> None:
    """F1: a closed port costs less than a second."""

    async def scene() -> tuple[Answer, float]:
        async with Rehearsal(CLOUD) as far, Rehearsal(CLOUD) as spare:
            await far.stop()
            async with running(calm() + TWO + cloud(far) + cloud(spare, "spare")) as home:
                began = asyncio.get_running_loop().time()
                answer = await call(home, path, chat("both"))
                return answer, asyncio.get_running_loop().time() - began

    answer, seconds = held_once_of(3, lambda: asyncio.run(scene()), lambda found: found[1] < 1)

    assert answer.finished
    assert answer.headers["x-hearth-target"] == "spare/scripted"
    assert seconds < 1


def test_a_black_hole() -> None:
    """F2: an address that accepts nothing is left after the connect timeout, and the caller hears 504 at last."""

    async def scene() -> tuple[Answer, float]:
        with contextlib.ExitStack() as opened:
            hole = opened.enter_context(socket.socket())
            hole.bind(("127.0.0.1", 0))
            address = f"http://127.0.0.1:{hole.getsockname()[1]}/v1"
            provider = f'[providers.far]\ndialect = "openai_chat"\naddress = "{address}"\nplace = "cloud"\n'
            times = 'timeouts = { connect = "300ms" }\nretry = { attempts = 1 }\n'
            async with running(calm() + provider + times) as home:
                await stop_accepting(hole, opened)
                began = asyncio.get_running_loop().time()
                answer = await call(home, "/v1/chat/completions", chat("far/scripted"))
                return answer, asyncio.get_running_loop().time() - began

    answer, seconds = held_once_of(3, lambda: asyncio.run(scene()), lambda found: found[1] < 1.3)

    assert answer.status == 504
    assert "far" in answer.json()["error"]["message"]
    assert 0.3 <= seconds < 1.3


@pytest.mark.parametrize("path", ROUTES)
def test_a_model_the_provider_lacks(path: str) -> None:
    """404 for the model sends the call to the next target."""

    async def scene() -> Answer:
        async with (
            Rehearsal(Script(kind="openai", models=(ModelScript(name="other"),))) as far,
            Rehearsal(CLOUD) as spare,
            running(calm() + TWO + cloud(far) + cloud(spare, "spare")) as home,
        ):
            return await call(home, path, chat("both"))

    answer = asyncio.run(scene())

    assert answer.finished
    assert answer.headers["x-hearth-target"] == "spare/scripted"


@pytest.mark.parametrize("path", ROUTES)
def test_a_model_that_was_removed(path: str) -> None:
    """A local model deleted since the last look is answered for by the cloud."""

    async def scene() -> Answer:
        async with Rehearsal() as home_engine, Rehearsal(CLOUD) as far:
            config = '[fallback]\ncloud = ["far/scripted"]\n' + calm() + engine(home_engine) + cloud(far)
            async with running(config) as home:
                home_engine.rescript(models=(ModelScript(name="other"),))
                return await call(home, path, chat())

    answer = asyncio.run(scene())

    assert answer.finished
    assert answer.headers["x-hearth-target"] == "far/scripted"
    assert answer.headers["x-hearth-reason"] == "missing"


def test_a_wrong_key_is_followed_by_another_key_then_by_another_target() -> None:
    """401 is the key's fault: the provider's next key is tried, and the next target only after all of them."""

    async def scene() -> tuple[list[str], list[Answer], int]:
        keyed = Script(kind="openai", models=(ModelScript(name="scripted"),), keys=("sk-good",))
        async with Rehearsal(keyed) as far, Rehearsal(CLOUD) as spare:
            keys = 'keys = [{ id = "a", value = "env:A", weight = 1e9 }, { id = "b", value = "env:B", weight = 1e-9 }]'
            config = calm() + TWO + BRISK + cloud(far, more=keys) + cloud(spare, "spare")
            async with running(config, {"A": "sk-wrong", "B": "sk-good"}) as home:
                answers = [await call(home, "/v1/chat/completions", chat("both")) for _ in range(2)]
                far.rescript(keys=("sk-none",))
                answers.append(await call(home, "/v1/chat/completions", chat("both")))
            used = [one.header("Authorization").removeprefix("Bearer ") for one in far.calls if one.method == "POST"]
            return used, answers, inference(spare)

    used, answers, at_spare = asyncio.run(scene())

    assert used[:4] == ["sk-wrong", "sk-good", "sk-good", "sk-good"]
    assert [one.headers["x-hearth-target"] for one in answers] == ["far/scripted", "far/scripted", "spare/scripted"]
    assert all(one.finished for one in answers)
    assert at_spare == 1
    assert not any(b"sk-" in one.body for one in answers)


def test_a_provider_without_a_usable_key_is_asked_last() -> None:
    """Whose keys were all refused is not asked again while another can answer, until one of them is accepted."""

    async def scene() -> tuple[list[Answer], list[int]]:
        keyed = Script(kind="openai", models=(ModelScript(name="scripted"),), keys=("sk-none",))
        async with Rehearsal(keyed) as far, Rehearsal(CLOUD) as spare:
            keys = 'keys = [{ id = "a", value = "env:A" }, { id = "b", value = "env:B" }]'
            config = calm() + TWO + BRISK + cloud(far, more=keys) + cloud(spare, "spare")
            async with running(config, {"A": "sk-a", "B": "sk-b"}) as home:
                answers, asked = [], []
                for model in ("both", "both", "far/scripted", "both"):
                    if model != "both":
                        far.rescript(keys=("sk-a", "sk-b"))
                    answers.append(await call(home, "/v1/chat/completions", chat(model)))
                    asked.append(inference(far))
            return answers, asked

    answers, asked = asyncio.run(scene())

    assert [one.headers["x-hearth-target"].partition("/")[0] for one in answers] == ["spare", "spare", "far", "far"]
    assert asked == [2, 2, 3, 4]


def test_what_a_provider_understood_and_refused_is_final() -> None:
    """A 400 is the caller's own: nobody else is asked, and the words come through."""

    async def scene() -> tuple[Answer, int]:
        async with Rehearsal(CLOUD) as far, Rehearsal(CLOUD) as spare:
            far.next(Fault(status=400, message="temperature is too hot"), times=-1)
            async with running(calm() + TWO + cloud(far) + cloud(spare, "spare")) as home:
                answer = await call(home, "/v1/chat/completions", chat("both"))
            return answer, inference(spare)

    answer, elsewhere = asyncio.run(scene())

    assert answer.status == 400
    assert "temperature is too hot" in answer.json()["error"]["message"]
    assert elsewhere == 0


def test_the_caller_of_a_swapped_target_reads_one_reply() -> None:
    """What a failed attempt had begun to say without meaning anything (a role, an empty piece) is never seen."""

    async def scene() -> Answer:
        async with Rehearsal(CLOUD) as far, Rehearsal(CLOUD) as spare:
            far.next(Fault.cut(objects=1))
            async with running(calm() + TWO + cloud(far) + cloud(spare, "spare")) as home:
                caller = await Caller.ask(home, "/v1/chat/completions", chat("both", stream=True))
                return await caller.rest()

    answer = asyncio.run(scene())

    assert answer.body.count(b'"role":"assistant"') == 1
    assert len({one["id"] for one in answer.events if one != "[DONE]"}) == 1
    assert answer.text == "Hello! I am a small test model."
