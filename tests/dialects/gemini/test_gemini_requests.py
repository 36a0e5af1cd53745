"""Requests as Google's clients send them: what planning sees of them, and what they mean."""

import json
from typing import Any

import pytest
from msgspec import Raw

from dialects.gemini.gemini_wire import PIXEL, outline, read, request, user
from hearth.chat import (
    Audio,
    ChatRequest,
    EmbedRequest,
    File,
    Format,
    Image,
    Knobs,
    Message,
    Reasoning,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
)
from hearth.dialects.gemini import SERVED
from hearth.dialects.gemini.seals import NAME, SKIP, seal
from hearth.problems import BadRequest, Unsupported


def test_both_spellings_of_a_name_are_one() -> None:
    """Google's own examples write snake_case, a part without its list, and contents without a role."""
    body = {
        "system_instruction": {"parts": {"text": "Be brief."}},
        "contents": {"parts": [{"inline_data": {"mime_type": "image/png", "data": PIXEL}}]},
        "generation_config": {
            "max_output_tokens": 5,
            "stop_sequences": ["x"],
            "thinking_config": {"thinking_budget": 0},
        },
    }

    meant = read(body)
    seen = outline(body)

    assert meant == ChatRequest(
        (Message("system", (Text("Be brief."),)), Message("user", (Image(data=PIXEL, media_type="image/png"),))),
        knobs=Knobs(max_tokens=5, stop=("x",)),
        reasoning=Reasoning(on=False),
    )
    assert (seen.needs, seen.images, seen.max_tokens) == (frozenset({"images"}), 1, 5)


def test_what_the_caller_named_is_not_renamed() -> None:
    """Arguments, answers and properties of a schema keep the names they have."""
    body = {
        "contents": [
            {"role": "model", "parts": [{"function_call": {"name": "f", "args": {"my_key": 1}}}]},
            user({"function_response": {"name": "f", "response": {"my_answer": 2}}}),
        ],
        "tools": [
            {
                "function_declarations": [
                    {
                        "name": "f",
                        "parameters": {
                            "type": "OBJECT",
                            "properties": {"my_key": {"type": "INTEGER", "max_items": "3"}},
                        },
                    }
                ]
            }
        ],
    }

    meant = read(body)

    assert meant.messages == (
        Message("assistant", (ToolCall("call_0", "f", '{"my_key":1}'),)),
        Message("tool", (ToolResult("call_0", (Text('{"my_answer":2}'),), "f"),)),
    )
    assert meant.tools[0].parameters is not None
    assert json.loads(bytes(meant.tools[0].parameters)) == {
        "type": "object",
        "properties": {"my_key": {"type": "integer", "maxItems": 3}},
    }


def test_media_are_told_apart_by_their_type() -> None:
    """Pictures, sound and documents; base64 of either alphabet, since google-genai sends the one made for URLs."""
    kinds = ("image/png", "audio/mpeg", "application/pdf")
    body = {"contents": [user(*({"inlineData": {"mimeType": kind, "data": "a-_b"}} for kind in kinds))]}

    meant, seen = read(body), outline(body)

    assert meant.messages[0].parts == (
        Image(data="a+/b", media_type="image/png"),
        Audio("a+/b", "mp3"),
        File(data="a+/b", media_type="application/pdf"),
    )
    assert seen.needs == {"images", "audio", "files"}


def test_a_turn_of_answers_is_a_tool_turn_and_finds_its_calls_by_name() -> None:
    """Calls without ids get some; what the user says beside the answers is a turn of its own."""
    call = {"functionCall": {"name": "f", "args": {"x": 1}}}
    answers = (
        {"functionResponse": {"name": "g", "response": {"error": "no"}}},
        {"functionResponse": {"name": "f", "response": {"result": "yes"}}},
    )
    body = {
        "contents": [
            user("Hi"),
            {"role": "model", "parts": [call, {"functionCall": {"name": "g", "args": {}}}]},
            user(*answers, "And?"),
        ]
    }

    meant = read(body)

    assert meant.messages[1:] == (
        Message("assistant", (ToolCall("call_0", "f", '{"x": 1}'), ToolCall("call_1", "g", "{}"))),
        Message(
            "tool", (ToolResult("call_1", (Text("no"),), "g", is_error=True), ToolResult("call_0", (Text("yes"),), "f"))
        ),
        Message("user", (Text("And?"),)),
    )


