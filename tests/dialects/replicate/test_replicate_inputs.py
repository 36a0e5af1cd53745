"""What a request means, under the names and in the types of one model's input."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from dialects.replicate.replicate_examples import TO, Play, described
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
    Request,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
)
from hearth.dialects.dialect import Head
from hearth.dialects.replicate import CALLED
from hearth.problems import (
    BrokenReply,
    KeyRefused,
    ModelMissing,
    Problem,
    ProviderRefusal,
    QuotaSpent,
    RateLimited,
    Unsupported,
)

STRING, WHOLE, LIST = {"type": "string"}, {"type": "integer"}, {"type": "array"}
EFFORT = {"allOf": [{"$ref": "#/components/schemas/effort"}]}
HELLO = Message("user", (Text("Hello"),))


def written(request: ChatRequest, **fields: Any) -> Any:  # noqa: ANN401 -- JSON
    """Return the input that a model of these fields gets."""
    play = Play(request).go(described(**fields))
    play.next()
    return json.loads(play.last.body)["input"]


def chat(*messages: Message, **more: Any) -> ChatRequest:  # noqa: ANN401 -- the fields of a request
    return ChatRequest(messages or (HELLO,), **more)


TALK = (
    Message("system", (Text("S"),)),
    HELLO,
    Message("assistant", (Thinking("hm"), Text("Let me see."), ToolCall("c", "f", '{"a":1}'))),
    Message("tool", (ToolResult("c", (Text("18C"),), "f"),)),
)


def test_more_turns_are_a_transcript() -> None:
    """wire/providers §4.17: it ends where the model goes on; the system prompt has its own place or goes first."""
    prompt = 'User: Hello\nAssistant: Let me see.\n(called f with {"a":1})\nTool: (f answered) 18C\nAssistant:'

    assert written(chat(*TALK), prompt=STRING, system_prompt=STRING) == {"prompt": prompt, "system_prompt": "S"}
    assert written(chat(*TALK), prompt=STRING) == {"prompt": f"S\n\n{prompt}"}
    assert written(chat(), prompt=STRING) == {"prompt": "Hello"}


def test_a_model_that_takes_messages_gets_them() -> None:
    """As an array, or as the JSON of one in a text."""
    turns = [
        {"role": "system", "content": "S"},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": 'Let me see.\n(called f with {"a":1})'},
        {"role": "user", "content": "(f answered) 18C"},
    ]

    assert written(chat(*TALK), messages=LIST, prompt=STRING) == {"messages": turns}
    assert json.loads(written(chat(*TALK), messages=STRING)["messages"]) == turns


def test_knobs_go_by_the_names_the_model_has() -> None:
    """What it lacks is lost, but for stop sequences: those are a list, or one text with commas."""
    knobs = Knobs(max_tokens=9, temperature=0.5, min_p=0.1, repeat_penalty=1.1, stop=("END", "a,b"))
    plain = chat(knobs=replace(knobs, stop=("END", "STOP")))

    one = written(plain, prompt=STRING, max_new_tokens=WHOLE, stop_sequences=STRING, repetition_penalty=WHOLE)
    other = written(
        chat(knobs=knobs), prompt=STRING, max_completion_tokens=WHOLE, max_tokens=WHOLE, stop=LIST, temperature=WHOLE
    )

    assert one == {"prompt": "Hello", "max_new_tokens": 9, "stop_sequences": "END,STOP", "repetition_penalty": 1.1}
    assert other == {"prompt": "Hello", "max_completion_tokens": 9, "stop": ["END", "a,b"], "temperature": 0.5}


@pytest.mark.parametrize("inputs", [{}, {"stop_sequences": STRING}])
def test_a_stop_sequence_is_never_left_out(inputs: dict[str, Any]) -> None:
    """A model without an input for them, or with one text for all, refuses what it cannot be told."""
    with pytest.raises(Unsupported, match="stop sequence"):
        written(chat(knobs=Knobs(stop=("a,b",))), prompt=STRING, **inputs)


def test_pictures_go_where_the_model_takes_them() -> None:
    """One in a text, several in an array; a picture in a tool's answer is one as well."""
    one = Message("user", (Text("Hello"), Image("iVBORw")))
    shown = Message("tool", (ToolResult("c", (Image(url="https://example.com/a.png"),)),))

    single = written(chat(one), prompt=STRING, image=STRING)
    several = written(chat(one, shown), prompt=STRING, images=LIST)

    assert single["image"] == "data:image/png;base64,iVBORw"
    assert several["images"] == ["data:image/png;base64,iVBORw", "https://example.com/a.png"]


