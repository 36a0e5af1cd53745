"""The official `openai` client's Responses API through Hearth, before engines of three dialects."""

import json
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from clients.responses_stage import UPSTREAMS, WEATHER, Stage, Upstream, played
from clients.stage import HELLO, PIXEL, UNICODE, hear
from hearth.rehearsal import Fault

every = pytest.mark.parametrize("upstream", UPSTREAMS)
INFERENCE = {"ollama": "/api/chat", "openai_chat": "/chat/completions", "openai_responses": "/responses"}


class Place(BaseModel):
    """What the scripted model says under a schema."""

    city: str
    temp: int


@every
def test_a_response_comes_whole_and_as_a_stream(upstream: Upstream) -> None:
    """Both ways give the same words, a status and counts that add up; the events are numbered without a gap."""

    async def act(on: Stage) -> tuple[Any, list[Any]]:
        whole = await on.client.responses.create(model="scripted", input="Hello there")
        stream = await on.client.responses.create(model="scripted", input="Hello there", stream=True)
        return whole, [event async for event in stream]

    whole, events = played(act, upstream)

    said = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert whole.output_text == said == HELLO == events[-1].response.output_text
    assert (whole.status, whole.object) == ("completed", "response")
    assert whole.usage.total_tokens == whole.usage.input_tokens + whole.usage.output_tokens > 0
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert [event.type for event in events[:2]] == ["response.created", "response.in_progress"]
    assert events[-1].type == "response.completed"


@every
def test_the_streaming_helper_puts_everything_together(upstream: Upstream) -> None:
    """The SDK's own state machine, strict about order and identity, accepts what we write (wire/providers §5.2)."""

    async def act(on: Stage) -> Any:  # noqa: ANN401 -- whatever the SDK makes of it
        async with on.client.responses.stream(model="scripted", input="Please look it up.", tools=[WEATHER]) as stream:
            return await stream.get_final_response()

    final = played(act, upstream)

    assert [item.type for item in final.output] == ["message", "function_call"]
    assert final.output_text == "Let me look.\n"
    assert json.loads(final.output[1].arguments) == {"city": "Paris"}


@every
def test_signs_of_all_kinds_arrive_as_they_were_said(upstream: Upstream) -> None:
    """Umlauts, emoji, markup, and the separators that break lines elsewhere."""

    async def act(on: Stage) -> tuple[str, str]:
        whole = await on.client.responses.create(model="scripted", input="unicode")
        async with on.client.responses.stream(model="scripted", input="unicode") as stream:
            return whole.output_text, (await stream.get_final_response()).output_text

    assert played(act, upstream) == (UNICODE, UNICODE)


@every
def test_tools_are_called_and_their_outputs_answered(upstream: Upstream) -> None:
    """Two calls at once, each with an id of its own; the items go back as they came, with outputs, and it goes on."""

    async def act(on: Stage) -> tuple[Any, Any]:
        turns: list[Any] = [{"role": "user", "content": "both"}]
        asked = await on.client.responses.create(model="scripted", input=turns, tools=[WEATHER])
        calls = [item for item in asked.output if item.type == "function_call"]
        turns += asked.output
        turns += [{"type": "function_call_output", "call_id": call.call_id, "output": "21 degrees"} for call in calls]
        return calls, await on.client.responses.create(model="scripted", input=turns, tools=[WEATHER])

    calls, told = played(act, upstream)

    assert [json.loads(call.arguments)["city"] for call in calls] == ["Paris", "Rome"]
    assert len({call.call_id for call in calls} | {call.id for call in calls}) == 4
    assert told.output_text.startswith("It is 21 degrees")


@pytest.mark.parametrize("upstream", ["openai_chat", "openai_responses"])
def test_a_tool_that_must_be_called_is(upstream: Upstream) -> None:
    """`tool_choice` by name reaches every engine that has a form for it."""

    async def act(on: Stage) -> Any:  # noqa: ANN401 -- whatever the SDK makes of it
        return await on.client.responses.create(
            model="scripted",
            input="The weather?",
            tools=[WEATHER],
            tool_choice={"type": "function", "name": "get_weather"},
            parallel_tool_calls=False,
        )

    response = played(act, upstream)

    assert [item.type for item in response.output] == ["function_call"]
    assert response.tool_choice.name == "get_weather"


@every
def test_thinking_is_a_reasoning_item_before_the_answer(upstream: Upstream) -> None:
    """Its summary is what may be shown, whole and streamed; it goes back with the next turn and nobody minds."""

    async def act(on: Stage) -> tuple[Any, Any, Any]:
        asked: Any = {"model": "thinker", "reasoning": {"effort": "low", "summary": "auto"}}
        asked["include"] = ["reasoning.encrypted_content"]
        whole = await on.client.responses.create(input="why?", **asked)
        async with on.client.responses.stream(input="why?", **asked) as stream:
            streamed = await stream.get_final_response()
        turns: Any = [{"role": "user", "content": "why?"}, *whole.output, {"role": "user", "content": "Hello there"}]
        return whole, streamed, await on.client.responses.create(input=turns, **asked)

    whole, streamed, again = played(act, upstream)

    for response in (whole, streamed):
        assert [item.type for item in response.output] == ["reasoning", "message"]
        assert response.output[0].summary[0].text == "The user asks why.\n\n"
        assert response.output_text.startswith("Because of Rayleigh")
    assert again.output_text == HELLO