def test_an_answer_with_an_id_its_call_has_not_is_found_by_name() -> None:
    """Clients may number answers to calls that came without ids."""
    call = {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}}]}
    answer = {"functionResponse": {"id": "mine", "name": "f", "response": {"result": "yes"}}}

    meant = read({"contents": [user("Hi"), call, user(answer)]})

    assert meant.messages[-1] == Message("tool", (ToolResult("call_0", (Text("yes"),), "f"),))


def test_pictures_in_an_answer_are_kept() -> None:
    """A function may answer with a picture beside its object."""
    answer = {
        "name": "f",
        "id": "1",
        "response": {},
        "parts": [{"inlineData": {"mimeType": "image/png", "data": PIXEL}}],
    }
    body = {"contents": [user({"functionResponse": answer})]}

    meant = read(body)

    assert meant.messages[0].parts == (ToolResult("1", (Text("{}"), Image(data=PIXEL, media_type="image/png")), "f"),)
    assert outline(body).images == 1


def test_seals_come_back_to_their_makers() -> None:
    """A Gemini's signature, another maker's in our envelope, and the word that seals nothing."""
    foreign = seal("sealed:by it", "anthropic")
    parts = [
        {"text": "Hm.", "thought": True},
        {"text": "", "thoughtSignature": foreign},
        {"functionCall": {"name": "f", "id": "1", "args": {}}, "thoughtSignature": "c2ln"},
        {"functionCall": {"name": "f", "id": "2", "args": {}}, "thoughtSignature": SKIP},
    ]

    meant = read({"contents": [{"role": "model", "parts": parts}]})

    assert meant.messages[0].parts == (
        Thinking("Hm.", "sealed:by it", "anthropic"),
        ToolCall("1", "f", "{}", "c2ln", NAME),
        ToolCall("2", "f", "{}"),
    )


def test_the_shape_of_an_answer_is_read() -> None:
    """JSON Schema as it is, OpenAPI's subset converted, nullable types included."""
    openapi = {"type": "OBJECT", "properties": {"a": {"type": "STRING", "nullable": True}}, "propertyOrdering": ["a"]}
    plain = {"responseMimeType": "application/json"}

    asked = [
        {"contents": [user("Hi")], "generationConfig": plain | more}
        for more in ({}, {"responseSchema": openapi}, {"responseJsonSchema": {"type": "object"}})
    ]

    forms = [read(body).format for body in asked]
    assert forms[0] == Format("json")
    assert forms[1] is not None
    assert forms[1].schema is not None
    assert json.loads(bytes(forms[1].schema)) == {"type": "object", "properties": {"a": {"type": ["string", "null"]}}}
    assert forms[2] == Format("json_schema", Raw(b'{"type": "object"}'))
    assert [outline(body).needs for body in asked] == [{"json"}, {"json_schema"}, {"json_schema"}]


def test_texts_to_embed_are_read_one_and_many() -> None:
    """Several parts make one vector; a size is meant for all."""
    one = SERVED.read(
        *request({"content": {"parts": [{"text": "a"}, {"text": "b"}]}, "outputDimensionality": 3}, "embedContent")
    )
    rows = [{"model": "models/m", "content": {"parts": [{"text": text}]}, "taskType": "X"} for text in "ab"]
    many = SERVED.read(*request({"requests": rows}, "batchEmbedContents"))

    assert one == EmbedRequest(("a\nb",), dimensions=3)
    assert many == EmbedRequest(("a", "b"))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"contents": []},
        {"contents": "Hi"},
        {"contents": [{"role": "assistant", "parts": [{"text": "x"}]}]},
        {"contents": [user("Hi")], "generationConfig": {"temperature": "hot"}},
        {"contents": [user("Hi")], "generationConfig": {"responseSchema": {"type": "OBJECT"}}},
        {"contents": [user({"inlineData": {"mimeType": "png", "data": ""}})]},
        {"contents": [user({"functionCall": {"name": "f", "args": 3}})]},
        {"contents": [user("Hi")], "toolConfig": {"functionCallingConfig": {"mode": "SOME"}}},
    ],
)
def test_what_cannot_be_read_is_refused(body: dict[str, Any]) -> None:
    """Each is a 400 before anything is sent."""
    with pytest.raises(BadRequest):
        read(body)


def test_a_tool_of_googles_has_no_meaning_elsewhere() -> None:
    """Should it come so far, it is refused by name."""
    with pytest.raises(Unsupported, match="googleSearch"):
        read({"contents": [user("Hi")], "tools": [{"googleSearch": {}}]})


def test_functions_without_parameters_have_none() -> None:
    """A function may take nothing."""
    tools = [{"functionDeclarations": [{"name": "f"}]}]

    assert read({"contents": [user("Hi")], "tools": tools}).tools == (Tool("f"),)
