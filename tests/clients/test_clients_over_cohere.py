"""The official OpenAI and Ollama clients talk to Cohere's models through Hearth."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import openai
import pytest

from clients.stage import HELLO, PIXEL, SCHEMA, TOOLS, Stage, hear, played, user
from hearth.rehearsal import Fault, ModelScript, Rehearsal, Script

T = TypeVar("T")
MODELS = (
    ModelScript(name="command-a", capabilities=("tools", "vision", "completion")),
    ModelScript(name="command-a-reasoning", capabilities=("tools", "thinking", "completion")),
    ModelScript(name="embed-v4.0", capabilities=("embedding",), embedding_length=8),
)
SCRIPT = Script(kind="cohere", models=MODELS, keys=("co-secret",))


def provider(rehearsal: Rehearsal, more: str) -> str:
    """A config whose one provider is this rehearsal, played as Cohere; `more` goes into it."""
    return f'[providers.cohere]\npreset = "cohere"\naddress = "{rehearsal.url}"\nkey = "co-secret"\n{more}'


def play(act: Callable[[Stage], Awaitable[T]], more: str = "") -> T:
    """Play one act before a rehearsed Cohere, and return what it saw."""
    return played(act, SCRIPT, more, provider)


def test_the_openai_client_chats_whole_and_streamed_with_usage() -> None:
    """Both forms say the same words and count the same tokens."""

    async def act(on: Stage) -> tuple[Any, list[Any]]:
        whole = await on.openai.chat.completions.create(model="cohere/command-a", messages=user("Hello there"))
        stream = await on.openai.chat.completions.create(
            model="cohere/command-a",
            messages=user("Hello there"),
            stream=True,
            stream_options={"include_usage": True},
        )
        return whole, [chunk async for chunk in stream]

    whole, chunks = play(act)

    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert whole.choices[0].message.content == text == HELLO
    assert whole.choices[0].finish_reason == "stop"
    assert chunks[-1].usage.total_tokens == whole.usage.total_tokens > 0


def test_tools_are_called_in_parallel_and_their_results_go_back_as_documents() -> None:
    """Names with a hyphen are spelled in Cohere's characters on the way and come back as they were."""
    tools: Any = [{"type": "function", "function": {**TOOLS[0]["function"], "name": "get-weather"}}]

    async def act(on: Stage) -> tuple[Any, Any, Any]:
        asked = await on.openai.chat.completions.create(
            model="cohere/command-a", messages=user("The weather in both?"), tools=tools
        )
        calls = asked.choices[0].message.tool_calls or []
        results: Any = [{"role": "tool", "tool_call_id": call.id, "content": '{"temp": "21"}'} for call in calls]
        history: Any = [*user("The weather in both?"), asked.choices[0].message.model_dump(exclude_none=True), *results]
        said = await on.openai.chat.completions.create(
            model="cohere/command-a",
            messages=history,
            tools=tools,
        )
        return asked.choices[0], said.choices[0], on.rehearsal.calls[-1].json()

    asked, said, sent = play(act)

    assert [call.function.name for call in asked.message.tool_calls] == ["get-weather", "get-weather"]
    assert asked.finish_reason == "tool_calls"
    assert said.message.content.startswith("It is 21 degrees")
    assert sent["messages"][-1]["content"] == [{"type": "document", "document": {"data": {"temp": "21"}}}]


def test_an_answer_by_a_schema_and_a_look_at_a_picture() -> None:
    """The schema goes as json_schema of a json_object, the picture as a data: URL."""
    picture: Any = [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Hello"},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
            ],
        }
    ]

    async def act(on: Stage) -> tuple[str | None, Any, Any]:
        held = await on.openai.chat.completions.create(
            model="cohere/command-a",
            messages=user("Paris?"),
            response_format={"type": "json_schema", "json_schema": {"name": "city", "schema": SCHEMA}},
        )
        by_schema = on.rehearsal.calls[-1].json()
        await on.openai.chat.completions.create(model="cohere/command-a", messages=picture)
        return held.choices[0].message.content, by_schema, on.rehearsal.calls[-1].json()

    content, by_schema, seen = play(act)

    assert content == '{"city": "Paris", "temp": 21}'
    assert by_schema["response_format"] == {"type": "json_object", "json_schema": SCHEMA}
    assert seen["messages"][0]["content"][1]["image_url"]["url"].startswith("data:image/png;base64,")


def test_the_ollama_client_hears_a_model_think_and_can_turn_that_off() -> None:
    """Thinking is shown apart from the answer; `think=False` disables it there."""

    async def act(on: Stage) -> tuple[Any, Any]:
        pieces: list[Any] = []
        await hear(
            await on.ollama.chat("cohere/command-a-reasoning", user("why? hello"), think="low", stream=True), pieces
        )
        budget = on.rehearsal.calls[-1].json()["thinking"]
        await on.ollama.chat("cohere/command-a-reasoning", user("why? hello"), think=False)
        thought = "".join(piece.message.thinking or "" for piece in pieces)
        return thought, [budget, on.rehearsal.calls[-1].json()["thinking"]]

    thought, sent = play(act)

    assert thought == "The user asks why.\n\n"
    assert sent == [{"type": "enabled", "token_budget": 2048}, {"type": "disabled"}]


def test_both_clients_embed_as_documents_unless_the_config_says_otherwise() -> None:
    """`input_type` is search_document by route; `extra` changes that, and the caller's own word wins over both."""

    async def act(on: Stage) -> tuple[int, list[Any]]:
        made = await on.openai.embeddings.create(model="cohere/embed-v4.0", input=["a", "b"])
        await on.ollama.embed("cohere/embed-v4.0", "a")
        await on.openai.embeddings.create(
            model="cohere/embed-v4.0", input="a", extra_body={"input_type": "classification"}
        )
        asked = [call.json() for call in on.rehearsal.calls if call.path.endswith("/embed")]
        return len(made.data[1].embedding), [body["input_type"] for body in asked]

    assert play(act) == (8, ["search_document", "search_document", "classification"])
    assert play(act, 'extra = { input_type = "search_query" }') == (
        8,
        ["search_query", "search_query", "classification"],
    )


def test_provider_only_members_of_the_config_reach_chat() -> None:
    """safety_mode is Cohere's own word and goes by `extra`."""

    async def act(on: Stage) -> object:
        await on.openai.chat.completions.create(model="cohere/command-a", messages=user("Hello"))
        return on.rehearsal.calls[-1].json()["safety_mode"]

    assert play(act, 'extra = { safety_mode = "STRICT" }') == "STRICT"


def test_an_error_in_mid_stream_reaches_the_client() -> None:
    """A stream that Cohere ends in ERROR is never shown as a finished one."""

    async def act(on: Stage) -> tuple[str, int]:
        on.rehearsal.next(Fault.error("the model broke", after=3))
        stream = await on.openai.chat.completions.create(
            model="cohere/command-a", messages=user("Hello there"), stream=True
        )
        pieces: list[Any] = []
        with pytest.raises(openai.APIError) as caught:
            await hear(stream, pieces)
        return caught.value.message, len(pieces)

    message, pieces = play(act)

    assert "the model broke" in message
    assert pieces > 0


def test_models_are_listed_with_their_windows() -> None:
    """The list of Hearth names Cohere's models."""

    async def act(on: Stage) -> dict[str, Any]:
        return {model.id: model.model_dump() async for model in on.openai.models.list()}

    listed = play(act)

    assert listed["cohere/command-a"]["context_length"] == 8192
    assert "cohere/embed-v4.0" in listed