@every
def test_a_schema_is_parsed_into_the_callers_own_type(upstream: Upstream) -> None:
    """`responses.parse` sends a strict schema and finds an answer that fits it."""

    async def act(on: Stage) -> Place | None:
        parsed = await on.client.responses.parse(model="scripted", input="Where?", text_format=Place)
        return parsed.output_parsed

    assert played(act, upstream) == Place(city="Paris", temp=21)


@every
def test_pictures_and_instructions_reach_the_model(upstream: Upstream) -> None:
    """A picture in a message, one in a tool's output, and a system text: all of it stands in what the engine got."""
    picture = {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}", "detail": "auto"}
    turns: Any = [
        {"role": "user", "content": [{"type": "input_text", "text": "Hello there"}, picture]},
        {"type": "function_call", "call_id": "call_a", "name": "get_weather", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_a", "output": [picture]},
    ]

    async def act(on: Stage) -> bytes:
        await on.client.responses.create(model="scripted", input=turns, instructions="Be brief.", tools=[WEATHER])
        return next(call.body for call in on.rehearsal.calls if call.path.endswith(INFERENCE[upstream]))

    sent = played(act, upstream)

    assert sent.count(PIXEL.encode()) == 2
    assert b"Be brief." in sent


@every
def test_a_reply_cut_short_by_its_limit_is_incomplete(upstream: Upstream) -> None:
    """The status says so, and why, in whole responses and in the last event of a stream."""

    async def act(on: Stage) -> tuple[Any, Any]:
        asked: Any = {"model": "scripted", "input": "Please count.", "max_output_tokens": 20}
        whole = await on.client.responses.create(**asked)
        events = [event async for event in await on.client.responses.create(stream=True, **asked)]
        return whole, events[-1]

    whole, last = played(act, upstream)

    assert last.type == "response.incomplete"
    for response in (whole, last.response):
        assert (response.status, response.incomplete_details.reason) == ("incomplete", "max_output_tokens")
        assert response.output[-1].status in ("incomplete", "completed")


@every
def test_an_engine_that_breaks_off_is_an_error_in_the_stream(upstream: Upstream) -> None:
    """F6, F8: after the first words the SDK raises `APIError`; before them the reply has a real status."""

    async def act(on: Stage) -> tuple[list[str], openai.APIError, int]:
        on.rehearsal.next(Fault.error("out of memory", after=5), path=INFERENCE[upstream])
        heard: list[Any] = []
        stream = await on.client.responses.create(model="breaks", input="Hello there", stream=True)
        with pytest.raises(openai.APIError) as broken:
            await hear(stream, heard)
        on.rehearsal.next(Fault.refuse(400, b'{"error":{"message":"no","type":"invalid_request_error"}}'))
        with pytest.raises(openai.APIStatusError) as refused:
            await on.client.responses.create(model="breaks", input="Hello there")
        return [event.type for event in heard], broken.value, refused.value.status_code

    heard, broken, status = played(act, upstream)

    assert "response.output_text.delta" in heard
    assert "response.completed" not in heard
    assert "memory" in str(broken) or "cut" in str(broken)
    assert status == 400


@every
def test_a_stream_that_is_cut_never_looks_complete(upstream: Upstream) -> None:
    """F6: the connection ends in the middle of the words; the caller's stream ends in an error."""

    async def act(on: Stage) -> list[str]:
        on.rehearsal.next(Fault.cut(objects=6), path=INFERENCE[upstream])
        heard: list[Any] = []
        stream = await on.client.responses.create(model="breaks", input="Hello there", stream=True)
        with pytest.raises(openai.APIError):
            await hear(stream, heard)
        return [event.type for event in heard]

    heard = played(act, upstream)

    assert "response.output_text.delta" in heard
    assert "response.completed" not in heard


def test_errors_have_openais_envelope() -> None:
    """An unknown model is 404 with its code; a request without input is 400 naming it."""

    async def act(on: Stage) -> list[Any]:
        wrong: list[Any] = [{"model": "nope", "input": "x"}, {"model": "scripted"}]
        seen = []
        for asked in wrong:
            with pytest.raises(openai.APIStatusError) as failed:
                await on.client.responses.create(**asked)
            seen.append((failed.value.status_code, failed.value.code, failed.value.param))
        return seen

    unknown, empty = played(act, "ollama")

    assert unknown[:2] == (404, "model_not_found")
    assert (empty[0], empty[2]) == (400, "input")