@pytest.mark.parametrize(
    ("reasoning", "expected"),
    [
        (Reasoning(), None),
        (Reasoning(on=False), None),
        (Reasoning(on=True), None),
        (Reasoning(on=True, effort="minimal"), "low"),
        (Reasoning(on=True, effort="medium"), "medium"),
        (Reasoning(on=True, effort="max"), "high"),
    ],
)
def test_an_effort_is_the_nearest_word_the_model_has(reasoning: Reasoning, expected: str | None) -> None:
    """What it has no word for stays at its own."""
    found = written(chat(reasoning=reasoning), prompt=STRING, reasoning_effort=EFFORT)

    assert found.get("reasoning_effort") == expected


def test_a_wish_to_think_that_may_stay_one_is_left_out() -> None:
    """A caller that takes an answer without thoughts gets one of a model that has no word for them."""
    assert written(chat(reasoning=Reasoning(on=True, optional=True)), prompt=STRING) == {"prompt": "Hello"}


@pytest.mark.parametrize(
    ("request_", "word"),
    [
        (chat(tools=(Tool("f"),)), "call tools"),
        (chat(format=Format("json")), "held to JSON"),
        (chat(logprobs=True), "probabilities"),
        (chat(choices=2), "several answers"),
        (chat(Message("user", (Audio("AA", "wav"),))), "no sound"),
        (chat(Message("user", (Image("AA"),))), "no images"),
        (chat(reasoning=Reasoning(on=True)), "thinking"),
    ],
)
def test_what_the_model_has_no_input_for_is_refused_by_name(request_: ChatRequest, word: str) -> None:
    """A feature is never dropped."""
    with pytest.raises(Unsupported) as caught:
        written(request_, prompt=STRING)

    assert word in caught.value.text


@pytest.mark.parametrize(
    ("request_", "word"),
    [
        (EmbedRequest(("a",)), "embeddings"),
        (CompleteRequest("a"), "raw text"),
        (CompleteRequest("a", suffix="b"), "gaps"),
    ],
)
def test_other_kinds_of_requests_are_refused(request_: Request, word: str) -> None:
    """There is no form for them that all models share."""
    with pytest.raises(Unsupported) as caught:
        CALLED.exchanges(request_, TO, stream=False)

    assert word in caught.value.text


def test_a_prompt_that_wants_the_template_is_a_conversation() -> None:
    """As Ollama's generate means it."""
    sent = CALLED.request(CompleteRequest("P", system="S", templated=True), TO, stream=False)

    assert json.loads(sent.body)["input"] == {"prompt": "P", "system_prompt": "S"}


@pytest.mark.parametrize(
    ("status", "detail", "kind", "wait"),
    [
        (401, "Unauthenticated", KeyRefused, None),
        (402, "You have insufficient credit", QuotaSpent, None),
        (404, "The requested resource could not be found.", ModelMissing, None),
        (422, "- input.prompt: is required", ProviderRefusal, None),
        (429, "Request was throttled. Expected available in 12 seconds.", RateLimited, 12.0),
    ],
)
def test_problem_details_are_told_as_what_they_are(
    status: int, detail: str, kind: type[Problem], wait: float | None
) -> None:
    """RFC 7807; how long to wait stands in the words where no header says it (F14)."""
    body = json.dumps({"title": "T", "detail": detail, "status": status}).encode()

    problem = CALLED.problem(Head(status), body, "replicate")

    assert type(problem) is kind
    assert problem.retry_after == wait
    assert detail.rstrip(".") in problem.message


def test_the_list_names_models_by_owner() -> None:
    """A collection, or a page of a plain list; anything else is broken."""
    rows = [{"owner": "meta", "name": "llama"}, {"owner": "", "name": "x"}]

    for form in ({"models": rows}, {"results": rows, "next": None}):
        assert [model.name for model in CALLED.models(json.dumps(form).encode())] == ["meta/llama"]
    for broken in (b"{}", b"<html>"):
        with pytest.raises(BrokenReply):
            CALLED.models(broken)
    assert CALLED.list_models(TO).path == "/v1/collections/language-models"
