"""The benchmark's pairs of dialects: the mock speaks each as its own SDK expects, and each reply is checked."""

import json
import tomllib
from pathlib import Path

import pytest
from anthropic.types import Message, RawMessageStreamEvent
from cohere.v2.types import V2ChatResponse, V2ChatStreamResponse
from google.genai.types import GenerateContentResponse
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from configs import hearth_toml
from frames import read_frame
from hearth_config.load import load_text
from hearth_config.variables import Variables
from more_voices import ALL_VOICES, GEMINI
from rounds import Case
from rounds import measure as measured
from routes import PAIRS, PAIRS_DIRECT, Route
from shapes import piece_text
from stage import Stage
from targets import mock
from tongues import DIALECTS
from visits import KILOBYTE, Paced, Whole
from voices import Reply

TEXTS = [piece_text(number, 10**12 + number, 7) for number in range(3)]
SAID = b"".join(TEXTS).decode()
REPLY = Reply(model="mock", stream=7, prompt=40, pieces=3, usage=True)


def streamed(path: str) -> list[bytes]:
    """The data of each event of a stream that says the texts."""
    body = ALL_VOICES[path].stream(REPLY).written(TEXTS)
    return [line[6:].strip() for line in body.splitlines() if line.startswith(b"data: ")]


def whole(path: str) -> bytes:
    return ALL_VOICES[path].whole(REPLY).written(TEXTS[:1])


def test_openais_own_client_reads_the_responses() -> None:
    """Each event and the whole response are valid for the official client."""
    events = [TypeAdapter(ResponseStreamEvent).validate_json(one) for one in streamed("/v1/responses")]

    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == SAID
    assert events[-1].type == "response.completed"
    assert Response.model_validate_json(whole("/v1/responses")).output_text == TEXTS[0].decode()


def test_anthropics_own_client_reads_the_messages() -> None:
    """The same for Anthropic's."""
    events = [TypeAdapter(RawMessageStreamEvent).validate_json(one) for one in streamed("/v1/messages")]

    said = [json.loads(one)["delta"]["text"] for one in streamed("/v1/messages") if b"text_delta" in one]
    assert "".join(said) == SAID
    assert events[-1].type == "message_stop"
    assert Message.model_validate_json(whole("/v1/messages")).stop_reason == "end_turn"


def test_googles_own_client_reads_the_chunks() -> None:
    """The same for Google's."""
    chunks = [GenerateContentResponse.model_validate_json(one) for one in streamed(GEMINI)]

    assert "".join(chunk.text or "" for chunk in chunks) == SAID
    assert GenerateContentResponse.model_validate_json(whole(GEMINI)).text == TEXTS[0].decode()


def test_coheres_own_client_reads_the_events() -> None:
    """The same for Cohere's."""
    events = [TypeAdapter(V2ChatStreamResponse).validate_json(one) for one in streamed("/v2/chat")]

    assert events[-1].type == "message-end"
    assert TypeAdapter(V2ChatResponse).validate_json(whole("/v2/chat")).finish_reason == "COMPLETE"


@pytest.mark.parametrize("route", PAIRS_DIRECT, ids=lambda route: route.name)
def test_the_benchmarks_reader_knows_every_dialect(route: Route) -> None:
    """All dialects come down to the same few facts."""
    frame = read_frame(route, route.script(REPLY, stream=False).written(TEXTS[:1]))

    assert (frame.text, frame.finished) == (TEXTS[0].decode(), True)
    assert frame.model == ("" if route.dialect == "cohere" else "mock")


@pytest.mark.timeout(120)
def test_the_mock_answers_in_every_dialect_to_the_byte() -> None:
    """Whole and streamed, each reply of the mock passes all checks of its own dialect."""
    with mock(None) as server:
        stage = Stage({"direct": server}, PAIRS_DIRECT)

        rows = measured(stage, Case("pairs", 1, Whole(KILOBYTE, 5)), rounds=1, seconds=0)
        paced = measured(stage, Case("transit", 1, Paced("mock-n5-d2-f0")), rounds=1, seconds=0.01)

    assert {row.route: row.failed or row.errors for row in (*rows, *paced) if row.failed or row.errors} == {}
    assert all(row.samples for row in (*rows, *paced))


def test_every_pair_is_there_and_the_config_is_a_good_one() -> None:
    """Each client's dialect meets each provider's, and Hearth's config for that has no warning."""
    text = hearth_toml(18080, 18081, pairs=True)

    loaded = load_text(text, Path("hearth.toml").absolute(), Variables({}))

    assert len(PAIRS) == len(DIALECTS) ** 2
    assert loaded.warnings == ()
    assert {route.prefix.rstrip("/") for route in PAIRS} - {""} <= set(tomllib.loads(text)["providers"])
