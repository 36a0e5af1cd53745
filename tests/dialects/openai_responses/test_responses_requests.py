"""Requests of the Responses API, read to their meaning: items, parts, tools, formats, and what is refused by name."""

import json
from typing import Any

import pytest

from dialects.openai_responses.responses_golden import recordings
from hearth.chat import (
    Audio,
    ChatRequest,
    File,
    Format,
    Image,
    Message,
    Reasoning,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from hearth.dialects.body import cut
from hearth.dialects.openai_responses import SERVED
from hearth.problems import BadRequest, Unsupported

SCHEMA: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "string"}}}
FUNCTION: dict[str, Any] = {"type": "function", "name": "get_weather", "parameters": SCHEMA, "strict": True}
CUSTOM: dict[str, Any] = {"type": "custom", "name": "patch", "description": "Edit."}


def read(**members: Any) -> ChatRequest:  # noqa: ANN401 -- any JSON value may stand in a request
    """The meaning of a request."""
    found = SERVED.read("responses", cut(json.dumps({"input": "x", **members}).encode()))
    assert isinstance(found, ChatRequest)
    return found


def turns(*items: Any) -> tuple[Message, ...]:  # noqa: ANN401 -- as above
    """The turns that items stand for."""
    return read(input=list(items)).messages


def test_a_text_is_one_message_of_the_user() -> None:
    """With instructions before it."""
    assert read(input="Hi", instructions="Be brief.").messages == (
        Message("system", (Text("Be brief."),)),
        Message("user", (Text("Hi"),)),
    )


def test_parts_of_all_kinds_are_read() -> None:
    """Text, pictures by address and as data, files, sound, refusals."""
    picture = "data:image/png;base64,AAAA"
    content = [
        {"type": "input_text", "text": "a"},
        {"type": "input_image", "image_url": picture, "detail": "low"},
        {"type": "input_image", "image_url": "https://x.example/p.png", "detail": "auto"},
        {"type": "input_file", "file_data": "data:application/pdf;base64,BBBB", "filename": "f.pdf"},
        {"type": "input_file", "file_id": "file_1"},
        {"type": "input_audio", "input_audio": {"data": "CCCC", "format": "wav"}},
    ]

    user, assistant = turns(
        {"role": "user", "content": content},
        {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]},
    )

    assert user.parts == (
        Text("a"),
        Image(data="AAAA", media_type="image/png", detail="low"),
        Image(url="https://x.example/p.png"),
        File(data="BBBB", media_type="application/pdf", name="f.pdf"),
        File(id="file_1"),
        Audio("CCCC", "wav"),
    )
    assert assistant.parts == (Refusal("no"),)


def test_what_an_assistant_does_in_a_row_is_one_turn() -> None:
    """Thinking, words and calls belong together; their outputs follow, each with the name of its call."""
    found = turns(
        {"role": "user", "content": "x"},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm"}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Let me see."}]},
        {"type": "function_call", "call_id": "a", "name": "f", "arguments": '{"a":1}'},
        {"type": "custom_tool_call", "call_id": "b", "name": "patch", "input": "*** Begin"},
        {"type": "function_call_output", "call_id": "a", "output": "1"},
        {"type": "custom_tool_call_output", "call_id": "b", "output": [{"type": "input_text", "text": "2"}]},
    )

    assert [message.role for message in found] == ["user", "assistant", "tool", "tool"]
    assert found[1].parts == (
        Thinking("Hm"),
        Text("Let me see."),
        ToolCall("a", "f", '{"a":1}'),
        ToolCall("b", "patch", '{"input":"*** Begin"}'),
    )
    assert found[2].parts == (ToolResult("a", (Text("1"),), "f"),)
    assert found[3].parts == (ToolResult("b", (Text("2"),), "patch"),)


