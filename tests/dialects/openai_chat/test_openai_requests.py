"""What clients ask for, read whole: what cannot be carried is refused by name."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.chat import (
    Audio,
    ChatRequest,
    CompleteRequest,
    EmbedRequest,
    File,
    Image,
    Message,
    Reasoning,
    Request,
    Text,
    Thinking,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from hearth.dialects.body import cut
from hearth.dialects.openai_chat import SERVED
from hearth.problems import BadRequest, Problem, Unsupported

USER = {"role": "user", "content": "x"}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 1000}}


def read(body: dict[str, Any], route: str = "chat") -> Request:
    """The meaning of a body."""
    return SERVED.read(route, cut(json.dumps(body).encode()))


def chat(**members: Any) -> ChatRequest:  # noqa: ANN401
    """The meaning of a chat body with these members."""
    found = read({"messages": [USER], **members})
    assert isinstance(found, ChatRequest)
    return found


def test_messages_of_all_roles_are_read() -> None:
    """Null content, parts, echoed thinking, calls old and new, results with their tool's name: all have a meaning."""
    found = read(
        {
            "messages": [
                {"role": "developer", "content": "s"},
                {"role": "user", "name": "ann", "content": [{"type": "text", "text": "a"}, PICTURE, "b"]},
                {
                    "role": "assistant",
                    "content": None,
                    "reasoning_content": "t",
                    "reasoning": "t",
                    "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": {"x": 1}}}],
                },
                {"role": "tool", "tool_call_id": "1", "content": [{"type": "text", "text": "r"}]},
                {"role": "assistant", "function_call": {"name": "g", "arguments": ""}},
                {"role": "function", "name": "g", "content": "r2"},
            ]
        }
    )

    assert isinstance(found, ChatRequest)
    assert found.messages == (
        Message("system", (Text("s"),)),
        Message("user", (Text("a"), Image("A" * 1000, "image/png"), Text("b")), "ann"),
        Message("assistant", (Thinking("t"), ToolCall("1", "f", '{"x":1}'))),
        Message("tool", (ToolResult("1", (Text("r"),), "f"),)),
        Message("assistant", (ToolCall("", "g", "{}"),)),
        Message("tool", (ToolResult("", (Text("r2"),), "g"),)),
    )


def test_media_are_read() -> None:
    """Pictures by address, sound and documents keep what they say of themselves."""
    parts = [
        {"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}},
        {"type": "input_audio", "input_audio": {"data": "QQ==", "format": "wav"}},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,QQ==", "filename": "a.pdf"}},
        {"type": "file", "file": {"file_id": "file-1"}},
    ]

    found = chat(messages=[{"role": "user", "content": parts}])

    assert found.messages[0].parts == (
        Image(url="https://x/y.png", detail="low"),
        Audio("QQ==", "wav"),
        File("QQ==", "application/pdf", "a.pdf"),
        File(id="file-1"),
    )


@pytest.mark.parametrize(
    ("choice", "expected", "tools"),
    [
        ("auto", ToolChoice("auto"), ["f", "g"]),
        ("none", ToolChoice("none"), ["f", "g"]),
        ("required", ToolChoice("required"), ["f", "g"]),
        ({"type": "function", "function": {"name": "g"}}, ToolChoice("named", "g"), ["f", "g"]),
        (
            {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [{"function": {"name": "g"}}]}},
            ToolChoice("required"),
            ["g"],
        ),
    ],
)
def test_choices_among_tools_are_read(choice: object, expected: ToolChoice, tools: list[str]) -> None:
    """All forms of `tool_choice`, the one that narrows the tools included."""
    found = chat(tools=[TOOL, {"type": "function", "function": {"name": "g"}}], tool_choice=choice)

    assert found.tool_choice == expected
    assert [tool.name for tool in found.tools] == tools


def test_old_functions_are_tools() -> None:
    """`functions` and `function_call` mean what `tools` and `tool_choice` do."""
    found = chat(functions=[{"name": "f"}], function_call={"name": "f"})

    assert [tool.name for tool in found.tools] == ["f"]
    assert found.tool_choice == ToolChoice("named", "f")


