"""Requests written from their meaning for a server of the Responses API, and those of its own callers spliced."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw, structs

from dialects.openai_responses.responses_golden import BOX
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
    Part,
    Reasoning,
    Refusal,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from hearth.dialects.body import cut
from hearth.dialects.dialect import Destination
from hearth.dialects.openai_responses import CALLED, SERVED
from hearth.problems import Unsupported
from hearth_config.quirks import Quirks

HI = (Message("user", (Text("Hi"),)),)
GPT = Destination("openai", "gpt-6-sol", prefix="/v1")


def write(request: ChatRequest, to: Destination = BOX, *, stream: bool = False) -> dict[str, Any]:
    """The members sent."""
    return dict(json.loads(CALLED.request(request, to, stream=stream).body))


def items(*messages: Message) -> list[dict[str, Any]]:
    """The input sent for these turns."""
    return list(write(ChatRequest(messages))["input"])


def test_nothing_is_to_be_kept_there() -> None:
    """`store: false`, the path under the provider's prefix, the model first."""
    sent = CALLED.request(ChatRequest(HI), BOX, stream=True)

    assert (sent.method, sent.path) == ("POST", "/v1/responses")
    assert sent.body.startswith(b'{"model":"m"')
    assert ("Accept", "text/event-stream") in sent.headers
    members = json.loads(sent.body)
    assert (members["store"], members["stream"]) == (False, True)
    assert members["input"] == [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]}]


def test_what_the_system_says_first_is_instructions() -> None:
    """Later words of the system stay where they are."""
    first, later = Message("system", (Text("Be brief."),)), Message("system", (Text("Be kind."),))

    sent = write(ChatRequest((first, Message("system", (Text("Be true."),)), *HI, later)))

    assert sent["instructions"] == "Be brief.\n\nBe true."
    assert [item["role"] for item in sent["input"]] == ["user", "system"]


def test_a_turn_with_tools_becomes_items_in_order() -> None:
    """Words, calls, outputs with pictures: each an item; an id that is missing is made, and its output finds it."""
    picture = Image(data="AAAA", media_type="image/png")
    said = (Text("Let me see."), ToolCall("a", "f", '{"x":1}'), ToolCall("", "g", ""))

    sent = items(
        *HI,
        Message("assistant", said),
        Message("tool", (ToolResult("a", (Text("1"), picture), "f"),)),
        Message("tool", (ToolResult("", (Text("2"),), "g"),)),
    )

    assert [item["type"] for item in sent] == [
        "message",
        "message",
        "function_call",
        "function_call",
        "function_call_output",
        "function_call_output",
    ]
    assert sent[1]["content"] == [{"type": "output_text", "text": "Let me see.", "annotations": []}]
    assert sent[3]["arguments"] == "{}"
    assert sent[4]["output"][1] == {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "auto"}
    assert sent[5] == {"type": "function_call_output", "call_id": sent[3]["call_id"], "output": "2"}


def test_only_its_own_seal_goes_back() -> None:
    """A reasoning item of this dialect comes back as it was; foreign and unsealed thinking stays here."""
    own = '{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAA"}'
    thoughts: tuple[Part, ...] = (
        Thinking("a", own, "openai_responses"),
        Thinking("b", "sig", "anthropic"),
        Thinking("c"),
        Thinking("d", "broken", "openai_responses"),
    )

    sent = items(*HI, Message("assistant", (*thoughts, Text("x"))))

    assert [item["type"] for item in sent] == ["message", "reasoning", "message"]
    assert sent[1] == json.loads(own)


def test_files_and_refusals_have_their_parts() -> None:
    """A file as data or by id; what the model refused it has refused."""
    sent = items(
        Message("user", (File(data="BBBB", name="f.pdf"), File(id="file_1"))), Message("assistant", (Refusal("no"),))
    )

    assert sent[0]["content"] == [
        {"type": "input_file", "filename": "f.pdf", "file_data": "data:application/pdf;base64,BBBB"},
        {"type": "input_file", "file_id": "file_1"},
    ]
    assert sent[1]["content"] == [{"type": "refusal", "refusal": "no"}]


def test_tools_format_and_choice_are_flat() -> None:
    """`strict` is said, since this API takes silence for yes (wire/providers §4.1)."""
    request = ChatRequest(
        HI,
        tools=(Tool("f", "Does f.", Raw(b'{"type":"object"}')), Tool("g", strict=True)),
        tool_choice=ToolChoice("named", "f"),
        parallel_tool_calls=False,
        format=Format("json_schema", Raw(b'{"type":"object"}'), "n", strict=True),
    )

    sent = write(request)

    assert sent["tools"][0] == {
        "type": "function",
        "name": "f",
        "description": "Does f.",
        "parameters": {"type": "object"},
        "strict": False,
    }
    assert sent["tools"][1]["strict"] is True
    assert sent["tool_choice"] == {"type": "function", "name": "f"}
    assert sent["parallel_tool_calls"] is False
    assert sent["text"]["format"] == {"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": True}


@pytest.mark.parametrize(
    ("reasoning", "expected"),
    [
        (Reasoning(), None),
        (Reasoning(on=False), {"effort": "none"}),
        (Reasoning(on=True), {"summary": "auto"}),
        (Reasoning(on=True, effort="high"), {"effort": "high", "summary": "auto"}),
    ],
)
def test_how_hard_to_think_is_said(reasoning: Reasoning, expected: object) -> None:
    """Who asks for thinking wants to see what may be seen of it."""
    assert write(ChatRequest(HI, reasoning=reasoning)).get("reasoning") == expected


