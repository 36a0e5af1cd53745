"""Messages requests read to their meaning, and to what planning needs of them."""

from typing import Any

import pytest
from msgspec import Raw

from dialects.anthropic.anthropic_golden import HELLO, members, read
from hearth.chat import File, Format, Image, Knobs, Message, Reasoning, Text, Thinking, Tool, ToolCall, ToolChoice
from hearth.chat import ToolResult as Result
from hearth.dialects.anthropic import SERVED
from hearth.problems import BadRequest, NotFound, Unsupported

PNG = {"type": "base64", "media_type": "image/png", "data": "iVBORw0K"}
PDF = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}
TOOL = {
    "name": "look",
    "description": "Looks",
    "input_schema": {"type": "object"},
    "cache_control": {"type": "ephemeral"},
}


def user(*blocks: object) -> dict[str, Any]:
    """A conversation of one turn of these blocks."""
    return {"messages": [{"role": "user", "content": list(blocks)}]}


def parts(*blocks: object) -> tuple[object, ...]:
    """What these blocks of a user's turn mean."""
    return read(**user(*blocks)).messages[0].parts


def native(**given: object) -> tuple[str, ...]:
    """What only Anthropic can do of such a request."""
    return SERVED.outline("messages", members(**given)).native


def test_instructions_are_a_turn_of_their_own() -> None:
    """`system` is a text or blocks; markers of caches are no part of the meaning."""
    block = {"type": "text", "text": "Be terse.", "cache_control": {"type": "ephemeral"}}

    assert read(system="Be terse.").messages[0] == Message("system", (Text("Be terse."),))
    assert read(system=[block]).messages[0] == Message("system", (Text("Be terse."),))
    assert read(system="").messages[0].role == "user"


def test_instructions_may_come_in_the_middle() -> None:
    """Claude Code sends turns of the role system among the others."""
    request = read(messages=[*HELLO, {"role": "system", "content": "Now in French."}])

    assert request.messages[1] == Message("system", (Text("Now in French."),))


def test_pictures_and_documents_are_parts() -> None:
    """Pictures by data and address, PDFs as files, plain text and blocks as what they say, under their title."""
    found = parts(
        {"type": "image", "source": PNG},
        {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}},
        {"type": "document", "source": PDF, "title": "Report"},
        {"type": "document", "title": "Notes", "source": {"type": "text", "media_type": "text/plain", "data": "x"}},
        {"type": "document", "source": {"type": "content", "content": [{"type": "image", "source": PNG}]}},
        {"type": "search_result", "source": "https://a", "title": "A", "content": [{"type": "text", "text": "found"}]},
    )

    assert found == (
        Image("iVBORw0K", "image/png"),
        Image(url="https://example.org/a.png"),
        File("JVBERi0=", "application/pdf", "Report"),
        Text("Notes"),
        Text("x"),
        Image("iVBORw0K", "image/png"),
        Text("A\nhttps://a"),
        Text("found"),
    )


def test_calls_and_their_results() -> None:
    """A result may hold pictures and is named after the call that it answers."""
    request = read(
        messages=[
            {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "look", "input": {"a": 1}}]},
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "c1",
                        "is_error": True,
                        "content": [{"type": "text", "text": "no"}, {"type": "image", "source": PNG}],
                    },
                    {"type": "text", "text": "And?"},
                ],
            },
        ]
    )

    assert request.messages[0].parts == (ToolCall("c1", "look", '{"a": 1}'),)
    assert request.messages[1].parts == (
        Result("c1", (Text("no"), Image("iVBORw0K", "image/png")), "look", is_error=True),
        Text("And?"),
    )


def test_thinking_keeps_its_seal() -> None:
    """A signature belongs to Anthropic; thinking that nobody signed has no maker; what is redacted has no text."""
    blocks = [
        {"type": "thinking", "thinking": "hm", "signature": "sig"},
        {"type": "thinking", "thinking": "local", "signature": ""},
        {"type": "redacted_thinking", "data": "xyz"},
    ]

    found = read(messages=[{"role": "assistant", "content": blocks}]).messages[0].parts

    assert found == (Thinking("hm", "sig", "anthropic"), Thinking("local"), Thinking("", "redacted:xyz", "anthropic"))


def test_tools_and_the_choice_among_them() -> None:
    """The caller's own tools are functions; the choice says too whether several may be called at once."""
    request = read(tools=[TOOL], tool_choice={"type": "tool", "name": "look", "disable_parallel_tool_use": True})

    assert request.tools == (Tool("look", "Looks", Raw(b'{"type": "object"}')),)
    assert request.tool_choice == ToolChoice("named", "look")
    assert request.parallel_tool_calls is False
    assert read(tools=[TOOL], tool_choice={"type": "any"}).tool_choice == ToolChoice("required")
    assert read(tools=[TOOL]).parallel_tool_calls is None


@pytest.mark.parametrize(
    ("given", "reasoning"),
    [
        ({}, Reasoning(optional=True)),
        ({"thinking": {"type": "adaptive"}}, Reasoning(optional=True)),
        ({"thinking": {"type": "enabled", "budget_tokens": 2000}}, Reasoning(on=True, optional=True)),
        ({"thinking": {"type": "disabled"}}, Reasoning(on=False)),
        ({"output_config": {"effort": "xhigh"}}, Reasoning(effort="xhigh", optional=True)),
    ],
)
def test_thinking_is_a_wish(given: dict[str, object], reasoning: Reasoning) -> None:
    """How hard to think is read, and that an answer without thoughts will do; no model is refused for it."""
    assert read(**given).reasoning == reasoning
    assert "thinking" not in SERVED.outline("messages", members(**given)).needs


