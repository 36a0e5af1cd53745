"""Requests written from their meaning, for callers of any dialect."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from hearth.chat import (
    Audio,
    ChatRequest,
    CompleteRequest,
    EmbedRequest,
    File,
    Format,
    Image,
    Knobs,
    Message,
    Reasoning,
    Request,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from hearth.dialects.body import cut
from hearth.dialects.dialect import Destination, HttpRequest
from hearth.dialects.openai_chat import CALLED, SERVED
from hearth.problems import Unsupported
from hearth_config.quirks import Quirks

SCHEMA = Raw(b'{"type":"object"}')
CALL = {"name": "get_weather", "arguments": '{"city":"Paris"}'}
OFFER = {"name": "get_weather", "description": "d", "parameters": {"type": "object"}}
ASK = Message("user", (Text("x"),))


def written(request: Request, quirks: Quirks | None = None, *, stream: bool = False, **rest: Any) -> HttpRequest:  # noqa: ANN401
    """The request as it goes to a provider with these quirks."""
    to = Destination("box", "real", prefix="/v1", quirks=quirks or Quirks(), **rest)
    return CALLED.request(request, to, stream=stream)


def body(request: Request, quirks: Quirks | None = None, **rest: Any) -> dict[str, Any]:  # noqa: ANN401
    """What is sent, as JSON."""
    found: dict[str, Any] = json.loads(written(request, quirks, **rest).body)
    return found


def test_one_turn_of_each_kind() -> None:
    """The canonical turn of wire/providers §4.17, in this dialect's shape."""
    request = ChatRequest(
        (
            Message("system", (Text("S"),)),
            Message("user", (Text("T"), Image("iVBORw", detail="low"))),
            Message("assistant", (Thinking("hm"), ToolCall("c1", "get_weather", '{"city":"Paris"}'))),
            Message("tool", (ToolResult("c1", (Text("18C"),)),)),
        ),
        knobs=Knobs(max_tokens=500, stop=("END",), top_k=5),
        tools=(Tool("get_weather", "d", SCHEMA),),
        tool_choice=ToolChoice("named", "get_weather"),
        format=Format("json_schema", SCHEMA, strict=True),
        reasoning=Reasoning(on=True, effort="low"),
    )

    found = body(
        request, Quirks(max_tokens_field="max_completion_tokens", reasoning_in="reasoning_effort"), stream=True
    )

    assert found == {
        "model": "real",
        "messages": [
            {"role": "system", "content": "S"},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "T"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw", "detail": "low"}},
                ],
            },
            {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "type": "function", "function": CALL}]},
            {"role": "tool", "tool_call_id": "c1", "content": "18C"},
        ],
        "stream": True,
        "tools": [{"type": "function", "function": OFFER}],
        "tool_choice": {"type": "function", "function": {"name": "get_weather"}},
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "response", "schema": {"type": "object"}, "strict": True},
        },
        "stop": ["END"],
        "max_completion_tokens": 500,
        "reasoning_effort": "low",
        "stream_options": {"include_usage": True},
    }
    assert next(iter(found)) == "model"


def test_a_stream_is_asked_for_in_the_head_too() -> None:
    """`Accept` says what is expected; the config's own headers are sent as well."""
    request = written(ChatRequest((ASK,)), stream=True, headers=(("X-Title", "Hearth"),))

    assert request.headers == (
        ("Content-Type", "application/json"),
        ("Accept", "text/event-stream"),
        ("X-Title", "Hearth"),
    )


def test_pictures_in_a_tools_answer_follow_it() -> None:
    """A tool's answer is text here: its pictures go into a user message after all answers to that turn."""
    messages = (
        Message("assistant", (ToolCall("a", "look", "{}"), ToolCall("b", "look", "{}"))),
        Message("tool", (ToolResult("a", (Image(url="https://x/1.png"),)),)),
        Message("tool", (ToolResult("b", (Text("t"),)),)),
    )

    found = body(ChatRequest(messages))["messages"]

    assert [turn["role"] for turn in found] == ["assistant", "tool", "tool", "user"]
    assert found[3]["content"][0]["image_url"]["url"] == "https://x/1.png"


