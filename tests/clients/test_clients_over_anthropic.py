"""The official OpenAI and Ollama clients talk to Anthropic's models through Hearth."""

import json
from typing import Any

import openai
import pytest

from clients.anthropic_stage import Stage, played
from clients.stage import HELLO, PIXEL, SCHEMA, TOOLS, hear, user
from hearth.rehearsal import Fault

OPUS = "box/claude-opus-5"
HAIKU = "box/claude-haiku-4-5"
SOUND = {"type": "input_audio", "input_audio": {"data": "x", "format": "wav"}}
BOTH = pytest.mark.parametrize("model", [OPUS, HAIKU])


def sent(on: Stage) -> dict[str, Any]:
    """The last body that Anthropic got."""
    body: dict[str, Any] = json.loads(on.rehearsal.calls[-1].body)
    return body


@BOTH
def test_openai_whole_and_streamed(model: str) -> None:
    """Text, usage with what came from the cache, and knobs the model would refuse left out."""

    async def act(on: Stage) -> tuple[Any, list[Any]]:
        knobs: Any = {"temperature": 0.5, "top_p": 0.9, "seed": 1, "stop": ["END"], "max_tokens": 100}
        whole = await on.openai.chat.completions.create(model=model, messages=user("Hello there"), **knobs)
        chunks: list[Any] = []
        given: Any = {"stream": True, "stream_options": {"include_usage": True}}
        await hear(await on.openai.chat.completions.create(model=model, messages=user("Hello there"), **given), chunks)
        return whole, chunks

    whole, chunks = played(act, "anthropic")

    assert (whole.choices[0].message.content, whole.choices[0].finish_reason) == (HELLO, "stop")
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == HELLO
    assert chunks[-1].usage.prompt_tokens == whole.usage.prompt_tokens > 0
    assert whole.usage.prompt_tokens_details.cached_tokens > 0


def test_an_answer_without_a_limit_is_streamed_to_us_and_told_whole() -> None:
    """The model's most is asked for as a stream; the caller gets one body all the same."""

    async def act(on: Stage) -> tuple[Any, dict[str, Any]]:
        on.rehearsal.rescript(models=tuple(model for model in on.rehearsal.script.models if model.name != "small"))
        whole = await on.openai.chat.completions.create(model=OPUS, messages=user("Hello there"))
        return whole, sent(on)

    whole, body = played(act, "anthropic", after='[providers.box.models."claude-opus-5"]\noutput_limit = 64000\n')

    assert (body["max_tokens"], body["stream"]) == (64_000, True)
    assert whole.choices[0].message.content == HELLO
    assert whole.usage.completion_tokens > 0


@BOTH
def test_openai_calls_tools_and_hands_back_results(model: str) -> None:
    """Two calls, their results as messages of their own, merged into the one turn that Anthropic wants."""

    async def act(on: Stage) -> tuple[Any, Any]:
        turns: list[Any] = user("both cities")
        given: Any = {"model": model, "tools": TOOLS, "max_tokens": 500}
        called = await on.openai.chat.completions.create(**given, messages=turns)
        message = called.choices[0].message
        results: list[Any] = [
            {"role": "tool", "tool_call_id": call.id, "content": "21"} for call in message.tool_calls or ()
        ]
        answered = await on.openai.chat.completions.create(**given, messages=[*turns, message, *results])
        return called, answered

    called, answered = played(act, "anthropic")

    calls = called.choices[0].message.tool_calls
    assert [call.function.arguments for call in calls] == ['{"city":"Paris"}', '{"city":"Rome"}']
    assert called.choices[0].finish_reason == "tool_calls"
    assert "sunny" in answered.choices[0].message.content


@BOTH
def test_openai_thinks_pictures_and_schemas(model: str) -> None:
    """An effort becomes thinking in the model's form, a data URL a picture, a schema the shape of the answer."""
    schema = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}

    async def act(on: Stage) -> tuple[Any, dict[str, Any], Any, Any]:
        create: Any = on.openai.chat.completions.create
        thought = await create(model=model, messages=user("why"), reasoning_effort="high", max_tokens=5000)
        thinking = sent(on)
        seen = await create(model=model, max_tokens=50, messages=[{"role": "user", "content": [picture]}])
        shaped = await create(model=model, max_tokens=500, messages=user("Where?"), response_format=schema)
        return thought, thinking, seen, shaped

    thought, thinking, seen, shaped = played(act, "anthropic")

    assert thought.choices[0].message.reasoning_content
    assert thinking["thinking"]["type"] == ("adaptive" if model == OPUS else "enabled")
    assert seen.choices[0].finish_reason == "stop"
    assert json.loads(shaped.choices[0].message.content) == {"city": "Paris", "temp": 21}


