"""The official OpenAI and Ollama clients talk to Gemini's models through Hearth."""

import base64
import json
from typing import Any

import openai
import pytest

from clients.gemini_stage import Stage, played
from clients.stage import HELLO, PIXEL, SCHEMA, TOOLS, hear, user
from hearth.rehearsal import Fault

OLDER = "box/gemini-2.5-flash"
NEWER = "box/gemini-3-pro"
BOTH = pytest.mark.parametrize("model", [OLDER, NEWER])


def sent(on: Stage) -> dict[str, Any]:
    """The last body that Google got."""
    body: dict[str, Any] = json.loads(on.rehearsal.calls[-1].body)
    return body


@BOTH
def test_openai_whole_and_streamed(model: str) -> None:
    """Text, the reason and the same counts; knobs arrive under Google's names."""

    async def act(on: Stage) -> tuple[Any, list[Any], dict[str, Any]]:
        knobs: Any = {"temperature": 0.5, "top_p": 0.9, "seed": 1, "stop": ["END"], "max_tokens": 100}
        whole = await on.openai.chat.completions.create(model=model, messages=user("Hello there"), **knobs)
        config = sent(on)["generationConfig"]
        chunks: list[Any] = []
        given: Any = {"stream": True, "stream_options": {"include_usage": True}}
        await hear(await on.openai.chat.completions.create(model=model, messages=user("Hello there"), **given), chunks)
        return whole, chunks, config

    whole, chunks, config = played(act, "gemini")

    assert (whole.choices[0].message.content, whole.choices[0].finish_reason) == (HELLO, "stop")
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == HELLO
    assert chunks[-1].usage.total_tokens == whole.usage.total_tokens > 0
    expected = {"temperature": 0.5, "topP": 0.9, "seed": 1, "stopSequences": ["END"], "maxOutputTokens": 100}
    assert config.items() >= expected.items()


@BOTH
def test_openai_calls_tools_and_hands_back_results(model: str) -> None:
    """Two calls, their results as messages of their own; the signature that a newer model demands comes back to it."""

    async def act(on: Stage) -> tuple[Any, Any]:
        turns: list[Any] = [{"role": "system", "content": "Be brief."}, *user("both cities")]
        given: Any = {"model": model, "tools": TOOLS}
        called = await on.openai.chat.completions.create(**given, messages=turns)
        message = called.choices[0].message
        given["messages"] = [*turns, message]
        given["messages"] += [{"role": "tool", "tool_call_id": one.id, "content": "21"} for one in message.tool_calls]
        return called, await on.openai.chat.completions.create(**given)

    called, answered = played(act, "gemini")

    calls = called.choices[0].message.tool_calls
    assert [call.function.arguments for call in calls] == ['{"city":"Paris"}', '{"city":"Rome"}']
    assert called.choices[0].finish_reason == "tool_calls"
    assert "sunny" in answered.choices[0].message.content


@BOTH
def test_openai_thinks_pictures_and_schemas(model: str) -> None:
    """An effort becomes a level or a budget as the model takes it; a data URL a picture, a schema a shape."""
    schema = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}

    async def act(on: Stage) -> tuple[Any, dict[str, Any], dict[str, Any], Any]:
        create: Any = on.openai.chat.completions.create
        thought = await create(model=model, messages=user("why"), reasoning_effort="high")
        thinking = sent(on)["generationConfig"]["thinkingConfig"]
        await create(model=model, messages=[{"role": "user", "content": [picture]}])
        seen = sent(on)
        return thought, thinking, seen, await create(model=model, messages=user("Where?"), response_format=schema)

    thought, thinking, seen, shaped = played(act, "gemini")

    assert thought.choices[0].message.reasoning_content == "The user asks why.\n\n"
    assert thinking["includeThoughts"] is True
    assert ("thinkingLevel" if model == NEWER else "thinkingBudget") in thinking
    blob = seen["contents"][0]["parts"][0]["inlineData"]
    assert (blob["mimeType"], base64.b64decode(blob["data"])) == ("image/png", base64.b64decode(PIXEL))
    assert json.loads(shaped.choices[0].message.content) == {"city": "Paris", "temp": 21}


