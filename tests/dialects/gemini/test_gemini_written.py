"""Requests to the Gemini API and to Vertex, written from a meaning: by the model's family and the form of the API."""

import json
from typing import Any

import pytest
from msgspec import Raw
from msgspec.structs import replace

from dialects.gemini.gemini_wire import NEW, OLD, VERTEX
from hearth.chat import (
    ChatRequest,
    CompleteRequest,
    EmbedRequest,
    Format,
    Knobs,
    Message,
    Reasoning,
    Request,
    Text,
    Tool,
    ToolChoice,
)
from hearth.dialects.body import raw
from hearth.dialects.dialect import Destination
from hearth.dialects.gemini import CALLED
from hearth.problems import Unsupported

SCHEMA = Raw(b'{"type":"object","properties":{"x":{"type":"string"}}}')

HI = ChatRequest((Message("user", (Text("Hi"),)),))


def body(request: Request, to: Destination = NEW, *, stream: bool = False) -> dict[str, Any]:
    """What is sent."""
    found: dict[str, Any] = json.loads(CALLED.request(request, to, stream=stream).body)
    return found


def config(request: ChatRequest, to: Destination = NEW) -> dict[str, Any]:
    """The configuration that is sent."""
    found: dict[str, Any] = body(request, to).get("generationConfig", {})
    return found


def test_paths_name_model_and_method() -> None:
    """The key is never among them; Vertex's prefix is the address's own, other publishers' models are theirs."""
    asked = [
        CALLED.request(HI, NEW, stream=False),
        CALLED.request(HI, NEW, stream=True),
        CALLED.request(HI, VERTEX, stream=True),
        CALLED.request(HI, replace(VERTEX, model="meta/llama-4"), stream=False),
        CALLED.request(HI, replace(NEW, model="tunedModels/mine"), stream=False),
        CALLED.request(HI, replace(VERTEX, model="endpoints/123"), stream=False),
        CALLED.list_models(NEW),
        CALLED.list_models(VERTEX),
    ]

    assert [one.path for one in asked] == [
        "/v1beta/models/gemini-3.5-flash:generateContent",
        "/v1beta/models/gemini-3.5-flash:streamGenerateContent?alt=sse",
        "/v1beta1/projects/p/locations/eu/publishers/google/models/gemini-3.5-flash:streamGenerateContent?alt=sse",
        "/v1beta1/projects/p/locations/eu/publishers/meta/models/llama-4:generateContent",
        "/v1beta/tunedModels/mine:generateContent",
        "/v1beta1/projects/p/locations/eu/endpoints/123:generateContent",
        "/v1beta/models?pageSize=1000",
        "/v1beta1/publishers/google/models?pageSize=1000",
    ]


@pytest.mark.parametrize(
    ("model", "reasoning", "expected"),
    [
        ("gemini-3.5-flash", Reasoning(), None),
        ("gemini-3.5-flash", Reasoning(on=True), {"includeThoughts": True}),
        (
            "gemini-3.5-flash",
            Reasoning(on=True, effort="minimal"),
            {"includeThoughts": True, "thinkingLevel": "MINIMAL"},
        ),
        ("gemini-3.8-flash", Reasoning(on=True, effort="minimal"), {"includeThoughts": True, "thinkingLevel": "LOW"}),
        (
            "gemini-3-pro-preview",
            Reasoning(on=True, effort="medium"),
            {"includeThoughts": True, "thinkingLevel": "HIGH"},
        ),
        ("gemini-3.1-pro", Reasoning(on=True, effort="max"), {"includeThoughts": True, "thinkingLevel": "HIGH"}),
        ("gemini-3.1-pro", Reasoning(on=False), {"thinkingLevel": "LOW"}),
        ("gemini-2.5-flash", Reasoning(on=False), {"thinkingBudget": 0}),
        ("gemini-2.5-pro", Reasoning(on=False), {"thinkingBudget": 128}),
        ("gemini-2.5-pro", Reasoning(on=True), {"includeThoughts": True, "thinkingBudget": -1}),
        ("gemini-2.5-pro", Reasoning(on=True, effort="max"), {"includeThoughts": True, "thinkingBudget": 32768}),
        ("gemini-2.5-flash-lite", Reasoning(on=True, effort="low"), {"includeThoughts": True, "thinkingBudget": 2048}),
        ("gemini-2.5-flash", Reasoning(on=True, effort="xhigh"), {"includeThoughts": True, "thinkingBudget": 24576}),
        ("gemini-2.0-flash", Reasoning(on=False), None),
    ],
)
def test_thinking_is_asked_for_as_the_family_has_it(
    model: str, reasoning: Reasoning, expected: dict[str, Any] | None
) -> None:
    """Levels since generation 3, budgets before, never both (a 400)."""
    sent = config(replace(HI, reasoning=reasoning), replace(NEW, model=model))

    assert sent.get("thinkingConfig") == expected


def test_a_model_that_does_not_think_refuses_to() -> None:
    """A feature is never dropped."""
    with pytest.raises(Unsupported):
        body(replace(HI, reasoning=Reasoning(on=True)), replace(NEW, model="gemma-3-27b-it"))


def test_functions_keep_their_schemas() -> None:
    """JSON Schema as it came; one without properties is left out, since it would be refused."""
    empty = Raw(b'{"type":"object","properties":{}}')
    tools = (Tool("f", "F", SCHEMA), Tool("g", parameters=empty), Tool("h"))

    sent = body(replace(HI, tools=tools))

    assert sent["tools"] == [
        {
            "functionDeclarations": [
                {"name": "f", "description": "F", "parametersJsonSchema": json.loads(bytes(SCHEMA))},
                {"name": "g"},
                {"name": "h"},
            ]
        }
    ]
    assert "toolConfig" not in sent


