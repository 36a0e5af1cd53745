"""After the first meaningful frame the target stays: what breaks then is said in the dialect, never ended cleanly."""

from __future__ import annotations

import asyncio
from typing import Literal

import pytest

from end_to_end.callers import Answer, admin, call, calm, chat, cloud, engine, inference, rounds
from hearth.rehearsal import Fault, ModelScript, Rehearsal, Script
from hearth_home import running

ROUTES = ("/api/chat", "/v1/chat/completions")
KINDS = ("ollama", "openai")
WORDS = 9
"""How many pieces the rehearsal's greeting has."""
FALLBACK = '[fallback]\ncloud = ["spare/scripted"]\n[models.it]\nuse = ["{}/scripted", "spare/scripted"]\n'
CLOUD = Script(kind="openai", models=(ModelScript(name="scripted"),))
SHORT = '[{}.timeouts]\nidle = "1s"\n'
"""For those who stall: others stand still only as long as the machine does."""

BREAKS = {
    "a close": Fault.cut(objects=5),
    "a reset": Fault.cut(objects=5, by="rst"),
    "an error in the stream": Fault.error("the engine broke down", after=5),
    "a stall": Fault.stall(after=5),
    "bytes that mean nothing": Fault.noise(after=5) | Fault.cut(objects=7),
}


async def _broken(kind: str, path: str, fault: Fault, *, stream: bool = True) -> tuple[Answer, int]:
    """What a caller reads when its target, with a spare one beside it, breaks; and how often the spare was asked."""
    script = CLOUD if kind == "openai" else Script()
    name = "far" if kind == "openai" else "ollama"
    async with Rehearsal(script) as first, Rehearsal(CLOUD) as spare:
        first.next(fault, path="/chat/completions" if kind == "openai" else "/api/chat", times=-1)
        providers = cloud(first) if kind == "openai" else engine(first)
        providers += SHORT.format(f"providers.{name}") if fault.pause else ""
        config = calm() + FALLBACK.format(name) + providers + cloud(spare, "spare")
        async with running(config) as home:
            answer = await call(home, path, chat("it", stream=stream))
            await rounds()
            assert not list(home.daemon.core.calls)
            assert all(not lane.view().in_flight for lane in home.daemon.core.lanes.values())
        return answer, inference(spare)


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", BREAKS)
def test_a_break_in_mid_stream_is_said(name: str, kind: str, path: str) -> None:
    """F4, F5, F6, F8: the caller has read words by then, so it gets an error of its own dialect, and nobody else."""
    answer, elsewhere = asyncio.run(_broken(kind, path, BREAKS[name]))

    assert answer.status == 200
    assert "error" in answer.last
    assert not answer.finished
    assert b"Hello" in answer.body
    assert elsewhere == 0


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("by", ["fin", "rst"])
def test_a_stream_cut_after_any_object_is_never_finished(by: Literal["fin", "rst"], kind: str, path: str) -> None:
    """F6, G11: wherever the provider leaves, the caller reads the whole answer, or an error, and nothing between."""

    async def scene() -> list[tuple[Answer, int]]:
        cuts = (Fault.cut(objects=count, by=by) for count in range(WORDS + 4))
        return await asyncio.gather(*(_broken(kind, path, cut) for cut in cuts))

    for answer, elsewhere in asyncio.run(scene()):
        failed = b'"error"' in answer.body
        assert answer.finished is not failed
        assert not (failed and elsewhere)
        if answer.finished:
            assert answer.text == "Hello! I am a small test model."


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_cut_inside_its_end_is_never_finished(kind: str, path: str) -> None:
    """G11: the same for every byte around the end, where a last object is nearly whole."""

    async def scene() -> list[Answer]:
        whole = await _length(kind)
        cuts = (Fault.cut(size=size) for size in range(whole - 60, whole + 1, 3))
        return [answer for answer, _ in await asyncio.gather(*(_broken(kind, path, cut) for cut in cuts))]

    for answer in asyncio.run(scene()):
        assert answer.finished is not (b'"error"' in answer.body)


async def _length(kind: str) -> int:
    """Count the bytes of the stream that the rehearsal sends when nothing is wrong."""
    script = CLOUD if kind == "openai" else Script()
    async with Rehearsal(script) as rehearsal:
        path = "/v1/chat/completions" if kind == "openai" else "/api/chat"
        async with running(calm() + (cloud(rehearsal) if kind == "openai" else engine(rehearsal))) as home:
            answer = await call(home, path, chat("far/scripted" if kind == "openai" else "scripted", stream=True))
    return len(answer.body)


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", [Fault.cut(size=40), Fault.cut(size=40, by="rst"), Fault.wrong_length(7)])
def test_a_whole_reply_cut_short_is_asked_for_again(fault: Fault, kind: str, path: str) -> None:
    """An unstreamed reply commits to nothing before it is whole: the next target answers."""
    answer, elsewhere = asyncio.run(_broken(kind, path, fault, stream=False))

    assert answer.status == 200
    assert answer.finished
    assert answer.text == "Hello! I am a small test model."
    assert elsewhere == 1


@pytest.mark.parametrize("path", ROUTES)
def test_a_failed_stream_is_written_down_as_truncated(path: str) -> None:
    """F5: the usage log tells a cut answer from a whole one, with the tokens that were seen, as an estimate."""

    async def scene() -> tuple[object, ...]:
        async with Rehearsal(CLOUD) as far:
            far.next(Fault.cut(objects=5))
            async with running(calm() + cloud(far)) as home:
                answer = await call(home, path, chat("far/scripted", stream=True))
                noted = (await admin(home, f"/hearth/v1/calls/{answer.headers['x-hearth-id']}"))["call"]
        return noted["ending"], noted["problem"], noted["estimated"], noted["output_tokens"] > 0, noted["status"]

    assert asyncio.run(scene()) == ("truncated", "broken_reply", True, True, 200)


def test_a_drip_is_handed_on_as_it_comes() -> None:
    """F11: a provider that sends a byte at a time holds nothing back, and the words arrive whole."""

    async def scene() -> Answer:
        async with Rehearsal(CLOUD) as far:
            far.next(Fault.drip())
            async with running(calm() + cloud(far)) as home:
                return await call(home, "/v1/chat/completions", chat("far/scripted", "unicode", stream=True))

    answer = asyncio.run(scene())

    assert answer.finished
    assert answer.text == "Grüße, 🙂 <b>&</b> a\u2028b\u2029c\u0085d 日本語"