def test_ollama_chats_generates_and_embeds() -> None:
    """Ollama's clients see its models with their own words: thinking, tools, reasons, counts, vectors."""

    async def act(on: Stage) -> tuple[Any, Any, Any, list[Any], Any]:
        chat = await on.ollama.chat(model=OLDER, messages=user("why is the sky blue"), think=True)
        called = await on.ollama.chat(model=OLDER, messages=user("both cities"), tools=TOOLS)
        made = await on.ollama.generate(model=OLDER, prompt="Hello there", system="Be terse.")
        pieces: list[Any] = []
        await hear(await on.ollama.chat(model=OLDER, messages=user("Hello there"), stream=True), pieces)
        return chat, called, made, pieces, await on.ollama.embed(model="box/embedder", input=["a", "b"])

    chat, called, made, pieces, vectors = played(act, "gemini")

    assert chat.message.thinking == "The user asks why.\n\n"
    assert [call.function.arguments for call in called.message.tool_calls] == [{"city": "Paris"}, {"city": "Rome"}]
    assert (made.response, made.done_reason) == (HELLO, "stop")
    assert "".join(piece.message.content or "" for piece in pieces) == HELLO
    assert pieces[-1].eval_count > 0
    assert [len(each) for each in vectors.embeddings] == [16, 16]


def test_openai_embeds() -> None:
    """Floats or base64, one vector a text, and shorter ones in Google's word."""

    async def act(on: Stage) -> tuple[list[int], dict[str, Any]]:
        made = await on.openai.embeddings.create(model="box/embedder", input=["a", "b"], dimensions=8)
        return [len(each.embedding) for each in made.data], sent(on)

    sizes, body = played(act, "gemini")

    assert sizes == [8, 8]
    assert [one["outputDimensionality"] for one in body["requests"]] == [8, 8]


def test_a_blocked_prompt_ends_by_the_filter() -> None:
    """OpenAI's word for it."""

    async def act(on: Stage) -> Any:  # noqa: ANN401 -- the SDK's own
        return await on.openai.chat.completions.create(model=OLDER, messages=user("forbidden"))

    assert played(act, "gemini").choices[0].finish_reason == "content_filter"


@pytest.mark.parametrize(
    ("fault", "told"), [(Fault.error("Overloaded", after=4), "Overloaded"), (Fault.cut(objects=4), "in the middle")]
)
def test_a_broken_stream_is_an_error(fault: Fault, told: str) -> None:
    """F6: an error, or an end without a reason: what was said before arrived, and it never looks finished."""

    async def act(on: Stage) -> tuple[list[Any], openai.APIError]:
        on.rehearsal.when(lambda request: "streamGenerateContent" in request.path, fault)
        chunks: list[Any] = []
        stream = await on.openai.chat.completions.create(model=OLDER, messages=user("Hello"), stream=True)
        with pytest.raises(openai.APIError) as broken:
            await hear(stream, chunks)
        return chunks, broken.value

    chunks, error = played(act, "gemini")

    assert chunks
    assert not any(chunk.choices[0].finish_reason for chunk in chunks)
    assert told in str(error)


def test_safety_settings_of_the_config_go_along() -> None:
    """What `extra` says is Google's own word and reaches it with every call, whatever dialect the caller speaks."""
    after = 'extra = { safetySettings = [ { category = "HARM_CATEGORY_HARASSMENT", threshold = "BLOCK_NONE" } ] }\n'

    async def act(on: Stage) -> dict[str, Any]:
        await on.ollama.chat(model=OLDER, messages=user("Hello there"))
        return sent(on)

    assert played(act, "gemini", after=after)["safetySettings"] == [
        {"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}
    ]
