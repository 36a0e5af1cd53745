"""Requests of Ollama's clients are read to their meaning."""

import json

import pytest
from msgspec import Raw

from hearth.chat import (
    ChatRequest,
    CompleteRequest,
    EmbedRequest,
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
    ToolResult,
)
from hearth.dialects.body import cut
from hearth.dialects.ollama import SERVED
from hearth.problems import BadRequest, Unsupported


def read(route: str, **members: object) -> Request:
    return SERVED.read(route, cut(json.dumps(members).encode()))


def chat(**members: object) -> ChatRequest:
    request = read("chat", model="m", **members)
    assert isinstance(request, ChatRequest)
    return request


def generate(**members: object) -> CompleteRequest:
    request = read("generate", model="m", **members)
    assert isinstance(request, CompleteRequest)
    return request


def test_messages() -> None:
    """Roles in any case, a message without content, and what stands in fields of its own becomes parts in order."""
    found = chat(
        messages=[
            {"role": "System", "content": "Be terse."},
            {"role": "user", "content": "What is it?", "images": ["aGk="]},
            {"role": "assistant", "thinking": "Hm.", "content": "A cat."},
            {"role": "assistant"},
        ]
    )

    assert found.messages == (
        Message("system", (Text("Be terse."),)),
        Message("user", (Text("What is it?"), Image("aGk="))),
        Message("assistant", (Thinking("Hm."), Text("A cat."))),
        Message("assistant"),
    )


def test_keys_of_messages_in_any_case() -> None:
    """Keys are matched in any case at every level, but never inside arguments."""
    found = chat(
        Messages=[
            {"Role": "user", "CONTENT": "x"},
            {
                "role": "assistant",
                "Tool_Calls": [{"ID": "1", "Function": {"Name": "f", "Arguments": {"City": "Paris"}}}],
            },
        ]
    )

    assert found.messages == (
        Message("user", (Text("x"),)),
        Message("assistant", (ToolCall("1", "f", '{"City": "Paris"}'),)),
    )


def test_calls_and_results_with_ids() -> None:
    """Results are joined to their calls by id, and learn their name from them."""
    f, g = {"name": "f", "arguments": {"x": 1}}, {"name": "g", "arguments": {}}
    found = chat(
        messages=[
            {"role": "assistant", "tool_calls": [{"id": "a", "function": f}, {"id": "b", "function": g}]},
            {"role": "tool", "tool_call_id": "b", "content": "2"},
            {"role": "tool", "tool_call_id": "a", "content": "1"},
        ]
    )

    assert found.messages[1:] == (
        Message("tool", (ToolResult("b", (Text("2"),), name="g"),)),
        Message("tool", (ToolResult("a", (Text("1"),), name="f"),)),
    )


def test_calls_and_results_without_ids() -> None:
    """ollama-python drops ids: results are joined by name, else by order, so that other providers get ids that fit."""
    call = {"function": {"name": "f", "arguments": {}}}
    found = chat(
        messages=[
            {"role": "assistant", "tool_calls": [call, {"function": {"name": "g", "arguments": {}}}]},
            {"role": "tool", "tool_name": "g", "content": "of g"},
            {"role": "tool", "content": "of f"},
            {"role": "assistant", "tool_calls": [call]},
            {"role": "tool", "content": "again"},
        ]
    )

    ids = [
        (part.call_id, part.name)
        for message in found.messages
        for part in message.parts
        if isinstance(part, ToolResult)
    ]
    assert ids == [("call_2", "g"), ("call_1", "f"), ("call_3", "f")]


def test_tools() -> None:
    """A tool's schema keeps its bytes."""
    found = chat(
        messages=[],
        tools=[{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"$ref": "#"}}}],
    )

    assert found.tools == (Tool("f", "d", Raw(b'{"$ref": "#"}')),)


