"""What the official clients raise when something goes wrong: their own errors, with words that help."""

import asyncio
from typing import Any

import ollama
import openai
import pytest

from clients.stage import Stage, hear, played, user
from end_to_end.callers import until
from hearth.rehearsal import Fault, ModelScript, Script
from hearth.rehearsal.script import Kind

CHAT: dict[Kind, str] = {"ollama": "/api/chat", "openai": "/chat/completions"}
"""Where the provider is asked; a load that comes before uses no fault up."""
both = pytest.mark.parametrize("kind", ["ollama", "openai"])


@both
def test_an_unknown_model_is_not_found(kind: Kind) -> None:
    """404 in either dialect, naming the model and names like it; a stream fails before it begins."""

    async def act(on: Stage) -> list[Any]:
        with pytest.raises(openai.NotFoundError) as whole:
            await on.openai.chat.completions.create(model="scriptid", messages=user("x"))
        with pytest.raises(openai.NotFoundError):
            await on.openai.chat.completions.create(model="scriptid", messages=user("x"), stream=True)
        with pytest.raises(openai.NotFoundError):
            await on.openai.models.retrieve("scriptid")
        with pytest.raises(ollama.ResponseError) as other:
            await on.ollama.chat("scriptid", user("x"))
        with pytest.raises(ollama.ResponseError) as shown:
            await on.ollama.show("scriptid")
        return [whole.value, other.value, shown.value]

    whole, other, shown = played(act, kind)

    assert whole.code == "model_not_found"
    assert "scriptid" in whole.message
    assert "scripted" in whole.message
    assert (other.status_code, shown.status_code) == (404, 404)
    assert "scriptid" in other.error


@both
def test_a_request_that_makes_no_sense_is_refused_as_such(kind: Kind) -> None:
    """400, naming the member that is wrong, whether Hearth sees it or the provider."""
    wrong: Any = 5

    async def act(on: Stage) -> list[Any]:
        with pytest.raises(openai.BadRequestError) as said:
            await on.openai.chat.completions.create(model="scripted", messages=wrong)
        with pytest.raises(openai.BadRequestError) as none:
            await on.openai.post("/chat/completions", body={"model": "scripted"}, cast_to=object)
        return [said.value, none.value]

    said, none = played(act, kind)

    assert "messages" in said.message
    assert none.type == "invalid_request_error"


def test_a_feature_that_the_model_lacks_is_refused_and_not_dropped() -> None:
    """An image for a model without eyes is never silently left out."""
    parts: list[Any] = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}]

    async def act(on: Stage) -> str:
        with pytest.raises(openai.BadRequestError) as refused:
            await on.openai.chat.completions.create(model="scripted", messages=[{"role": "user", "content": parts}])
        return refused.value.message

    assert "images" in played(act)


def test_a_full_queue_is_said_in_each_dialect() -> None:
    """503 with Retry-After: either client can come back in time."""
    slow = ModelScript(name="slow", prompt_seconds=40)
    more = "[busy]\nqueue = 1\n"

    async def act(on: Stage) -> list[Any]:
        waiting = [asyncio.create_task(on.ollama.generate("slow", "Hello there")) for _ in range(2)]
        await on.rehearsal.wait_for_call(path="/api/generate")
        await until(lambda: on.home.daemon.core.lanes["ollama/slow:latest"].view().queued == 1)
        with pytest.raises(openai.APIStatusError) as busy:
            await on.openai.chat.completions.create(model="slow", messages=user("x"))
        with pytest.raises(ollama.ResponseError) as full:
            await on.ollama.generate("slow", "x")
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return [busy.value.response, full.value]

    busy, full = played(act, Script(models=(slow,)), more)

    assert busy.status_code == 503
    assert float(busy.headers["Retry-After"]) > 0
    assert full.status_code == 503


@both
def test_an_error_in_mid_stream_is_raised_by_the_openai_client(kind: Kind) -> None:
    """What was said so far has arrived; then the client raises, and never takes the piece for the whole."""

    async def act(on: Stage) -> tuple[list[str], str]:
        on.rehearsal.next(Fault.error("out of memory", after=4), path=CHAT[kind])
        stream = await on.openai.chat.completions.create(model="scripted", messages=user("Hello there"), stream=True)
        said: list[Any] = []
        with pytest.raises(openai.APIError) as broken:
            await hear(stream, said)
        return [chunk.choices[0].delta.content or "" for chunk in said], broken.value.message

    said, message = played(act, kind)

    assert "".join(said).startswith("Hello!")
    assert "out of memory" in message


@both
def test_an_error_in_mid_stream_is_raised_by_the_ollama_client(kind: Kind) -> None:
    """The same for the other client."""

    async def act(on: Stage) -> tuple[list[str], str]:
        on.rehearsal.next(Fault.error("out of memory", after=4), path=CHAT[kind])
        said: list[Any] = []
        stream = await on.ollama.chat("scripted", user("Hello there"), stream=True)
        with pytest.raises(ollama.ResponseError) as broken:
            await hear(stream, said)
        return [piece.message.content or "" for piece in said], broken.value.error

    said, message = played(act, kind)

    assert "".join(said).startswith("Hello!")
    assert "out of memory" in message


@both
def test_a_stream_that_is_cut_is_never_taken_for_a_whole_one(kind: Kind) -> None:
    """The provider goes away in the middle: both clients raise (F6)."""

    async def act(on: Stage) -> None:
        on.rehearsal.next(Fault.cut(objects=3), Fault.cut(objects=3, by="rst"), path=CHAT[kind])
        chunks = await on.openai.chat.completions.create(model="scripted", messages=user("Hello there"), stream=True)
        with pytest.raises(openai.APIError):
            await hear(chunks, [])
        pieces = await on.ollama.chat("scripted", user("Hello there"), stream=True)
        with pytest.raises(ollama.ResponseError):
            await hear(pieces, [])

    played(act, kind)


@both
def test_a_whole_reply_that_fails_is_an_error_of_the_provider(kind: Kind) -> None:
    """5xx, not an empty answer; the provider's words are passed on."""

    async def act(on: Stage) -> list[Any]:
        on.rehearsal.next(Fault.refuse(500), path=CHAT[kind], times=2)
        with pytest.raises(openai.APIStatusError) as one:
            await on.openai.chat.completions.create(model="scripted", messages=user("Hello there"))
        with pytest.raises(ollama.ResponseError) as other:
            await on.ollama.chat("scripted", user("Hello there"))
        return [one.value.status_code, one.value.message, other.value.status_code]

    status, message, other = played(act, kind)

    assert status >= 500
    assert other >= 500
    assert "refused on purpose" in message