@pytest.mark.parametrize(
    ("choice", "strict", "expected"),
    [
        (ToolChoice("auto"), None, {"mode": "AUTO"}),
        (ToolChoice("none"), None, {"mode": "NONE"}),
        (ToolChoice("required"), None, {"mode": "ANY"}),
        (ToolChoice("named", "f"), None, {"mode": "ANY", "allowedFunctionNames": ["f"]}),
        (None, True, {"mode": "VALIDATED"}),
    ],
)
def test_the_choice_among_functions_is_written(
    choice: ToolChoice | None, strict: bool | None, expected: dict[str, Any]
) -> None:
    """Each choice has its mode; strict functions are validated."""
    sent = body(replace(HI, tools=(Tool("f", strict=strict),), tool_choice=choice))

    assert sent["toolConfig"] == {"functionCallingConfig": expected}


def test_the_shape_of_an_answer_is_written() -> None:
    """JSON, or a schema; together with functions only since generation 3."""
    schema = replace(HI, format=Format("json_schema", SCHEMA))

    assert config(schema) == {"responseMimeType": "application/json", "responseJsonSchema": json.loads(bytes(SCHEMA))}
    assert config(replace(HI, format=Format("json"))) == {"responseMimeType": "application/json"}
    assert "tools" in body(replace(schema, tools=(Tool("f"),)))
    with pytest.raises(Unsupported):
        body(replace(schema, tools=(Tool("f"),)), OLD)


def test_knobs_are_written_and_the_configs_own_fill_what_is_open() -> None:
    """Knobs a Gemini lacks are lost; stop sequences never are: one too many is refused before (`stop_max`)."""
    knobs = Knobs(temperature=0.0, top_k=4, min_p=0.1, max_tokens=9, stop=tuple("abcdefg"), seed=1)
    to = replace(NEW, defaults=Knobs(temperature=1.0, top_p=0.5))

    sent = config(replace(HI, knobs=knobs, choices=2, logprobs=True, top_logprobs=3), to)

    assert sent == {
        "temperature": 0.0,
        "topP": 0.5,
        "topK": 4,
        "seed": 1,
        "maxOutputTokens": 9,
        "stopSequences": list("abcdefg"),
        "candidateCount": 2,
        "responseLogprobs": True,
        "logprobs": 3,
    }


def test_what_the_config_adds_is_laid_over() -> None:
    """Search grounding is added to the functions, settings are filled in, all else is set."""
    extra = {
        "tools": raw([{"googleSearch": {}}]),
        "safetySettings": raw([{"category": "X", "threshold": "OFF"}]),
        "generationConfig": raw({"temperature": 0.2, "topP": 0.3}),
    }
    request = replace(HI, tools=(Tool("f"),), knobs=Knobs(temperature=0.9))

    sent = body(request, replace(NEW, extra=extra))

    assert sent["tools"] == [{"functionDeclarations": [{"name": "f"}]}, {"googleSearch": {}}]
    assert sent["safetySettings"] == [{"category": "X", "threshold": "OFF"}]
    assert sent["generationConfig"] == {"temperature": 0.9, "topP": 0.3}


def test_a_completion_under_a_template_is_a_conversation_of_one_turn() -> None:
    """Raw text and gaps have no form here."""
    sent = body(CompleteRequest("P", system="S", templated=True))

    assert (sent["systemInstruction"]["parts"], sent["contents"][0]["parts"]) == ([{"text": "S"}], [{"text": "P"}])
    for request in (CompleteRequest("P"), CompleteRequest("P", suffix="S", templated=True)):
        with pytest.raises(Unsupported):
            body(request)


def test_texts_to_embed_go_in_one_batch() -> None:
    """The Gemini API and Vertex's newer models take a batch, Vertex's older ones predict."""
    request = EmbedRequest(("a", "b"), dimensions=8)
    row = {"model": "models/gemini-embedding-2", "content": {"parts": [{"text": "a"}]}, "outputDimensionality": 8}
    newer = CALLED.request(request, replace(NEW, model="gemini-embedding-2"), stream=False)
    older = CALLED.request(request, replace(VERTEX, model="gemini-embedding-001"), stream=False)

    assert newer.path.endswith(":batchEmbedContents")
    assert json.loads(newer.body)["requests"][0] == row
    assert older.path.endswith(":predict")
    assert json.loads(older.body) == {
        "instances": [{"content": "a"}, {"content": "b"}],
        "parameters": {"outputDimensionality": 8},
    }
    with pytest.raises(Unsupported):
        body(EmbedRequest(((1, 2),)))


def test_a_count_asks_for_the_whole_request() -> None:
    """The Gemini API counts instructions and functions only inside a whole request; Vertex takes them as they are."""
    whole = json.loads(CALLED.count(HI, NEW).body)  # type: ignore[attr-defined]
    vertex = json.loads(CALLED.count(HI, VERTEX).body)  # type: ignore[attr-defined]

    assert whole["generateContentRequest"]["model"] == "models/gemini-3.5-flash"
    assert list(vertex) == ["contents"]
    assert CALLED.counted(b'{"totalTokens": 7, "promptTokensDetails": []}') == 7  # type: ignore[attr-defined]
