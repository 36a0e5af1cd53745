"""The official `cohere` client takes the rehearsal for the real thing."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import cohere
import httpx
import pytest

from hearth.rehearsal import Fault, ModelScript, Rehearsal, Script

T = TypeVar("T")
HELLO = "Hello! I am a small test model."
TOOLS: Any = [{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}]
MODELS = (
    ModelScript(name="command", capabilities=("tools", "thinking", "completion")),
    ModelScript(name="embed", capabilities=("embedding",), embedding_length=8),
)


def play(act: Callable[[cohere.AsyncClientV2], Awaitable[T]], *faults: Fault, key: str = "right") -> T:
    async def run() -> T:
        async with Rehearsal(Script(kind="cohere", models=MODELS, keys=("right",))) as far, httpx.AsyncClient() as http:
            far.next(*faults)
            seen = await act(cohere.AsyncClientV2(key, base_url=far.url, httpx_client=http))
            assert not far.panics
            return seen

    return asyncio.run(run())


def user(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


def test_it_chats_streams_thinks_and_cites() -> None:
    """Whole and streamed answers, thinking apart, a source for each document."""

    async def act(client: cohere.AsyncClientV2) -> list[Any]:
        documents: Any = [{"data": {"title": "T"}}]
        whole = await client.chat(model="command", messages=user("Hello"), documents=documents)
        stream = client.chat_stream(model="command", messages=user("Hello, why?"), documents=["plain"])
        return [whole, [event async for event in stream]]

    whole, events = play(act)

    kinds = {event.type for event in events}
    assert whole.message.content[0].text == HELLO
    assert whole.message.citations[0].sources[0].document["title"] == "T"
    assert {"content-start", "content-delta", "citation-start", "content-end", "message-end"} <= kinds
    assert events[-1].delta.finish_reason == "COMPLETE"
    assert [event.delta.message.content.type for event in events if event.type == "content-start"] == [
        "thinking",
        "text",
    ]


def test_it_calls_tools_and_takes_their_results() -> None:
    """A plan, calls with ids, and an answer after the results."""

    async def act(client: cohere.AsyncClientV2) -> list[Any]:
        asked = await client.chat(model="command", messages=user("weather?"), tools=TOOLS)
        calls: Any = asked.message.tool_calls
        history: list[Any] = [
            *user("weather?"),
            {"role": "assistant", "tool_calls": calls, "tool_plan": asked.message.tool_plan},
            {"role": "tool", "tool_call_id": calls[0].id, "content": "21"},
        ]
        return [asked, await client.chat(model="command", messages=history, tools=TOOLS)]

    asked, said = play(act)

    assert (asked.finish_reason, asked.message.tool_plan) == ("TOOL_CALL", "I will look it up.")
    assert said.message.content[0].text.startswith("It is 21 degrees")


def test_it_embeds_and_lists() -> None:
    """Floats, their bill, and models with windows."""

    async def act(client: cohere.AsyncClientV2) -> list[Any]:
        made = await client.embed(model="embed", texts=["a"], input_type="search_query", embedding_types=["float"])
        return [made, await client.models.list()]

    made, listed = play(act)

    assert len(made.embeddings.float_[0]) == 8
    assert made.meta.billed_units.input_tokens == 1
    assert [(model.name, model.context_length, model.endpoints) for model in listed.models] == [
        ("command", 8192, ["chat"]),
        ("embed", 8192, ["embed"]),
    ]


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"model": "nobody"}, cohere.NotFoundError),
        ({"p": 1.0}, cohere.BadRequestError),
        ({"tools": TOOLS, "response_format": {"type": "json_object"}}, cohere.BadRequestError),
        ({"request_options": {"additional_body_parameters": {"top_p": 1}}}, cohere.UnprocessableEntityError),
    ],
)
def test_it_refuses_what_cohere_refuses(more: dict[str, Any], error: type[Exception]) -> None:
    """Unknown models and fields, values out of range, JSON beside tools."""

    async def act(client: cohere.AsyncClientV2) -> None:
        await client.chat(**{"model": "command", "messages": user("Hello"), **more})

    with pytest.raises(error):
        play(act)


def test_wrong_keys_and_breaks_are_told_in_its_form() -> None:
    """A 401, a planned refusal, and an ERROR in the middle of a stream."""

    async def act(client: cohere.AsyncClientV2) -> Any:  # noqa: ANN401 -- the client's own type
        return [event async for event in client.chat_stream(model="command", messages=user("Hello"))][-1]

    with pytest.raises(cohere.UnauthorizedError):
        play(act, key="wrong")
    with pytest.raises(cohere.TooManyRequestsError):
        play(act, *[Fault.refuse(429)] * 4)
    assert play(act, Fault.error("boom", after=2)).delta.error == "boom"