def test_a_model_without_thoughts_is_not_asked_for_any_that_can_be_missed() -> None:
    """An optional wish is left out where the model is known to have none."""
    plain = structs.replace(BOX, thinks=False)
    optional = ChatRequest(HI, reasoning=Reasoning(on=True, effort="low", optional=True))

    assert "reasoning" not in write(optional, plain)
    assert "reasoning" in write(optional)


@pytest.mark.parametrize(
    ("model", "thinks"),
    [
        ("gpt-6-sol", True),
        ("o3", True),
        ("gpt-5-codex", True),
        ("codex-mini", True),
        ("openai/gpt-6.1-sol", True),
        ("gpt-4.1", False),
        ("gpt-5.3-chat-latest", False),
        ("qwen3:8b", False),
    ],
)
def test_openais_thinking_models_have_fixed_sampling_and_seal_their_thoughts(model: str, *, thinks: bool) -> None:
    """Temperature is refused there, encrypted content everywhere else (wire/providers §4.1)."""
    sent = write(ChatRequest(HI, Knobs(temperature=0.5, max_tokens=50)), Destination("x", model))

    assert ("temperature" in sent, "include" in sent) == (not thinks, thinks)
    assert sent["max_output_tokens"] == 50


def test_probabilities_are_included() -> None:
    """By `include` and their number."""
    sent = write(ChatRequest(HI, logprobs=True, top_logprobs=3))

    assert (sent["include"], sent["top_logprobs"]) == (["message.output_text.logprobs"], 3)


@pytest.mark.parametrize(
    "request_",
    [
        ChatRequest(HI, Knobs(stop=("END",))),
        ChatRequest(HI, choices=2),
        ChatRequest((Message("user", (Audio("AAAA", "wav"),)),)),
        CompleteRequest("def f("),
        EmbedRequest(("x",)),
    ],
)
def test_what_this_api_has_no_form_for_is_refused(request_: Any) -> None:  # noqa: ANN401 -- any kind of request
    """By name, and never dropped."""
    with pytest.raises(Unsupported):
        CALLED.request(request_, BOX, stream=False)


def test_the_configs_wishes_come_last() -> None:
    """Defaults fill what is open, quirks drop, rename and set, `extra` is put on top."""
    to = Destination(
        "x",
        "m",
        quirks=Quirks(drop=("store",), rename={"max_output_tokens": "limit"}, set={"service_tier": "flex"}),
        defaults=Knobs(max_tokens=9, temperature=0.2),
        extra={"region": Raw(b'"eu"')},
    )

    sent = write(ChatRequest(HI, Knobs(temperature=0.7)), to)

    assert "store" not in sent
    assert (sent["service_tier"], sent["region"], sent["temperature"]) == ("flex", "eu", 0.7)


def test_a_caller_of_this_dialect_is_spliced() -> None:
    """Members nobody here knows survive byte for byte; the model is the target's, our own member is gone."""
    body = b'{"model":"mine","input":[{"type":"mystery","x":1.0}],"hearth":{"mode":"lan"},"moderation": {"model":"m"}}'
    members = cut(body)

    sent = CALLED.splice(SERVED.outline("responses", members), members, GPT).body

    assert sent == b'{"model":"gpt-6-sol","input":[{"type":"mystery","x":1.0}],"moderation":{"model":"m"}}'


def test_a_count_takes_the_members_that_count() -> None:
    """What only an answer needs is left out of the question, whoever asks."""
    members = cut(b'{"model":"mine","input":"x","stream":true,"max_output_tokens":5}')
    called: Any = CALLED

    spliced = called.count_spliced(SERVED.outline("input_tokens", members), members, GPT)
    written = called.count(ChatRequest(HI, Knobs(max_tokens=5)), GPT)

    assert (spliced.path, spliced.body) == ("/v1/responses/input_tokens", b'{"model":"gpt-6-sol","input":"x"}')
    assert set(json.loads(written.body)) == {"model", "input"}
    assert called.counted(b'{"object":"response.input_tokens","input_tokens":21}') == 21


WORDS = st.text(min_size=1, max_size=5)
PARTS = st.one_of(
    st.builds(Text, WORDS), st.builds(Refusal, WORDS), st.builds(ToolCall, st.uuids().map(str), WORDS, st.just("{}"))
)


@st.composite
def histories(draw: st.DrawFn) -> tuple[Message, ...]:
    """Turns of user and assistant; every call has its output."""
    found: list[Message] = []
    for _ in range(draw(st.integers(1, 4))):
        found.append(Message("user", tuple(draw(st.lists(st.builds(Text, WORDS), min_size=1, max_size=2)))))
        parts = draw(st.lists(PARTS, min_size=1, max_size=3))
        parts.sort(key=lambda part: isinstance(part, ToolCall))
        found.append(Message("assistant", tuple(parts)))
        calls = [part for part in parts if isinstance(part, ToolCall)]
        found += [Message("tool", (ToolResult(call.id, (Text(draw(WORDS)),), call.name),)) for call in calls]
    return tuple(found)


@given(histories())
def test_a_history_written_is_read_back(messages: tuple[Message, ...]) -> None:
    """Our own reader finds in the items the very turns that were written."""
    sent = CALLED.request(ChatRequest(messages), BOX, stream=False).body

    found = SERVED.read("responses", cut(sent))

    assert isinstance(found, ChatRequest)
    assert found.messages == messages
