"""Requests to Anthropic written from a meaning, in the form that each family of models takes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw, structs

from dialects.anthropic.anthropic_golden import BOX, CLAUDE, OLD_CLAUDE, sent
from hearth.chat import (
    Audio,
    ChatRequest,
    CompleteRequest,
    EmbedRequest,
    Format,
    Image,
    Knobs,
    Message,
    Reasoning,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from hearth.dialects.anthropic import CALLED
from hearth.dialects.anthropic.traits import traits_of
from hearth.dialects.body import cut
from hearth.dialects.dialect import Destination
from hearth.problems import BadRequest, Unsupported

FABLE = Destination("anthropic", "claude-fable-5")
MINIMAX = Destination("minimax", "MiniMax-M2.5", prefix="/anthropic")
LOOK = Tool("look", "Looks", Raw(b'{"type":"object","properties":{}}'))
HELLO = Message("user", (Text("Hello"),))


def asked(to: Destination = CLAUDE, *, stream: bool = False, **given: Any) -> dict[str, Any]:  # noqa: ANN401 -- fields
    """The body for a hello with these fields."""
    return sent(ChatRequest((HELLO,), **given), to, stream=stream)


def test_where_and_how_it_is_sent() -> None:
    """The path comes after the address as `ANTHROPIC_BASE_URL` wants it; the version is the one all models answer."""
    request = CALLED.request(ChatRequest((HELLO,)), MINIMAX, stream=True)

    assert (request.method, request.path) == ("POST", "/anthropic/v1/messages")
    assert ("anthropic-version", "2023-06-01") in request.headers
    assert ("Accept", "text/event-stream") in request.headers
    assert cut(request.body)["model"] == Raw(b'"MiniMax-M2.5"')


@pytest.mark.parametrize(
    ("to", "knobs", "limit"),
    [
        (CLAUDE, Knobs(), 128_000),
        (OLD_CLAUDE, Knobs(), 64_000),
        (BOX, Knobs(), 4096),
        (CLAUDE, Knobs(max_tokens=7), 7),
        (structs.replace(CLAUDE, output_limit=9000), Knobs(), 9000),
        (structs.replace(CLAUDE, output_limit=9000, defaults=Knobs(max_tokens=500)), Knobs(), 500),
    ],
)
def test_a_limit_is_always_sent(to: Destination, knobs: Knobs, limit: int) -> None:
    """The caller's, the config's, what is known of the model, or the most that its family writes."""
    assert asked(to, knobs=knobs)["max_tokens"] == limit


def test_a_long_answer_is_streamed() -> None:
    """A whole reply that may take over ten minutes is asked for as a stream, whoever wants it whole."""
    assert asked()["stream"] is True
    assert asked(knobs=Knobs(max_tokens=1000))["stream"] is False


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        (CLAUDE, {}),
        (OLD_CLAUDE, {"temperature": 1.0, "top_k": 5}),
        (BOX, {"temperature": 1.0, "top_p": 0.9, "top_k": 5}),
    ],
)
def test_the_sampler_is_set_where_the_model_lets_it(to: Destination, expected: dict[str, float]) -> None:
    """Newer models refuse these knobs, older ones two of them together; the temperature ends at 1."""
    body = asked(to, knobs=Knobs(temperature=1.5, top_p=0.9, top_k=5, seed=3))

    assert {name: body[name] for name in ("temperature", "top_p", "top_k", "seed") if name in body} == expected


@pytest.mark.parametrize(
    ("to", "reasoning", "thinking", "effort"),
    [
        (CLAUDE, Reasoning(on=True), {"type": "adaptive", "display": "summarized"}, None),
        (CLAUDE, Reasoning(on=True, effort="minimal"), {"type": "adaptive", "display": "summarized"}, "low"),
        (CLAUDE, Reasoning(on=True, effort="xhigh"), {"type": "adaptive", "display": "summarized"}, "xhigh"),
        (CLAUDE, Reasoning(on=False), {"type": "disabled"}, None),
        (CLAUDE, Reasoning(), None, None),
        (FABLE, Reasoning(on=False), None, None),
        (OLD_CLAUDE, Reasoning(on=True, effort="low"), {"type": "enabled", "budget_tokens": 2048}, None),
        (OLD_CLAUDE, Reasoning(on=False), None, None),
        (MINIMAX, Reasoning(on=True, effort="high"), {"type": "adaptive"}, None),
        (MINIMAX, Reasoning(on=False), {"type": "disabled"}, None),
    ],
)
def test_thinking_is_asked_for_as_the_model_takes_it(
    to: Destination, reasoning: Reasoning, thinking: dict[str, object] | None, effort: str | None
) -> None:
    """Adaptive with an effort, or a budget of tokens, by the one table of models."""
    body = asked(to, reasoning=reasoning)

    assert body.get("thinking") == thinking
    assert body.get("output_config", {}).get("effort") == effort


def test_a_budget_leaves_room_for_the_answer() -> None:
    """Thinking takes at most half of the limit; where that is too little it is refused, or left out if it may be."""
    hard = Reasoning(on=True, effort="high")

    assert asked(OLD_CLAUDE, reasoning=hard, knobs=Knobs(max_tokens=4000))["thinking"]["budget_tokens"] == 2000
    with pytest.raises(Unsupported, match="max_tokens"):
        asked(OLD_CLAUDE, reasoning=hard, knobs=Knobs(max_tokens=500))
    soft = structs.replace(hard, optional=True)
    assert "thinking" not in asked(OLD_CLAUDE, reasoning=soft, knobs=Knobs(max_tokens=500))


def test_a_budget_takes_the_temperature_away() -> None:
    """With manual thinking the API takes neither temperature nor top_k."""
    body = asked(OLD_CLAUDE, reasoning=Reasoning(on=True), knobs=Knobs(temperature=0.5, top_k=4))

    assert "temperature" not in body
    assert "top_k" not in body


def test_tools_and_the_choice_among_them() -> None:
    """Required is "any" there; single calls are asked for inside the choice."""
    body = asked(tools=(LOOK,), tool_choice=ToolChoice("required"), parallel_tool_calls=False)

    assert body["tools"][0]["input_schema"]["type"] == "object"
    assert body["tool_choice"] == {"type": "any", "disable_parallel_tool_use": True}
    assert asked(tools=(LOOK,), tool_choice=ToolChoice("named", "look"))["tool_choice"] == {
        "type": "tool",
        "name": "look",
    }
    single = asked(tools=(LOOK,), parallel_tool_calls=False)
    assert single["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    assert asked(tools=(LOOK,), tool_choice=ToolChoice("none"))["tool_choice"] == {"type": "none"}


def test_a_forced_call_is_made_without_thoughts() -> None:
    """Thinking and a forced tool exclude each other: the tool is what was demanded, the effort stays."""
    body = asked(tools=(LOOK,), tool_choice=ToolChoice("required"), reasoning=Reasoning(on=True, effort="high"))

    assert "thinking" not in body
    assert body["output_config"] == {"effort": "high"}


def test_a_schema_is_written_in_the_part_of_json_schema_that_is_known() -> None:
    """Objects are closed, bounds become words, oneOf becomes anyOf, unknown formats go."""
    schema = Raw(
        b'{"type":"object","properties":{"n":{"type":"integer","minimum":2,"description":"a number"},'
        b'"u":{"oneOf":[{"type":"string","format":"uri"},{"type":"string","format":"color","pattern":"^#"}]},'
        b'"l":{"type":"array","minItems":1,"items":{"type":"object","properties":{}}}},"required":["n"]}'
    )

    form = asked(format=Format("json_schema", schema))["output_config"]["format"]

    properties = form["schema"]["properties"]
    assert form["type"] == "json_schema"
    assert form["schema"]["additionalProperties"] is False
    assert properties["n"] == {"type": "integer", "description": "a number (minimum: 2)"}
    assert properties["u"]["anyOf"][0] == {"type": "string", "format": "uri"}
    assert properties["u"]["anyOf"][1] == {"type": "string", "description": '(pattern: "^#", format: color)'}
    assert properties["l"]["items"]["additionalProperties"] is False


_SCHEMAS = st.recursive(
    st.fixed_dictionaries({"type": st.sampled_from(("string", "integer"))}, optional={"minimum": st.integers()}),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"type": st.just("object"), "properties": st.dictionaries(st.text(max_size=3), inner)}),
        st.fixed_dictionaries({"type": st.just("array"), "items": inner}),
        st.fixed_dictionaries({"oneOf": st.lists(inner, min_size=1, max_size=2)}),
    ),
    max_leaves=6,
)


@given(_SCHEMAS)
def test_no_schema_keeps_what_is_refused(schema: dict[str, Any]) -> None:
    """Whatever the nesting: every object is closed, no bound is left outside the words."""
    from hearth.dialects.body import raw

    plain = asked(format=Format("json_schema", raw(schema)))["output_config"]["format"]["schema"]

    _check(plain)


def _check(node: Any) -> None:  # noqa: ANN401 -- JSON
    assert "oneOf" not in node
    assert "minimum" not in node
    if node.get("type") == "object":
        assert node["additionalProperties"] is False
        for inner in node["properties"].values():
            _check(inner)
    for inner in node.get("anyOf", [node["items"]] if "items" in node else []):
        _check(inner)


@pytest.mark.parametrize(
    ("to", "given"),
    [
        (CLAUDE, {"format": Format("json")}),
        (MINIMAX, {"format": Format("json_schema", Raw(b"{}"))}),
        (FABLE, {"tools": (LOOK,), "tool_choice": ToolChoice("required")}),
        (CLAUDE, {"tools": (structs.replace(LOOK, name="a.b"),)}),
        (CLAUDE, {"choices": 2}),
        (CLAUDE, {"logprobs": True}),
        (CLAUDE, {"knobs": Knobs(stop=("\n",))}),
        (CLAUDE, {"messages": (Message("user", (Audio("x", "wav"),)),)}),
        (CLAUDE, {"messages": (Message("assistant", (ToolCall("c", "look", "{"),)), HELLO)}),
    ],
)
def test_what_cannot_be_carried_is_refused_by_name(to: Destination, given: dict[str, Any]) -> None:
    """A feature is never dropped: the words say which one it was."""
    with pytest.raises(Unsupported) as refused:
        sent(ChatRequest(**{"messages": (HELLO,)} | given), to)

    assert refused.value.param or refused.value.message


def test_completions_with_a_template_are_chats() -> None:
    """Ollama's generate is a chat of one turn; raw completions, gaps and embeddings are not for this API."""
    templated = CompleteRequest("Hello", system="Be terse.", images=(Image("iVBORw0K"),), templated=True)

    body = cut(CALLED.request(templated, CLAUDE, stream=False).body)

    assert body["system"] == Raw(b'"Be terse."')
    assert b'"image"' in bytes(body["messages"])
    for request in (CompleteRequest("Hello"), CompleteRequest("a", suffix="b"), EmbedRequest(("x",))):
        with pytest.raises(Unsupported):
            CALLED.request(request, CLAUDE, stream=False)