def test_the_shape_of_the_answer_and_the_knobs() -> None:
    """A JSON schema, the sampler, the stop sequences, the user."""
    request = read(
        output_config={"format": {"type": "json_schema", "schema": {"type": "object"}}},
        temperature=0.5,
        top_k=3,
        stop_sequences=["END"],
        metadata={"user_id": "u1"},
        speed="fast",
    )

    assert request.format == Format("json_schema", Raw(b'{"type": "object"}'), strict=True)
    assert request.knobs == Knobs(temperature=0.5, top_k=3, max_tokens=100, stop=("END",))
    assert request.user == "u1"
    assert set(request.unknown) == {"speed"}


def test_an_outline_knows_needs_and_sizes() -> None:
    """Tools, pictures, files and schema are needs; base64 is no text that a model reads."""
    big = {**PNG, "data": "A" * 5000}

    outline = SERVED.outline(
        "messages",
        members(
            **user({"type": "image", "source": big}, {"type": "document", "source": PDF}),
            tools=[TOOL],
            stream=True,
            output_config={"format": {"type": "json_schema", "schema": {}}},
        ),
    )

    assert outline.needs == {"tools", "images", "files", "json_schema"}
    assert (outline.images, outline.stream, outline.max_tokens) == (1, True, 100)
    assert 300 < outline.prompt_bytes < 1000


def test_pictures_in_a_result_count() -> None:
    """A screenshot that a tool returned needs a model that sees."""
    result = {"type": "tool_result", "tool_use_id": "c", "content": [{"type": "image", "source": PNG}]}

    outline = SERVED.outline("messages", members(**user(result)))

    assert outline.needs == {"images"}


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "the tool web_search"),
        ({"tools": [{"type": "computer_toolset_20260801"}]}, "the tool computer_toolset_20260801"),
        ({"mcp_servers": [{"type": "url", "url": "https://a", "name": "a"}]}, "mcp_servers"),
        ({"container": "c1"}, "container"),
        ({"inference_geo": "eu"}, "inference_geo"),
        ({"max_tokens": 0}, "max_tokens of 0"),
        (user({"type": "container_upload", "file_id": "f"}), "blocks of type container_upload"),
        (user({"type": "image", "source": {"type": "file", "file_id": "f"}}), "images kept at Anthropic (file_id)"),
        (user({"type": "document", "source": {"type": "url", "url": "https://a"}}), "documents by address"),
        (user({"type": "document", "source": PDF, "citations": {"enabled": True}}), "citations of documents"),
    ],
)
def test_what_only_anthropic_can_do_is_named(given: dict[str, object], name: str) -> None:
    """Such a request goes to a target of this dialect or to nobody; it is never sent on without its feature."""
    assert native(**given) == (name,)


def test_what_others_can_do_is_not_native() -> None:
    """Hints for Anthropic's caches, tiers and context editing cost nobody an answer."""
    assert not native(
        tools=[TOOL],
        mcp_servers=[],
        container=None,
        service_tier="auto",
        context_management={"edits": []},
        cache_control={"type": "ephemeral"},
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"messages": None}, "messages"),
        ({"messages": []}, "at least one message"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0.role"),
        ({"messages": "hello"}, "messages"),
        ({"tools": {}}, "tools"),
        ({"tools": [{"input_schema": {}}]}, "tools.0.name"),
        ({"tool_choice": {"type": "some"}}, "tool_choice.type"),
        ({"tool_choice": {"type": "tool"}}, "tool_choice.name"),
        ({"thinking": {"type": "hard"}}, "thinking.type"),
        ({"output_config": {"effort": "huge"}}, "output_config.effort"),
        ({"output_config": {"format": {"type": "grammar"}}}, "output_config.format"),
        (user({"type": "image"}), "lacks a required field"),
        (user({"type": "tool_use", "id": "x"}), "lacks a required field"),
        ({"stop_sequences": "END"}, "stop_sequences"),
        ({"system": 7}, "system"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(given: dict[str, object], words: str) -> None:
    """T25: a wrong type is a clean 400 that names the member."""
    with pytest.raises(BadRequest, match=words):
        read(**given)


@pytest.mark.parametrize("given", [{"max_tokens": None}, {"max_tokens": -1}, {"max_tokens": "many"}])
def test_the_limit_is_required(given: dict[str, object]) -> None:
    """As at Anthropic: there is no answer without a limit of tokens."""
    with pytest.raises(BadRequest, match="max_tokens"):
        SERVED.outline("messages", members(**given))


def test_a_count_needs_no_limit() -> None:
    """`count_tokens` has no answer, and says so in its outline."""
    given = members()
    del given["max_tokens"]

    outline = SERVED.outline("count_tokens", given)

    assert (outline.counts, outline.stream) == (True, False)


@pytest.mark.parametrize(
    "given",
    [
        {"tools": [{"type": "bash_20250124", "name": "bash"}]},
        user({"type": "web_search_tool_result", "tool_use_id": "x", "content": {"type": "error"}}),
        user({"type": "document", "source": {"type": "file", "file_id": "f"}}),
    ],
)
def test_a_meaning_without_its_feature_is_refused(given: dict[str, object]) -> None:
    """What has no meaning elsewhere is `Unsupported`, should it ever be asked of another dialect."""
    with pytest.raises(Unsupported):
        read(**given)


def test_there_are_no_other_routes() -> None:
    """A route of the table that this dialect does not know is a fault of ours, named as such."""
    with pytest.raises(NotFound):
        SERVED.outline("batches", members())
