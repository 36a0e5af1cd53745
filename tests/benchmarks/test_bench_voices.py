"""What the mock says is what the dialects say, and a client can compute it."""

import json

import ollama
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from frames import Frame, read_frame
from listings import LISTINGS
from routes import DIRECT, Route, words
from shapes import CATALOGUE, Shape, parse_shape, piece_text
from tongues import messages
from voices import VOICES, Reply, loaded, whole_text

TEXTS = [piece_text(number, 10**12 + number, 7) for number in range(3)]


def reply(model: str = "mock") -> Reply:
    return Reply(model=model, stream=7, prompt=40, pieces=3, usage=True)


@given(st.integers(0, 10**6), st.integers(0, 10**4), st.integers(0, 10**4))
def test_a_models_name_sets_the_pace(pieces: int, gap: int, first: int) -> None:
    """Pieces, gap and first wait (ms) are read from the name, with or without a tag."""
    name = f"mock-n{pieces}-d{gap}-f{first}"

    expected = Shape(pieces=pieces, gap_ns=gap * 10**6, first_ns=first * 10**6)

    assert parse_shape(name) == parse_shape(f"{name}:latest") == expected


def test_another_models_name_is_no_mock() -> None:
    """Only names that begin with `mock` are answered."""
    assert parse_shape("llama3") is None
    assert all(parse_shape(name) for name in CATALOGUE)


def test_ollamas_own_client_reads_every_line() -> None:
    """Each streamed line and the whole reply are valid for the official client, and end as Ollama ends them."""
    body = VOICES["/api/chat"].stream(reply()).written(TEXTS)

    lines = [ollama.ChatResponse.model_validate_json(line) for line in body.splitlines()]
    whole = ollama.ChatResponse.model_validate_json(VOICES["/api/chat"].whole(reply()).written(TEXTS[:1]))

    assert "".join(line.message.content or "" for line in lines).encode() == b"".join(TEXTS)
    assert [line.done for line in lines] == [False, False, False, True]
    assert (whole.done, whole.done_reason, whole.message.content) == (True, "stop", TEXTS[0].decode())


def test_ollamas_own_client_reads_generate() -> None:
    """`/api/generate` says the same as `/api/chat` in its own members."""
    body = VOICES["/api/generate"].stream(reply()).written(TEXTS)

    lines = [ollama.GenerateResponse.model_validate_json(line) for line in body.splitlines()]

    assert "".join(line.response or "" for line in lines).encode() == b"".join(TEXTS)
    assert lines[-1].done
    assert json.loads(VOICES["/api/generate"].whole(reply()).written(TEXTS[:1]))["done"] is True


def test_openais_own_client_reads_every_event() -> None:
    """Each streamed event and the whole reply are valid for the official client; `[DONE]` comes last."""
    body = VOICES["/v1/chat/completions"].stream(reply()).written(TEXTS).decode()
    events = [event.removeprefix("data: ") for event in body.split("\n\n") if event]

    chunks = [ChatCompletionChunk.model_validate_json(event) for event in events[:-1]]
    whole = ChatCompletion.model_validate_json(VOICES["/v1/chat/completions"].whole(reply()).written(TEXTS[:1]))

    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert said.encode() == b"".join(TEXTS)
    assert events[-1] == "[DONE]"
    assert chunks[-1].usage is not None
    assert whole.choices[0].message.content == TEXTS[0].decode()


def test_a_call_without_a_prompt_loads() -> None:
    """Ollama's empty request is answered as a load, with nothing said."""
    answer = ollama.ChatResponse.model_validate_json(loaded("mock"))

    assert (answer.done, answer.done_reason, answer.message.content) == (True, "load", "")


@given(st.text(max_size=30))
def test_any_models_name_survives(name: str) -> None:
    """A name is written as JSON, whatever stands in it."""
    route = DIRECT[0]
    body = route.script(reply(name), stream=False).written([whole_text(TEXTS[0], 40)])

    frame = read_frame(route, body)

    assert frame.model == name


@pytest.mark.parametrize("route", DIRECT)
def test_the_benchmarks_reader_knows_first_and_last_frames(route: Route) -> None:
    """Both dialects come down to the same few facts: text, finish, last word."""
    frame = read_frame(route, route.script(reply(), stream=False).written(TEXTS[:1]))

    assert frame == Frame("mock", TEXTS[0].decode(), finished=True, last=route.dialect == "ollama")


@pytest.mark.parametrize("route", DIRECT)
def test_a_request_is_whole_and_names_its_prompt(route: Route) -> None:
    """The head's length is the body's, and the body is JSON with the prompt in it."""
    prompt = words(300)

    head, _, body = route.request(8080, "mock", prompt, stream=True).partition(b"\r\n\r\n")

    assert b"Host: 127.0.0.1:8080\r\n" in head
    assert f"Content-Length: {len(body)}".encode() in head
    assert json.loads(body)["messages"] == json.loads(messages(prompt))


def test_listings_are_what_the_official_clients_expect() -> None:
    """Tags, loaded models and details are valid for Ollama's client, and name window and abilities."""
    tags = ollama.ListResponse.model_validate_json(LISTINGS["/api/tags"](b"") or b"")
    running = ollama.ProcessResponse.model_validate_json(LISTINGS["/api/ps"](b"") or b"")
    show = ollama.ShowResponse.model_validate_json(LISTINGS["/api/show"](b'{"name":"mock"}') or b"")
    vectors = json.loads(LISTINGS["/v1/embeddings"](b'{"model":"mock","input":["a","b"]}') or b"")

    assert len(tags.models) == len(running.models) == len(CATALOGUE)
    assert show.capabilities == ["completion", "tools"]
    assert (show.modelinfo or {})["mock.context_length"] == 1 << 20
    assert len(vectors["data"]) == 2