def test_calls_without_ids_get_some_and_their_results_find_them() -> None:
    """Ollama's turns have no ids: results are matched by the tool's name, else in order."""
    messages = (
        Message("assistant", (ToolCall("", "f", "{}"), ToolCall("", "g", "{}"))),
        Message("tool", (ToolResult("", (Text("from g"),), "g"),)),
        Message("tool", (ToolResult("", (Text("from f"),)),)),
    )

    found = body(ChatRequest(messages))["messages"]

    ids = [call["id"] for call in found[0]["tool_calls"]]
    assert [turn["tool_call_id"] for turn in found[1:]] == [ids[1], ids[0]]
    assert len(set(ids)) == 2


def test_thinking_goes_back_only_to_who_wants_it() -> None:
    """Earlier thinking is echoed by the name a provider has for it, and left out elsewhere."""
    turn = Message("assistant", (Thinking("t"), Text("a")))

    assert body(ChatRequest((ASK, turn)))["messages"][1] == {"role": "assistant", "content": "a"}
    echoed = body(ChatRequest((ASK, turn)), Quirks(echo_reasoning="reasoning_content"))["messages"][1]
    assert echoed["reasoning_content"] == "t"


def test_effort_is_not_said_to_a_server_without_a_word_for_it() -> None:
    """How hard to think is a knob: where no form for it is known, a translated request leaves it out."""
    request = ChatRequest((ASK,), reasoning=Reasoning(on=True, effort="low"))

    assert set(body(request)) == {"model", "messages", "stream"}
    assert body(request, Quirks(reasoning_in="reasoning_effort"))["reasoning_effort"] == "low"


def test_knobs_beyond_openais_go_where_they_are_known() -> None:
    """A strict server would refuse `top_k`; one whose preset names it gets it, by its own name."""
    request = ChatRequest((ASK,), knobs=Knobs(top_k=5, repeat_penalty=1.1, temperature=0.5))

    assert set(body(request)) == {"model", "messages", "stream", "temperature"}
    found = body(request, Quirks(more_knobs=("top_k", "repeat_penalty")))
    assert (found["top_k"], found["repeat_penalty"]) == (5, 1.1)


def test_media_are_written() -> None:
    """Sound and documents have their own parts."""
    parts = (Audio("QQ==", "wav"), File("QQ==", "text/plain", "a.txt"), File(id="file-1"))

    found = body(ChatRequest((Message("user", parts),)))["messages"][0]["content"]

    assert found == [
        {"type": "input_audio", "input_audio": {"data": "QQ==", "format": "wav"}},
        {"type": "file", "file": {"file_data": "data:text/plain;base64,QQ==", "filename": "a.txt"}},
        {"type": "file", "file": {"file_id": "file-1"}},
    ]


@pytest.mark.parametrize(
    ("quirks", "request_"),
    [
        (Quirks(tools=False), ChatRequest((ASK,), tools=(Tool("f"),))),
        (Quirks(json_schema=False), ChatRequest((ASK,), format=Format("json_schema", SCHEMA))),
        (Quirks(logprobs=False), ChatRequest((ASK,), logprobs=True)),
        (Quirks(many=False), ChatRequest((ASK,), choices=2)),
        (Quirks(images_by_url=False), ChatRequest((Message("user", (Image(url="https://x"),)),))),
        (Quirks(completions_path=None), CompleteRequest("x")),
        (Quirks(), CompleteRequest("x", suffix="y")),
        (Quirks(fim="infill"), CompleteRequest("x", suffix="y", logprobs=True)),
        (Quirks(), CompleteRequest("x", images=(Image("QQ=="),))),
        (Quirks(embeddings_path=None), EmbedRequest(("x",))),
    ],
)
def test_what_a_provider_lacks_is_refused(quirks: Quirks, request_: Request) -> None:
    """Never silently worse."""
    with pytest.raises(Unsupported):
        written(request_, quirks)


GAP = CompleteRequest("def f(", suffix="):", knobs=Knobs(max_tokens=8, seed=1, stop=("\n",)))


