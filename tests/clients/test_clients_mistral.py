"""Mistral's official client chats through Hearth, whoever answers, and takes the rehearsal for the real thing."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, TypeVar

import httpx
import pytest
from mistralai.client import Mistral
from mistralai.client.errors import ResponseValidationError, SDKError

from clients.stage import HELLO, TOOLS, UNICODE, hear, user
from hearth.rehearsal import Fault, ModelScript, Rehearsal, Script
from hearth.rehearsal.script import MODELS, Kind
from hearth_home import beside, running

T = TypeVar("T")
WHERE = pytest.mark.parametrize("where", ["ollama", "openai", "rehearsal"])
EMBED = ModelScript(name="mistral-embed", embedding_length=16, capabilities=("embedding",))


def played(act: Callable[[Mistral, Rehearsal], Awaitable[T]], where: str) -> T:
    """Let the client talk to a daemon before an Ollama or before Mistral, or to the rehearsal itself."""

    async def play() -> T:
        kind: Kind = "ollama" if where == "ollama" else "openai"
        script = Script(kind=kind, flavour="mistral", models=(*MODELS, EMBED))
        async with AsyncExitStack() as stack:
            rehearsal = await stack.enter_async_context(Rehearsal(script))
            address = rehearsal.url
            if where != "rehearsal":
                config = f'[providers.box]\npreset = "mistral"\naddress = "{address}/v1"\nkey = "env:MISTRAL"\n'
                file = beside(rehearsal) if where == "ollama" else config
                address = (await stack.enter_async_context(running(file, {"MISTRAL": "sk-mistral"}))).url
            client = await stack.enter_async_context(Mistral(api_key="dummy", server_url=address))
            answer = await act(client, rehearsal)
            assert not rehearsal.panics
            return answer

    return asyncio.run(play())


async def heard(client: Mistral, text: str, **more: Any) -> list[Any]:  # noqa: ANN401 -- the SDK's own
    """The pieces of a streamed answer."""
    stream = await client.chat.stream_async(model="scripted", messages=user(text), **more)
    return [event.data async for event in stream]


@WHERE
def test_an_answer_whole_and_streamed(where: str) -> None:
    """Words and reason, the same both ways; odd signs survive (F9)."""

    async def act(client: Mistral, _: Rehearsal) -> tuple[Any, list[Any], list[Any]]:
        whole = await client.chat.complete_async(model="scripted", messages=user("Hello there"))
        return whole, await heard(client, "Hello there"), await heard(client, "unicode please")

    whole, pieces, odd = played(act, where)

    assert (whole.choices[0].message.content, whole.choices[0].finish_reason) == (HELLO, "stop")
    assert whole.usage.completion_tokens > 0
    assert "".join(piece.choices[0].delta.content or "" for piece in pieces) == HELLO
    assert pieces[-1].choices[0].finish_reason == "stop"
    assert "".join(piece.choices[0].delta.content or "" for piece in odd) == UNICODE


@WHERE
def test_tools_are_called_and_answered(where: str) -> None:
    """Two calls at once, their results, and the answer."""

    async def act(client: Mistral, _: Rehearsal) -> tuple[Any, Any, list[Any]]:
        turns = user("both cities")
        called: Any = await client.chat.complete_async(model="scripted", messages=turns, tools=TOOLS)
        message = called.choices[0].message
        results: list[Any] = [
            {"role": "tool", "tool_call_id": one.id, "name": "get_weather", "content": "21"}
            for one in message.tool_calls
        ]
        given: Any = [*turns, message, *results]
        answered = await client.chat.complete_async(model="scripted", messages=given, tools=TOOLS)
        return called, answered, await heard(client, "both cities", tools=TOOLS)

    called, answered, pieces = played(act, where)

    calls = called.choices[0].message.tool_calls
    assert [call.function.arguments.replace(" ", "") for call in calls] == ['{"city":"Paris"}', '{"city":"Rome"}']
    assert answered.choices[0].message.content == "It is 21 degrees and sunny in Paris. "
    assert sum(len(piece.choices[0].delta.tool_calls or ()) for piece in pieces) >= 2
    assert pieces[-1].choices[0].finish_reason == "tool_calls"


@pytest.mark.parametrize("where", ["ollama", "openai"])
def test_its_own_knobs_arrive(where: str) -> None:
    """`random_seed` is an Ollama's `seed`, and Mistral's own word for Mistral."""

    async def act(client: Mistral, rehearsal: Rehearsal) -> str:
        given: Any = {"random_seed": 5, "temperature": 0.0, "max_tokens": 5, "stop": ["END"]}
        await client.chat.complete_async(model="scripted", messages=user("Hello"), **given)
        return next(call.body.decode() for call in reversed(rehearsal.calls) if b'"messages"' in call.body)

    sent = played(act, where)

    assert ('"seed":5' if where == "ollama" else '"random_seed":5') in sent


@WHERE
def test_an_unknown_model_is_its_own_error(where: str) -> None:
    """SDKError with the status and the words."""

    async def act(client: Mistral, _: Rehearsal) -> SDKError:
        with pytest.raises(SDKError) as refused:
            await client.chat.complete_async(model="nonesuch", messages=user("Hello"))
        return refused.value

    error = played(act, where)

    assert error.status_code == httpx.codes.NOT_FOUND
    assert "nonesuch" in error.body


@pytest.mark.parametrize(("where", "path"), [("ollama", "/api/chat"), ("openai", "/chat/completions")])
def test_a_broken_stream_never_looks_finished(where: str, path: str) -> None:
    """F6: the client has no form for an error in a stream: it raises its own, since that is no chunk, with our words.

    A last chunk whose finish_reason is "error" is one of Mistral's words too, but the client then ends as if all were
    well: who does not look at that word takes a cut answer for a whole one.
    """

    async def act(client: Mistral, rehearsal: Rehearsal) -> list[Any]:
        rehearsal.next(Fault.error("out of memory", after=4), path=path, times=-1)
        events: list[Any] = []
        stream = await client.chat.stream_async(model="scripted", messages=user("Hello there"))
        with pytest.raises(ResponseValidationError) as raised:
            await hear(stream, events)
        assert "out of memory" in raised.value.body
        return [event.data for event in events]

    pieces = played(act, where)

    assert pieces
    assert not any(piece.choices[0].finish_reason for piece in pieces)


@WHERE
def test_models_are_listed_with_what_they_can_do(where: str) -> None:
    """Its client refuses an entry without `type` and `capabilities`, in a list and alone."""

    async def act(client: Mistral, _: Rehearsal) -> tuple[dict[str, Any], Any]:
        listed: Any = await client.models.list_async()
        name = "scripted" if where != "openai" else "box/scripted"
        return {one.id: one for one in listed.data}, await client.models.retrieve_async(model_id=name)

    listed, one = played(act, where)

    assert listed[one.id].capabilities == one.capabilities
    assert (one.type, one.capabilities.completion_chat) == ("base", True)
    assert any("mistral-embed" in name for name in listed)


@WHERE
def test_texts_become_vectors(where: str) -> None:
    """Its client refuses vectors without an id; shorter ones are asked for in Mistral's own word."""

    async def act(client: Mistral, _: Rehearsal) -> list[Any]:
        given: Any = {"model": "mistral-embed", "inputs": ["a", "b"]}
        whole = await client.embeddings.create_async(**given)
        shorter = await client.embeddings.create_async(**given, output_dimension=8)
        return [[len(one.embedding or ()) for one in vectors.data] for vectors in (whole, shorter)]

    assert played(act, where) == [[16, 16], [8, 8]]


def test_vectors_of_another_type_are_refused_where_nobody_makes_them() -> None:
    """Whole numbers instead of floats are Mistral's own: an Ollama would give floats without a word."""

    async def act(client: Mistral, _: Rehearsal) -> SDKError:
        with pytest.raises(SDKError) as refused:
            await client.embeddings.create_async(model="mistral-embed", inputs=["a"], output_dtype="int8")
        return refused.value

    error = played(act, "ollama")

    assert error.status_code == httpx.codes.BAD_REQUEST
    assert "output_dtype" in error.body
