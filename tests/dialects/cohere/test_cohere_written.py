"""Requests of any dialect, written in Cohere's form, or refused by name."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw
from msgspec.structs import replace

from dialects.cohere.cohere_examples import TO, members
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
    Request,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from hearth.dialects.cohere import CALLED, SERVED
from hearth.dialects.cohere.names import spelled, unspelled
from hearth.dialects.dialect import Destination, Head
from hearth.problems import BrokenReply, KeyRefused, Problem, ProviderFault, RateLimited, Unsupported

SCHEMA = Raw(b'{"type":"object"}')
HELLO = Message("user", (Text("Hello"),))
WEATHER = Tool("get-weather", "Weather", SCHEMA)


def written(request: Request, to: Destination = TO, *, stream: bool = False) -> Any:  # noqa: ANN401 -- JSON
    return json.loads(CALLED.request(request, to, stream=stream).body)


def chat(*messages: Message, **more: Any) -> ChatRequest:  # noqa: ANN401 -- the fields of a request
    return ChatRequest(messages or (HELLO,), **more)


def test_a_conversation_with_tools_and_pictures() -> None:
    """The turn that wire/providers §4.17 draws: pictures of results go into a message after them."""
    request = chat(
        Message("system", (Text("S"),)),
        Message("user", (Text("T"), Image("iVBORw", detail="low"))),
        Message("assistant", (Thinking("hm"), ToolCall("c1", "get-weather", '{"city":"Paris"}'))),
        Message("tool", (ToolResult("c1", (Text("18C"), Image(url="https://example.com/a.png"))),)),
        Message("assistant", (Text("Warm."),)),
    )

    assert written(request)["messages"] == [
        {"role": "system", "content": "S"},
        {"role": "user", "content": [
            {"type": "text", "text": "T"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw", "detail": "low"}}]},
        {"role": "assistant", "tool_calls": [
            {"id": "c1", "type": "function",
             "function": {"name": "get__x2d__weather", "arguments": '{"city":"Paris"}'}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "18C\n(See also what follows.)"},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]},
        {"role": "assistant", "content": "Warm."},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("18C", "18C"),
        ("18", "18"),
        ("[]", "[]"),
        ('{"t":18}', [{"type": "document", "document": {"data": {"t": 18}}}]),
        ('[{"a":1},{"b":2}]', [
            {"type": "document", "document": {"data": {"a": 1}}},
            {"type": "document", "document": {"data": {"b": 2}}}]),
    ],
)  # fmt: skip
def test_results_that_are_objects_become_documents(text: str, expected: object) -> None:
    """So that the model can cite them; what is no object stays the text it is."""
    calls = Message("assistant", (ToolCall("", "f", "{}"),))

    messages = written(chat(HELLO, calls, Message("tool", (ToolResult("", (Text(text),)),))))["messages"]

    assert messages[-1] == {"role": "tool", "tool_call_id": "call_0", "content": expected}


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, (["get__x2d__weather", "now"], None)),
        (ToolChoice("auto"), (["get__x2d__weather", "now"], None)),
        (ToolChoice("required"), (["get__x2d__weather", "now"], "REQUIRED")),
        (ToolChoice("named", "now"), (["now"], "REQUIRED")),
        (ToolChoice("none"), ([], None)),
    ],
)
def test_the_choice_among_tools(choice: ToolChoice | None, expected: tuple[list[str], str | None]) -> None:
    """Cohere has no word for one tool: it is the only one on offer."""
    found = written(chat(tools=(WEATHER, Tool("now")), tool_choice=choice))

    names = [tool["function"]["name"] for tool in found.get("tools", [])]
    assert (names, found.get("tool_choice")) == expected


@pytest.mark.parametrize(
    ("reasoning", "expected"),
    [
        (Reasoning(), None),
        (Reasoning(on=False), {"type": "disabled"}),
        (Reasoning(on=True), {"type": "enabled"}),
        (Reasoning(on=True, effort="low"), {"type": "enabled", "token_budget": 2048}),
        (Reasoning(on=True, effort="max"), {"type": "enabled"}),
    ],
)
def test_an_effort_is_a_budget(reasoning: Reasoning, expected: object) -> None:
    """wire/providers §2."""
    assert written(chat(reasoning=reasoning)).get("thinking") == expected


def test_a_model_that_cannot_think_is_not_told_to_where_that_is_no_matter() -> None:
    """A wish that may stay one is left out; an order not to think means nothing there."""
    unable = replace(TO, thinks=False)

    assert "thinking" not in written(chat(reasoning=Reasoning(on=True, optional=True)), unable)
    assert "thinking" not in written(chat(reasoning=Reasoning(on=False)), unable)


def test_knobs_have_coheres_names_and_ranges() -> None:
    """What it lacks is lost, a p of 1 is its highest, no stop sequence is left out; defaults fill the rest."""
    knobs = Knobs(temperature=0.5, top_p=1.0, top_k=4, min_p=0.1, seed=7, stop=tuple("abcdef"), presence_penalty=0.1)

    found = written(chat(knobs=knobs), replace(TO, defaults=Knobs(temperature=0.1, max_tokens=9)))

    assert {name: found[name] for name in found.keys() - {"model", "messages", "stream"}} == {
        "temperature": 0.5,
        "p": 0.99,
        "k": 4,
        "seed": 7,
        "stop_sequences": list("abcdef"),
        "presence_penalty": 0.1,
        "max_tokens": 9,
    }


def test_members_of_the_config_go_where_they_belong() -> None:
    """safety_mode is chat's, input_type is that of embeddings."""
    to = replace(TO, extra=members(safety_mode="NONE", input_type="clustering"))

    talk, embedding = written(chat(), to), written(EmbedRequest(("a",)), to)

    assert ("safety_mode" in talk, "input_type" in talk) == (True, False)
    assert ("safety_mode" in embedding, embedding["input_type"]) == (False, "clustering")