def test_ollama_chats_and_generates() -> None:
    """Ollama's clients see its models with their own words: thinking, tools, reasons, counts."""

    async def act(on: Stage) -> tuple[Any, Any, Any, list[Any]]:
        chat = await on.ollama.chat(model=OPUS, messages=user("why is the sky blue"), think=True)
        called = await on.ollama.chat(model=OPUS, messages=user("both cities"), tools=TOOLS)
        made = await on.ollama.generate(model=OPUS, prompt="Hello there", system="Be terse.")
        pieces: list[Any] = []
        await hear(await on.ollama.chat(model=OPUS, messages=user("Hello there"), stream=True), pieces)
        return chat, called, made, pieces

    chat, called, made, pieces = played(act, "anthropic")

    assert chat.message.thinking == "The user asks why.\n\n"
    assert [call.function.arguments for call in called.message.tool_calls] == [{"city": "Paris"}, {"city": "Rome"}]
    assert (made.response, made.done_reason) == (HELLO, "stop")
    assert "".join(piece.message.content or "" for piece in pieces) == HELLO
    assert pieces[-1].eval_count > 0


@pytest.mark.parametrize(
    "given",
    [
        {"response_format": {"type": "json_object"}},
        {"n": 2},
        {"logprobs": True},
        {"messages": [{"role": "user", "content": [SOUND]}]},
    ],
)
def test_what_it_cannot_do_is_refused_before_anything_is_sent(given: dict[str, Any]) -> None:
    """A feature is never dropped: nobody is asked, and the words say why."""

    async def act(on: Stage) -> tuple[str, int]:
        before = len(on.rehearsal.calls)
        with pytest.raises(openai.BadRequestError) as refused:
            await on.openai.chat.completions.create(**{"model": OPUS, "messages": user("x")} | given)
        return str(refused.value), len(on.rehearsal.calls) - before

    said, asked = played(act, "anthropic")

    assert "cannot" in said
    assert asked == 0


def test_an_error_in_the_middle_is_an_error() -> None:
    """F6: what was said before it came, and it never looks finished."""

    async def act(on: Stage) -> tuple[list[Any], openai.APIError]:
        on.rehearsal.next(Fault.error("Overloaded", after=4), times=-1)
        chunks: list[Any] = []
        stream = await on.openai.chat.completions.create(model=OPUS, messages=user("Hello"), stream=True)
        with pytest.raises(openai.APIError) as broken:
            await hear(stream, chunks)
        return chunks, broken.value

    chunks, error = played(act, "anthropic")

    assert chunks
    assert not any(chunk.choices[0].finish_reason for chunk in chunks)
    assert "Overloaded" in str(error)


def test_a_cut_stream_is_an_error() -> None:
    """F6: a stream that stops without its end is broken, whoever reads it."""

    async def act(on: Stage) -> openai.APIError:
        on.rehearsal.next(Fault.cut(objects=4), times=-1)
        stream = await on.openai.chat.completions.create(model=OPUS, messages=user("Hello"), stream=True)
        with pytest.raises(openai.APIError) as broken:
            await hear(stream, [])
        return broken.value

    assert "in the middle" in str(played(act, "anthropic"))


def test_a_busy_anthropic_is_left_for_the_next_target() -> None:
    """A 529 is overload: somebody else answers, and the answer says why."""
    more = f'[models.either]\nuse = ["{OPUS}", "{HAIKU}"]\nstrategy = "as_listed"\n'

    async def act(on: Stage) -> Any:  # noqa: ANN401 -- the SDK's raw response
        on.rehearsal.next(Fault.refuse(529, retry_after="30"), model="claude-opus-5", times=-1)
        create = on.openai.chat.completions.with_raw_response.create
        return await create(model="either", messages=user("Hello there"), max_tokens=50)

    answer = played(act, "anthropic", more)

    assert answer.headers["x-hearth-target"] == HAIKU
    assert answer.headers["x-hearth-reason"] == "busy"
    assert answer.parse().choices[0].message.content == HELLO