def test_knobs_are_read() -> None:
    """Stop as one text, numbers as whole ones, names of other servers: each knob has one meaning."""
    found = chat(temperature=1, stop="a", seed=3, max_completion_tokens=5, repetition_penalty=1.1, top_k=4).knobs

    assert (found.temperature, found.stop, found.seed, found.max_tokens) == (1.0, ("a",), 3, 5)
    assert (found.repeat_penalty, found.top_k) == (1.1, 4)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"reasoning_effort": "none"}, Reasoning(on=False)),
        ({"reasoning_effort": "minimal"}, Reasoning(on=True, effort="minimal")),
        ({"reasoning": {"effort": "ultra"}}, Reasoning(on=True, effort="max")),
        ({"reasoning": {"enabled": True}}, Reasoning(on=True)),
        ({}, Reasoning()),
    ],
)
def test_effort_is_read(members: dict[str, Any], expected: Reasoning) -> None:
    """Both ways of saying how hard to think."""
    assert chat(**members).reasoning == expected


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"tools": [{"type": "custom", "custom": {"name": "apply_patch"}}]}, "custom.*apply_patch"),
        ({"tools": [{"type": "web_search"}]}, "web_search"),
        ({"tool_choice": {"type": "custom", "custom": {"name": "x"}}}, "custom"),
        ({"messages": [{"role": "user", "content": [{"type": "video_url"}]}]}, "video_url"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"web_search_options": {}}, "web_search_options"),
        ({"grammar": 'root ::= "yes"'}, "grammar"),
        ({"guided_json": {}}, "guided_json"),
        ({"structured_outputs": {"choice": ["a"]}}, "structured_outputs"),
        ({"plugins": [{"id": "web"}]}, "plugins"),
        ({"audio": {"voice": "a", "format": "wav"}}, "audio"),
        ({"response_format": {"type": "grammar"}}, "grammar"),
    ],
)
def test_a_feature_without_a_meaning_is_refused_by_name(members: dict[str, Any], words: str) -> None:
    """Never silently worse: what could only be dropped is refused, in words that name it."""
    with pytest.raises(Unsupported, match=words):
        chat(**members)


def test_unknown_members_are_kept_apart() -> None:
    """What has no meaning is kept for a target of the same dialect, and for nobody else."""
    assert set(chat(metadata={"a": "b"}, hearth={}, temperature=1).unknown) == {"metadata"}


def test_completions_are_read() -> None:
    """A prompt, a gap, probabilities by number; several prompts at once are refused by name."""
    found = read({"prompt": ["x"], "suffix": "y", "logprobs": 2, "echo": True}, "completions")

    assert found == CompleteRequest("x", suffix="y", logprobs=True, top_logprobs=2, echo=True)
    with pytest.raises(Unsupported, match="prompt"):
        read({"prompt": ["a", "b"]}, "completions")


@pytest.mark.parametrize(
    ("given_input", "expected"),
    [
        ("x", ("x",)),
        (["x", ""], ("x", "")),
        ([1, 2], ((1, 2),)),
        ([[1], [2, 3]], ((1,), (2, 3))),
    ],
)
def test_inputs_of_embeddings_are_read(given_input: object, expected: object) -> None:
    """One text, texts, token ids, arrays of them."""
    assert read({"input": given_input}, "embeddings") == EmbedRequest(expected)  # type: ignore[arg-type]


@pytest.mark.parametrize("given_input", [None, [], {}, 3, [1, "a"], [[]], [None]])
def test_other_inputs_of_embeddings_are_refused(given_input: object) -> None:
    """Nothing, an empty list and mixtures are a bad request."""
    with pytest.raises(BadRequest, match="invalid input"):
        read({"input": given_input}, "embeddings")


NAMES = ["messages", "tools", "tool_choice", "stop", "n", "stream", "reasoning", "response_format", "prompt", "input"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.sampled_from(["function", "tool", "user"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["type", "role", "content", "function", "name"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(NAMES), VALUES), st.sampled_from(["chat", "completions", "embeddings"]))
def test_any_body_is_read_or_refused(body: dict[str, Any], route: str) -> None:
    """F30: whatever JSON comes, the answer is a meaning or a clean problem, never another exception."""
    refused: Problem | None = None

    try:
        SERVED.outline(route, cut(json.dumps(body).encode()))
        read(body, route)
    except Problem as problem:
        refused = problem

    assert refused is None or refused.http_status == 400