def test_options_become_knobs() -> None:
    """Each knob that Ollama knows is read; a negative seed or limit means that it is left open."""
    options = {"temperature": 0, "top_k": 40.0, "num_predict": 9, "stop": ["x"], "num_ctx": 4096, "repeat_penalty": 1.1}

    assert chat(messages=[], options=options).knobs == Knobs(
        temperature=0.0, top_k=40, max_tokens=9, stop=("x",), repeat_penalty=1.1
    )
    assert chat(messages=[], options={"seed": -1, "num_predict": -1}).knobs == Knobs()


@pytest.mark.parametrize(
    ("think", "meaning"),
    [
        (None, Reasoning()),
        (True, Reasoning(on=True)),
        (False, Reasoning(on=False)),
        ("low", Reasoning(on=True, effort="low")),
        ("max", Reasoning(on=True, effort="max")),
    ],
)
def test_thinking(think: bool | str | None, meaning: Reasoning) -> None:
    """Silence about thinking is not the same as no."""
    assert chat(messages=[], think=think).reasoning == meaning


def test_formats() -> None:
    """JSON, or one schema, whose bytes are kept."""
    assert chat(messages=[], format="json").format == Format("json")
    assert chat(messages=[], format={"type": "object"}).format == Format("json_schema", Raw(b'{"type": "object"}'))
    assert chat(messages=[], format="").format is None


def test_probabilities() -> None:
    """The number of alternatives counts only if probabilities are wanted."""
    wanted, unwanted = chat(messages=[], logprobs=True, top_logprobs=2), chat(messages=[], top_logprobs=2)

    assert (wanted.logprobs, wanted.top_logprobs) == (True, 2)
    assert (unwanted.logprobs, unwanted.top_logprobs) == (False, None)


def test_unknown_members_are_kept() -> None:
    """Members without a meaning are kept as they came."""
    assert chat(messages=[], Width=5).unknown == {"Width": Raw(b"5")}


def test_a_completion() -> None:
    """Generate wants the model's template around its prompt; the CLI's empty fields say nothing."""
    found = generate(prompt="Hello", suffix="", system="", template="", options={}, images=[])

    assert found == CompleteRequest("Hello", templated=True)


def test_a_gap_to_fill() -> None:
    """A suffix is never dropped (pain 23)."""
    assert generate(prompt="def f(", suffix="return x").suffix == "return x"


def test_raw_mode() -> None:
    """Raw mode leaves the template out."""
    assert not generate(prompt="x", raw=True).templated


@pytest.mark.parametrize("members", [{"template": "{{ .Prompt }}"}, {"context": [1]}, {"_debug_render_only": True}])
def test_what_only_an_ollama_can_do(members: dict[str, object]) -> None:
    """What has no meaning elsewhere is refused by name, never dropped."""
    with pytest.raises(Unsupported) as raised:
        generate(prompt="x", **members)

    assert raised.value.param == next(iter(members))


def test_inputs() -> None:
    """A string is one input, a list many, an empty string none; the older route takes one prompt."""
    assert read("embed", model="m", input="a", dimensions=4) == EmbedRequest(("a",), dimensions=4)
    assert read("embed", model="m", input=["a", ""]) == EmbedRequest(("a", ""))
    assert read("embed", model="m", input="") == EmbedRequest(())
    assert read("embeddings", model="m", prompt="a") == EmbedRequest(("a",))


GO = "json: cannot unmarshal array into Go struct field ChatRequest.messages.content of type string"


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"role": "user", "content": [{"type": "text"}]}, GO),
        (5, "json: cannot unmarshal array into Go struct field ChatRequest.messages of type []api.Message"),
        ({"role": "user", "images": [5]}, "messages: images must be base64 strings and tool_calls have a function."),
        ({"role": "user", "images": ["data:image/png;base64,aGk="]}, "illegal base64 data at input byte 4"),
        ({"role": "judge", "content": "x"}, 'messages[0]: the role "judge" is unknown.'),
    ],
)
def test_messages_that_cannot_be_read(message: object, words: str) -> None:
    """F30: a broken message is a 400 in Ollama's words where it has some (recording `error-content-parts`)."""
    with pytest.raises(BadRequest) as raised:
        chat(messages=[message])

    assert str(raised.value) == words