@pytest.mark.parametrize(
    ("model", "sampling", "thinking"),
    [
        ("claude-opus-4-8", "none", "adaptive"),
        ("anthropic/claude-opus-4.7", "none", "adaptive"),
        ("claude-sonnet-5-20260901", "none", "adaptive"),
        ("claude-haiku-7", "none", "adaptive"),
        ("claude-sonnet-4-6", "one", "adaptive"),
        ("anthropic.claude-haiku-4-5-20251001-v1:0", "one", "budget"),
        ("claude-opus-4-20250514", "one", "budget"),
        ("claude-3-7-sonnet-latest", "all", "budget"),
        ("MiniMax-M3", "all", "adaptive"),
        ("deepseek-v4-pro", "all", "budget"),
    ],
)
def test_models_are_known_by_their_names(model: str, sampling: str, thinking: str) -> None:
    """One row a family, other hosts' spellings included; a Claude newer than the table is like the newest."""
    traits = traits_of(model)

    assert (traits.sampling, traits.thinking) == (sampling, thinking)


def test_a_count_asks_for_what_would_be_sent() -> None:
    """The question has the prompt of the request, and no setting of the answer."""
    request = CALLED.count(ChatRequest((HELLO,), tools=(LOOK,), knobs=Knobs(temperature=1)), OLD_CLAUDE)  # type: ignore[attr-defined]

    assert request.path == "/v1/messages/count_tokens"
    assert set(cut(request.body)) == {"model", "messages", "tools"}
    assert CALLED.counted(b'{"input_tokens": 9}') == 9  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("to", "thought", "thinks"),
    [
        (OLD_CLAUDE, None, False),
        (OLD_CLAUDE, Thinking("hm"), False),
        (OLD_CLAUDE, Thinking("hm", "sig", "anthropic"), True),
        (CLAUDE, None, True),
        (BOX, None, True),
    ],
)
def test_a_turn_begun_elsewhere_is_resumed_as_the_model_takes_it(
    to: Destination, thought: Thinking | None, *, thinks: bool
) -> None:
    """Models that think to a budget refuse to begin in the middle of a turn, as after an answer of somebody else."""
    call, result = ToolCall("c1", "look", "{}"), ToolResult("c1", (Text("4"),))
    turn = Message("assistant", (call,) if thought is None else (thought, call))
    request = ChatRequest((HELLO, turn, Message("tool", (result,))), tools=(LOOK,), reasoning=Reasoning(on=True))

    assert ("thinking" in sent(request, to)) is thinks


def test_a_conversation_without_a_word_is_refused_here() -> None:
    """Empty texts cannot be sent (wire/providers §4.2), and a conversation of nothing else leaves nothing to send."""
    with pytest.raises(BadRequest, match="Nothing is said"):
        sent(ChatRequest((Message("user", (Text(""),)),)), CLAUDE)