def test_two_messages_of_an_assistant_are_two_turns() -> None:
    """Unless calls stand between, whose outputs are still to come."""
    said = {"role": "assistant", "content": "a"}
    call = {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"}

    assert len(turns(said, said)) == 2
    assert len(turns(said, {"type": "reasoning", "summary": []}, said)) == 2
    assert len(turns(said, call, said)) == 1


def test_openais_seal_is_the_item_itself() -> None:
    """Id, summary and encrypted content go back as they came; plain text in that place is no seal."""
    sealed = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA", "status": "completed"}
    plain = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm"}], "encrypted_content": "Hm"}

    first, second = turns(sealed)[0].parts[0], turns(plain)[0].parts[0]

    assert isinstance(first, Thinking)
    assert (first.text, first.producer) == ("", "openai_responses")
    assert json.loads(first.opaque) == {name: sealed[name] for name in ("type", "id", "summary", "encrypted_content")}
    assert second == Thinking("Hm")


def test_tools_are_flat_and_freeform_ones_become_functions() -> None:
    """A grammar is told in words; the tools of a namespace bear its name."""
    grammar = {**CUSTOM, "format": {"type": "grammar", "syntax": "lark", "definition": "start: X"}}
    space = {"type": "namespace", "name": "files", "tools": [{"type": "function", "name": "read"}]}

    function, custom, inner = read(tools=[FUNCTION, grammar, space]).tools

    assert (function.name, function.strict) == ("get_weather", True)
    assert custom.name == "patch"
    assert "lark grammar:\nstart: X" in custom.description
    assert b'"input"' in bytes(custom.parameters or b"")
    assert inner.name == "files__read"


@pytest.mark.parametrize(
    ("choice", "expected", "left"),
    [
        ("auto", ToolChoice("auto"), 2),
        ("none", ToolChoice("none"), 2),
        ("required", ToolChoice("required"), 2),
        ({"type": "function", "name": "get_weather"}, ToolChoice("named", "get_weather"), 2),
        ({"type": "custom", "name": "patch"}, ToolChoice("named", "patch"), 2),
        (
            {"type": "allowed_tools", "mode": "required", "tools": [{"type": "custom", "name": "patch"}]},
            ToolChoice("required"),
            1,
        ),
    ],
)
def test_the_choice_among_tools_is_read(choice: object, expected: ToolChoice, left: int) -> None:
    """Words, one tool by name, and a narrowed offer."""
    found = read(tools=[FUNCTION, CUSTOM], tool_choice=choice)

    assert (found.tool_choice, len(found.tools)) == (expected, left)


def test_the_shape_of_the_answer_is_flat_too() -> None:
    """`text.format`: text, any JSON, a schema with its name."""
    schema = {"type": "json_schema", "name": "n", "schema": SCHEMA, "strict": True}

    assert read(text={"format": {"type": "text"}, "verbosity": "low"}).format is None
    assert read(text={"format": {"type": "json_object"}}).format == Format("json")
    found = read(text={"format": schema}).format
    assert found is not None
    assert (found.kind, found.name, found.strict) == ("json_schema", "n", True)
    assert json.loads(bytes(found.schema or b"")) == SCHEMA


def test_knobs_and_thinking_are_read() -> None:
    """The limit, the sampler, the effort; an effort is one that a model without thoughts may leave out."""
    found = read(
        max_output_tokens=5, temperature=0.5, top_p=0.9, reasoning={"effort": "high"}, top_logprobs=2, user="u"
    )

    assert (found.knobs.max_tokens, found.knobs.temperature, found.knobs.top_p) == (5, 0.5, 0.9)
    assert found.reasoning == Reasoning(on=True, effort="high", optional=True)
    assert read(reasoning={"effort": "none"}).reasoning == Reasoning(on=False)
    assert read(reasoning={"summary": "auto"}).reasoning == Reasoning()
    assert (found.logprobs, found.top_logprobs, found.user) == (True, 2, "u")


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({"input": []}, "input"),
        ({"input": 5}, "input"),
        ({"input": [5]}, "input[0]"),
        ({"input": [{}]}, "input[0]"),
        ({"input": [{"role": "king", "content": "x"}]}, "input[0].role"),
        ({"input": [{"type": "function_call", "name": "f"}]}, "input[0]"),
        ({"input": [{"type": "function_call_output", "output": "x"}]}, "input[0]"),
        ({"input": [{"role": "user", "content": [{"type": "input_text"}]}]}, "input[0].content[0]"),
        ({"tools": [{"type": "function"}]}, "tools"),
        ({"tools": [FUNCTION], "tool_choice": "maybe"}, "tool_choice"),
        ({"text": {"format": {"type": "json_schema", "name": "n"}}}, "text.format.schema"),
        ({"reasoning": {"effort": "frantic"}}, "reasoning.effort"),
        ({"temperature": "hot"}, "temperature"),
        ({"truncation": "sometimes"}, "truncation"),
    ],
)
def test_what_is_wrong_is_named(members: dict[str, Any], param: str) -> None:
    """F30: each mistake is a 400 that names its place."""
    with pytest.raises(BadRequest) as refused:
        read(**members)

    assert refused.value.param == param


