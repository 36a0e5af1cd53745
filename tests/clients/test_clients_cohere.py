"""The official `cohere` client talks to Hearth: to a local model, to an OpenAI one, and to Cohere itself."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import cohere
import httpx
import pytest

from clients.stage import HELLO, PIXEL, SCHEMA, TOOLS, box
from hearth.rehearsal import Fault, ModelScript, Rehearsal, Script
from hearth.server.connection import Patience
from hearth_home import beside, running

T = TypeVar("T")
COHERE = Script(
    kind="cohere",
    models=(
        ModelScript(name="scripted", capabilities=("tools", "vision", "completion")),
        ModelScript(name="thinker", capabilities=("tools", "thinking", "completion")),
        ModelScript(name="embedder", capabilities=("embedding",), embedding_length=16),
    ),
)
SCRIPTS = {"ollama": Script(), "openai": Script(kind="openai"), "cohere": COHERE}


def play(
    act: Callable[[cohere.AsyncClientV2, Rehearsal], Awaitable[T]],
    kind: str = "ollama",
    patience: Patience | None = None,
) -> T:
    """Let the client play one act before a daemon with this provider, and return what it saw."""

    async def run() -> T:
        async with Rehearsal(SCRIPTS[kind]) as rehearsal:
            own = f'[providers.box]\npreset = "cohere"\naddress = "{rehearsal.url}"\nkey = "k"\n'
            config = {"ollama": beside, "openai": box}[kind](rehearsal) if kind != "cohere" else own
            async with running(config, patience=patience) as home, httpx.AsyncClient() as http:
                seen = await act(cohere.AsyncClientV2("dummy", base_url=home.url, httpx_client=http), rehearsal)
            assert not rehearsal.panics
            return seen

    return asyncio.run(run())


def user(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


async def streamed(client: cohere.AsyncClientV2, words: str, model: str = "scripted", **more: Any) -> list[Any]:  # noqa: ANN401 -- the client's own arguments
    return [event async for event in client.chat_stream(model=model, messages=user(words), **more)]


@pytest.mark.parametrize("kind", SCRIPTS)
def test_it_chats_whole_and_streamed(kind: str) -> None:
    """Both forms say the same words, with counts and the reason of the end; the events come in Cohere's order."""

    async def act(client: cohere.AsyncClientV2, _: Rehearsal) -> tuple[Any, list[Any]]:
        return await client.chat(model="scripted", messages=user("Hello there")), await streamed(client, "Hello there")

    whole, events = play(act, kind)

    kinds = [event.type for event in events]
    deltas = [event.delta.message.content.text for event in events if event.type == "content-delta"]
    assert whole.message.content[0].text == "".join(deltas) == HELLO
    assert (whole.finish_reason, events[-1].delta.finish_reason) == ("COMPLETE", "COMPLETE")
    assert events[-1].delta.usage.tokens.output_tokens == whole.usage.tokens.output_tokens > 0
    assert [*dict.fromkeys(kinds)] == ["message-start", "content-start", "content-delta", "content-end", "message-end"]


@pytest.mark.parametrize("kind", SCRIPTS)
def test_tools_are_called_in_parallel_and_answered_with_documents(kind: str) -> None:
    """Each call has its events and an id; what the tools answered goes back as Cohere's documents."""
    model = "templated" if kind == "ollama" else "scripted"

    async def act(client: cohere.AsyncClientV2, _: Rehearsal) -> tuple[list[Any], Any]:
        events = await streamed(client, "The weather in both?", model, tools=TOOLS)
        begun = [event.delta.message.tool_calls for event in events if event.type == "tool-call-start"]
        asked: Any = {"role": "assistant", "tool_calls": begun, "tool_plan": "I look it up."}
        results: list[Any] = [
            {"role": "tool", "tool_call_id": call.id,
             "content": [{"type": "document", "document": {"data": {"temp": "21"}}}]}
            for call in begun
        ]  # fmt: skip
        messages = [*user("The weather in both?"), asked, *results]
        return events, await client.chat(model=model, messages=messages, tools=TOOLS)

    events, said = play(act, kind)

    pieces = {0: "", 1: ""}
    for event in events:
        if event.type == "tool-call-delta":
            pieces[event.index] += event.delta.message.tool_calls.function.arguments
    assert pieces == {0: '{"city":"Paris"}', 1: '{"city":"Rome"}'}
    assert events[-1].delta.finish_reason == "TOOL_CALL"
    assert said.message.content[0].text.startswith("It is 21 degrees")