def test_embeddings_say_what_they_are_for_and_are_never_cut() -> None:
    """By route they are documents; a text that is too long is refused there."""
    assert written(EmbedRequest(("a", "b"), dimensions=256)) == {
        "model": "command-a",
        "input_type": "search_document",
        "texts": ["a", "b"],
        "embedding_types": ["float"],
        "truncate": "NONE",
        "output_dimension": 256,
    }


@pytest.mark.parametrize(
    ("request_", "word"),
    [
        (chat(Message("user", (Audio("AA", "wav"),))), "audio"),
        (chat(Message("user", (File("AA"),))), "file"),
        (chat(choices=2), "one answer"),
        (chat(logprobs=True), "probabilities"),
        (chat(tools=(WEATHER,), format=Format("json")), "JSON while tools"),
        (chat(tools=(WEATHER,), tool_choice=ToolChoice("named", "other")), "not on offer"),
        (CompleteRequest("a", suffix="b"), "gaps"),
        (CompleteRequest("a"), "raw text"),
        (EmbedRequest(((1, 2),)), "token ids"),
        (EmbedRequest(("a",) * 97), "96"),
    ],
)
def test_what_cohere_has_no_form_for_is_refused_by_name(request_: Request, word: str) -> None:
    """A feature is never dropped."""
    with pytest.raises(Unsupported) as caught:
        written(request_)

    assert word in caught.value.text


def test_a_prompt_that_wants_the_template_is_a_conversation() -> None:
    """As Ollama's generate means it."""
    found = written(CompleteRequest("P", system="S", templated=True))

    assert found["messages"] == [{"role": "system", "content": "S"}, {"role": "user", "content": "P"}]


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=12))
def test_names_survive_their_spelling(name: str) -> None:
    """Whatever a tool is called, Cohere may say it, and it comes back; only a name that is spelled already cannot."""
    if "__x" not in name:
        assert unspelled(spelled(name)) == name
    assert all(char.isascii() and (char.isalnum() or char == "_") for char in spelled(name))


def test_a_caller_of_cohere_keeps_its_bytes() -> None:
    """Only the model and Hearth's own member change; what the config adds lies over it."""
    given_ = members(model="fast", messages=[{"role": "user", "content": "Hi"}], documents=["d"], hearth={}, p=1)
    outline = SERVED.outline("chat", given_)

    sent = CALLED.splice(outline, given_, replace(TO, extra=members(safety_mode="NONE")))

    assert sent.path == "/v2/chat"
    assert json.loads(sent.body) == {
        "model": "command-a",
        "messages": [{"role": "user", "content": "Hi"}],
        "documents": ["d"],
        "p": 1,
        "safety_mode": "NONE",
    }


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, {"message": "invalid api token"}, KeyRefused),
        (498, {"message": "invalid token"}, KeyRefused),
        (499, {"message": "request cancelled"}, ProviderFault),
        (429, {"message": "You are using a Trial key"}, RateLimited),
        (500, {"message": "internal server error"}, ProviderFault),
    ],
)
def test_errors_are_told_as_what_they_are(status: int, body: object, kind: type[Problem]) -> None:
    """wire/providers §4.9: 498 is a key that is wrong, 499 a fault, and each keeps the status that came."""
    problem = CALLED.problem(Head(status), json.dumps(body).encode(), "cohere")

    assert type(problem) is kind
    assert problem.upstream_status == status


def test_models_tell_their_window_and_what_they_are_for() -> None:
    """What only reranks is left out; a chat model that tells no features may be able to do anything."""
    listed = CALLED.models(
        json.dumps({"models": [
            {"name": "a", "endpoints": ["chat"], "context_length": 256000.0, "features": ["tools", "vision"]},
            {"name": "b", "endpoints": ["embed"], "context_length": 512},
            {"name": "c", "endpoints": ["rerank"]},
            {"name": "d", "endpoints": ["chat"], "features": None},
        ]}).encode()
    )  # fmt: skip

    assert [(model.name, model.window, model.capabilities) for model in listed] == [
        ("a", 256000, ("completion", "tools", "vision")),
        ("b", 512, ("embedding",)),
        ("d", None, None),
    ]
    with pytest.raises(BrokenReply):
        CALLED.models(b"<html>")


_PARTS: list[Part] = [
    Text("a"),
    Image("iVBORw"),
    ToolCall("c", "f-g", "{}"),
    ToolResult("c", (Text("{}"),)),
    Thinking("t"),
]


@given(st.lists(st.builds(
    Message, st.sampled_from(["system", "user", "assistant", "tool"]), st.lists(st.sampled_from(_PARTS)).map(tuple)
)))  # fmt: skip
def test_any_order_of_turns_is_written(messages: list[Message]) -> None:
    """Whatever turns come, each written one has a role, and a tool's turn an id."""
    for turn in written(ChatRequest(tuple(messages)))["messages"]:
        assert turn["role"] in ("system", "user", "assistant", "tool")
        assert turn["role"] != "tool" or turn["tool_call_id"]
        assert ("content" in turn) != ("tool_calls" in turn)