@pytest.mark.parametrize(
    ("quirks", "path", "expected"),
    [
        (
            Quirks(fim="completions"),
            "/v1/completions",
            {"model": "real", "prompt": "def f(", "suffix": "):", "max_tokens": 8, "seed": 1, "stop": ["\n"]},
        ),
        (
            Quirks(fim="beta_completions", seed_field=None),
            "/beta/completions",
            {"model": "real", "prompt": "def f(", "suffix": "):", "max_tokens": 8, "stop": ["\n"]},
        ),
        (
            Quirks(fim="fim_completions", seed_field="random_seed"),
            "/v1/fim/completions",
            {"model": "real", "prompt": "def f(", "suffix": "):", "max_tokens": 8, "random_seed": 1, "stop": ["\n"]},
        ),
        (
            Quirks(fim="infill"),
            "/infill",
            {
                "model": "real",
                "input_prefix": "def f(",
                "input_suffix": "):",
                "n_predict": 8,
                "seed": 1,
                "stop": ["\n"],
            },
        ),
    ],
)
def test_a_gap_is_filled_in_each_providers_form(quirks: Quirks, path: str, expected: dict[str, Any]) -> None:
    """Pain 23: the suffix goes along, in whichever of the four forms."""
    request = written(GAP, quirks)

    assert request.path == path
    assert json.loads(request.body) == {**expected, "stream": False}


def test_a_prompt_inside_the_template_is_a_chat_turn() -> None:
    """Ollama's generate wants the model's chat template, which only the chat route applies."""
    request = written(CompleteRequest("x", system="s", images=(Image("R0lG"),), templated=True))

    assert request.path == "/v1/chat/completions"
    roles = [message["role"] for message in json.loads(request.body)["messages"]]
    assert roles == ["system", "user"]


def test_embeddings_are_asked_for_as_numbers() -> None:
    """All servers can send numbers; base64 is made for the caller, if it wants that."""
    request = written(EmbedRequest(("a", "b"), dimensions=4))

    assert request.path == "/v1/embeddings"
    assert json.loads(request.body) == {
        "model": "real",
        "input": ["a", "b"],
        "dimensions": 4,
    }


TEXT = st.text(min_size=1, max_size=8)
TURNS = st.one_of(
    st.builds(lambda text: Message("system", (Text(text),)), TEXT),
    st.builds(lambda text, data: Message("user", (Text(text), Image(data, "image/png"))), TEXT, st.just("QQ==")),
    st.builds(lambda text, name: Message("assistant", (Text(text), ToolCall(name, "f", "{}"))), TEXT, TEXT),
)
REQUESTS = st.builds(
    ChatRequest,
    st.lists(TURNS, min_size=1, max_size=4).map(tuple),
    knobs=st.builds(
        Knobs,
        temperature=st.none() | st.floats(0, 2),
        seed=st.none() | st.integers(0, 9),
        max_tokens=st.none() | st.integers(1, 9),
        stop=st.none() | st.lists(TEXT, min_size=1, max_size=3).map(tuple),
    ),
    tools=st.lists(st.builds(Tool, TEXT, TEXT, st.just(SCHEMA), st.none() | st.booleans()), max_size=2).map(tuple),
    tool_choice=st.none() | st.sampled_from([ToolChoice("auto"), ToolChoice("required"), ToolChoice("named", "f")]),
    parallel_tool_calls=st.none() | st.booleans(),
    format=st.none() | st.just(Format("json")) | st.builds(Format, st.just("json_schema"), st.just(SCHEMA), TEXT),
    reasoning=st.sampled_from([Reasoning(), Reasoning(on=False), Reasoning(on=True), Reasoning(on=True, effort="low")]),
    choices=st.integers(1, 3),
    user=st.text(max_size=4),
)


@given(REQUESTS, st.booleans())
def test_what_is_written_is_read_again(request: ChatRequest, stream: bool) -> None:
    """Both halves agree: a request written for a provider is the same request to a server of this dialect."""
    sent = written(request, Quirks(reasoning_in="reasoning"), stream=stream).body

    assert SERVED.read("chat", cut(sent)) == request
    assert SERVED.outline("chat", cut(sent)).stream == stream