@pytest.mark.parametrize(
    "members",
    [
        {"tools": [{"type": "web_search"}]},
        {"tools": [{"type": "computer_use_preview"}]},
        {"tools": [FUNCTION, {"type": "file_search", "vector_store_ids": ["x"]}]},
        {"tool_choice": {"type": "web_search"}, "tools": [FUNCTION, {"type": "web_search"}]},
        {"input": [{"type": "item_reference", "id": "msg_1"}]},
        {"input": [{"type": "web_search_call", "id": "ws_1", "status": "completed"}]},
        {"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "file_1"}]}]},
        {"input": [{"role": "user", "content": [{"type": "input_file", "file_url": "https://x.example"}]}]},
        {"text": {"format": {"type": "grammar"}}},
        {"previous_response_id": "resp_1"},
        {"background": True},
        {"truncation": "auto"},
    ],
)
def test_what_has_no_meaning_elsewhere_is_unsupported(members: dict[str, Any]) -> None:
    """Refused by name, never dropped."""
    with pytest.raises(Unsupported):
        read(**members)


def test_what_asks_for_nothing_is_no_reason_to_refuse() -> None:
    """Members at their defaults are as good as absent."""
    outline = SERVED.outline(
        "responses",
        cut(
            json.dumps(
                {
                    "input": "x",
                    "background": False,
                    "previous_response_id": None,
                    "truncation": "disabled",
                    "conversation": None,
                    "store": True,
                    "metadata": {"a": "b"},
                    "include": ["reasoning.encrypted_content"],
                }
            ).encode()
        ),
    )

    assert outline.native == ()


def test_the_outline_tells_what_a_target_must_do() -> None:
    """Tools, pictures, files, a schema, probabilities; data of pictures is nothing that a model reads as text."""
    picture = {"type": "input_image", "image_url": "data:image/png;base64," + "A" * 9000}
    document = {"type": "input_file", "file_data": "B" * 9000}
    asked = {
        "model": "m",
        "input": [
            {"role": "user", "content": [picture, document]},
            {"type": "function_call_output", "call_id": "a", "output": [picture]},
        ],
        "tools": [FUNCTION],
        "text": {"format": {"type": "json_schema", "name": "n", "schema": SCHEMA}},
        "include": ["message.output_text.logprobs"],
        "max_output_tokens": 7,
        "stream": True,
    }

    outline = SERVED.outline("responses", cut(json.dumps(asked).encode()))

    assert outline.needs == {"tools", "images", "files", "json_schema", "logprobs"}
    assert (outline.images, outline.max_tokens, outline.stream, outline.model) == (2, 7, True, "m")
    assert 300 < outline.prompt_bytes < 1500


def test_a_count_is_asked_for_on_a_route_of_its_own() -> None:
    """The same body, and no stream."""
    outline = SERVED.outline("input_tokens", cut(b'{"input":"x","stream":true}'))

    assert (outline.counts, outline.stream) == (True, False)


@pytest.mark.parametrize("one", [one for one in recordings() if one.answered], ids=lambda one: one.name)
def test_recorded_requests_are_read(one: Any) -> None:  # noqa: ANN401 -- a recording
    """Whatever real clients sent has a meaning."""
    members = cut(one.request)

    assert SERVED.outline("responses", members).native == ()
    found = SERVED.read("responses", members)
    assert isinstance(found, ChatRequest)
    assert found.messages