@pytest.mark.parametrize("kind", ["ollama", "cohere"])
def test_it_hears_a_model_think(kind: str) -> None:
    """Thinking is a block of its own before the text; disabled, there is none."""

    async def act(client: cohere.AsyncClientV2, _: Rehearsal) -> tuple[list[Any], list[Any]]:
        on: Any = {"type": "enabled"}
        off: Any = {"type": "disabled"}
        return (
            await streamed(client, "why? hello", "thinker", thinking=on),
            await streamed(client, "why? hello", "thinker", thinking=off),
        )

    loud, quiet = play(act, kind)

    starts = [event.delta.message.content.type for event in loud if event.type == "content-start"]
    assert starts == ["thinking", "text"]
    assert [event.index for event in loud if event.type == "content-end"] == [0, 1]
    assert [event.delta.message.content.type for event in quiet if event.type == "content-start"] == ["text"]


@pytest.mark.parametrize("kind", SCRIPTS)
def test_it_embeds(kind: str) -> None:
    """Vectors come as floats, one a text."""

    async def act(client: cohere.AsyncClientV2, _: Rehearsal) -> Any:  # noqa: ANN401 -- the client's own type
        return await client.embed(
            model="embedder", texts=["a", "b"], input_type="search_query", embedding_types=["float"]
        )

    made = play(act, kind)

    assert [len(vector) for vector in made.embeddings.float_] == [16, 16]


@pytest.mark.parametrize("kind", SCRIPTS)
def test_it_lists_models_in_its_own_form(kind: str) -> None:
    """Names, what they are for and their windows: one of the list is found again alone, and answers."""

    async def act(client: cohere.AsyncClientV2, _: Rehearsal) -> tuple[dict[str, Any], Any]:
        listed: Any = (await client.models.list()).models
        name = next(one.name for one in listed if "scripted" in one.name)
        return {one.name: one for one in listed}, await client.models.get(name)

    listed, one = play(act, kind)

    assert listed[one.name].endpoints == one.endpoints
    assert "chat" in one.endpoints
    assert any(found.context_length for found in listed.values()) or kind == "openai"


def test_a_schema_and_stop_sequences_reach_a_local_model() -> None:
    """They go in the words of the one who answers."""

    async def act(client: cohere.AsyncClientV2, rehearsal: Rehearsal) -> tuple[str, Any]:
        form: Any = {"type": "json_object", "json_schema": SCHEMA}
        held = await client.chat(
            model="scripted", messages=user("Paris?"), response_format=form, stop_sequences=["END"], k=5, p=0.5
        )
        content: Any = held.message.content
        sent = [call.json() for call in rehearsal.calls if b'"format"' in call.body]
        return content[0].text, sent[-1]

    text, sent = play(act)

    assert text == '{"city": "Paris", "temp": 21}'
    assert sent["format"] == SCHEMA
    assert {name: sent["options"][name] for name in ("stop", "top_k", "top_p")} == {
        "stop": ["END"],
        "top_k": 5,
        "top_p": 0.5,
    }


def test_what_only_cohere_has_stays_with_cohere() -> None:
    """Documents and an odd picture pass to Cohere as they came, citations come back; nobody else is given them."""
    documents: Any = [{"id": "one", "data": {"title": "The title"}}]
    picture: Any = [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}]

    async def act(client: cohere.AsyncClientV2, _: Rehearsal) -> Any:  # noqa: ANN401 -- the client's own type
        messages: Any = [{"role": "user", "content": [{"type": "text", "text": "Hello"}, *picture]}]
        return await client.chat(model="scripted", messages=messages, documents=documents)

    cited = play(act, "cohere")

    assert cited.message.citations[0].sources[0].document["title"] == "The title"
    with pytest.raises(cohere.BadRequestError) as caught:
        play(act)
    assert "documents" in str(caught.value.body)


def test_errors_are_those_that_it_knows() -> None:
    """An unknown model is a 404, an empty conversation a 400, and a broken stream ends in ERROR."""

    async def act(client: cohere.AsyncClientV2, rehearsal: Rehearsal) -> list[Any]:
        with pytest.raises(cohere.NotFoundError) as missing:
            await client.chat(model="nobody", messages=user("Hello"))
        with pytest.raises(cohere.BadRequestError):
            await client.chat(model="scripted", messages=[])
        await client.chat(model="scripted", messages=user("Hello"))
        rehearsal.next(Fault.cut(objects=3))
        return [missing.value.body, (await streamed(client, "Hello there"))[-1].delta]

    body, end = play(act)

    assert "nobody" in body["message"]
    assert end.finish_reason == "ERROR"
    assert end.error


def test_heartbeats_do_not_disturb_it() -> None:
    """Comments between the events of a slow answer are no events."""

    async def act(client: cohere.AsyncClientV2, rehearsal: Rehearsal) -> list[Any]:
        rehearsal.next(Fault.late_token(0.3))
        return await streamed(client, "Hello there")

    events = play(act, patience=Patience(heartbeat_s=0.05))

    assert events[-1].delta.finish_reason == "COMPLETE"
