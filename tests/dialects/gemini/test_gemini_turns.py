"""Turns as a Gemini wants them: roles, calls with signatures, answers by name, media as data."""

import json
from typing import Any

import pytest
from msgspec import Raw
from msgspec.structs import replace

from dialects.gemini.gemini_wire import NEW, OLD, PIXEL, VERTEX
from hearth.chat import (
    Audio,
    ChatRequest,
    File,
    Image,
    Message,
    Refusal,
    Request,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from hearth.dialects.dialect import Destination
from hearth.dialects.gemini import CALLED
from hearth.dialects.gemini.seals import NAME, SKIP
from hearth.problems import BadRequest, Unsupported

SCHEMA = Raw(b'{"type":"object","properties":{"x":{"type":"string"}}}')

HI = ChatRequest((Message("user", (Text("Hi"),)),))

TURN = (
    Message("user", (Text("Weather?"),)),
    Message("assistant", (ToolCall("a", "f", '{"x":"1"}'), ToolCall("b", "g", ""))),
    Message("tool", (ToolResult("a", (Text("18C"),)), ToolResult("b", (Text('{"t":1}'),), is_error=False))),
)


def body(request: Request, to: Destination = NEW, *, stream: bool = False) -> dict[str, Any]:
    """What is sent."""
    found: dict[str, Any] = json.loads(CALLED.request(request, to, stream=stream).body)
    return found


def test_instructions_stand_apart_and_later_ones_are_words_of_the_user() -> None:
    """Turns of one role in a row are one turn."""
    turns = (
        Message("system", (Text("A"),)),
        Message("system", (Text("B"),)),
        Message("user", (Text("1"),)),
        Message("system", (Text("C"),)),
        Message("user", (Text("2"),)),
        Message("assistant", (Text("3"), Refusal("4"))),
    )

    sent = body(ChatRequest(turns))

    assert sent["systemInstruction"] == {"parts": [{"text": "A"}, {"text": "B"}]}
    assert sent["contents"] == [
        {"role": "user", "parts": [{"text": "1"}, {"text": "C"}, {"text": "2"}]},
        {"role": "model", "parts": [{"text": "3"}, {"text": "4"}]},
    ]


@pytest.mark.parametrize("model", ["gemma-3-27b-it", "gemini-3.5-flash"])
def test_instructions_alone_are_words_of_the_user(model: str) -> None:
    """Contents may not be empty, and an older Gemma has no place for instructions."""
    turns = (Message("system", (Text("A"),)),)

    sent = body(ChatRequest(turns), replace(NEW, model=model))

    assert "systemInstruction" not in sent
    assert sent["contents"] == [{"role": "user", "parts": [{"text": "A"}]}]


def test_calls_and_answers_are_matched_by_id_and_name() -> None:
    """An answer bears its call's name; text is wrapped, an object is itself; the first call bears a signature."""
    sent = body(ChatRequest(TURN))["contents"]

    assert sent[1:] == [
        {
            "role": "model",
            "parts": [
                {"functionCall": {"name": "f", "args": {"x": "1"}, "id": "a"}, "thoughtSignature": SKIP},
                {"functionCall": {"name": "g", "args": {}, "id": "b"}},
            ],
        },
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"name": "f", "response": {"result": "18C"}, "id": "a"}},
                {"functionResponse": {"name": "g", "response": {"t": 1}, "id": "b"}},
            ],
        },
    ]


def test_vertex_knows_no_ids_and_an_older_gemini_no_signatures() -> None:
    """Each would be refused there (wire/providers §4.3)."""
    vertex, old = (json.dumps(body(ChatRequest(TURN), to)) for to in (VERTEX, OLD))

    assert '"id"' not in vertex
    assert SKIP in vertex
    assert '"id"' in old
    assert "thoughtSignature" not in old


def test_own_seals_go_back_and_others_are_left_out() -> None:
    """What a Gemini sealed is replayed as it came; what another thought is nobody's business here."""
    parts = (
        Thinking("Hm.", "c2ln", NAME),
        Thinking("Foreign.", "xyz", "anthropic"),
        Thinking("Plain."),
        Text("So:"),
        ToolCall("a", "f", "{}", "b3du", NAME),
    )

    (sent,) = body(ChatRequest((Message("assistant", parts),)))["contents"]

    assert sent["parts"] == [
        {"text": "Hm.", "thoughtSignature": "c2ln", "thought": True},
        {"text": "So:"},
        {"functionCall": {"name": "f", "args": {}, "id": "a"}, "thoughtSignature": "b3du"},
    ]


def test_an_answer_without_its_call_is_refused() -> None:
    """Nothing is sent: Google would refuse it in words nobody understands."""
    with pytest.raises(BadRequest, match="belongs to no call"):
        body(ChatRequest((Message("tool", (ToolResult("z", (Text("x"),)),)),)))


def test_pictures_in_an_answer_go_where_the_family_takes_them() -> None:
    """Inside the answer since generation 3, beside it before."""
    picture = Image(data=PIXEL)
    turns = (TURN[1], Message("tool", (ToolResult("a", (Text("see"), picture)), ToolResult("b", (Text("x"),)))))
    blob = {"inlineData": {"mimeType": "image/png", "data": PIXEL}}

    new, old = (body(ChatRequest(turns), to)["contents"][1]["parts"] for to in (NEW, OLD))

    assert new[0]["functionResponse"]["parts"] == [blob]
    assert [list(part) for part in old] == [["functionResponse"], ["functionResponse"], ["inlineData"]]


def test_media_are_sent_as_data() -> None:
    """Pictures, sound and documents inline; what is only an address or another's upload is refused by name."""
    parts = (Image(data="/9j/4AAQ"), Audio("YQ==", "mp3"), File(data="YQ=="))

    (sent,) = body(ChatRequest((Message("user", parts),)))["contents"]

    assert [part["inlineData"]["mimeType"] for part in sent["parts"]] == ["image/jpeg", "audio/mp3", "application/pdf"]
    for part in (Image(url="https://x.example/a.png"), File(id="file-1")):
        with pytest.raises(Unsupported):
            body(ChatRequest((Message("user", (part,)),)))
