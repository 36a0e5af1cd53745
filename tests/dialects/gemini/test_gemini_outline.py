"""What planning sees of a request of Google's clients, and what of it only a Gemini can do."""

from typing import Any

import pytest
from msgspec import Raw

from dialects.gemini.gemini_wire import outline, read, request, user
from hearth.chat import (
    ChatRequest,
    Reasoning,
    ToolChoice,
)
from hearth.dialects.gemini import SERVED
from hearth.problems import NotFound


def test_path_and_query_say_model_method_and_form() -> None:
    """The verb stands behind the last colon; without alt=sse a stream is one array."""
    asked = {"contents": [user("Hi")]}

    whole = outline(asked)
    events = outline(asked, "streamGenerateContent")
    array = outline(asked, "streamGenerateContent", alt="json")

    assert (whole.model, whole.stream, whole.operation) == ("m", False, "chat")
    assert (events.stream, events.array) == (True, False)
    assert (array.stream, array.array) == (True, True)


@pytest.mark.parametrize("rest", ["m", "m:", ":generateContent", "m:predict", ""])
def test_an_unknown_method_is_not_found(rest: str) -> None:
    """A path without a method we know is a 404, as at Google."""
    with pytest.raises(NotFound):
        SERVED.locate(rest, {})  # type: ignore[attr-defined]


def test_a_model_may_have_colons_of_its_own() -> None:
    """Ollama's names do."""
    route, members = SERVED.locate("qwen3:8b:generateContent", {})  # type: ignore[attr-defined]

    assert (route, members) == ("generateContent", {"model": Raw(b'"qwen3:8b"')})


@pytest.mark.parametrize(
    ("config", "meaning"),
    [
        ({"includeThoughts": True}, Reasoning(on=True)),
        ({"includeThoughts": False}, Reasoning()),
        ({"thinkingBudget": 0}, Reasoning(on=False)),
        ({"thinkingBudget": -1}, Reasoning(on=True)),
        ({"thinkingBudget": 512}, Reasoning(on=True, effort="minimal")),
        ({"thinkingBudget": 12000}, Reasoning(on=True, effort="medium")),
        ({"thinkingLevel": "LOW"}, Reasoning(on=True, effort="low")),
        ({"thinkingLevel": "XHIGH"}, Reasoning(on=True, effort="xhigh")),
    ],
)
def test_how_hard_to_think_is_read(config: dict[str, Any], meaning: Reasoning) -> None:
    """Levels and budgets mean an effort."""
    body = {"contents": [user("Hi")], "generationConfig": {"thinkingConfig": config}}

    assert read(body).reasoning == meaning
    assert ("thinking" in outline(body).needs) == (meaning.on is True)


@pytest.mark.parametrize(
    ("calling", "names", "choice"),
    [
        ({"mode": "AUTO"}, "fg", ToolChoice("auto")),
        ({"mode": "NONE"}, "fg", ToolChoice("none")),
        ({"mode": "ANY"}, "fg", ToolChoice("required")),
        ({"mode": "ANY", "allowedFunctionNames": ["g"]}, "g", ToolChoice("named", "g")),
        ({"mode": "VALIDATED", "allowedFunctionNames": ["f"]}, "f", ToolChoice("auto")),
        ({}, "fg", None),
    ],
)
def test_the_choice_among_functions_is_read(calling: dict[str, Any], names: str, choice: ToolChoice | None) -> None:
    """Modes, and the functions that remain."""
    tools = [{"functionDeclarations": [{"name": "f", "description": "F"}, {"name": "g"}]}]
    body = {"contents": [user("Hi")], "tools": tools, "toolConfig": {"functionCallingConfig": calling}}

    meant = read(body)

    assert ("".join(tool.name for tool in meant.tools), meant.tool_choice) == (names, choice)
    forced = choice is not None and choice.kind in ("required", "named")
    assert outline(body).needs == ({"tools", "tool_choice"} if forced else {"tools"})


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"tools": [{"googleSearch": {}}]}, "the tool googleSearch"),
        ({"tools": [{"code_execution": {}}]}, "the tool codeExecution"),
        ({"cachedContent": "cachedContents/x"}, "cachedContent"),
        ({"safetySettings": [{"category": "HARM", "threshold": "BLOCK_LOW_AND_ABOVE"}]}, "safetySettings"),
        ({"generationConfig": {"responseModalities": ["TEXT", "IMAGE"]}}, "answers as IMAGE"),
        ({"generationConfig": {"speechConfig": {}}}, "speechConfig"),
        ({"contents": [user({"executableCode": {"code": "x"}})]}, "executableCode"),
        ({"contents": [user({"inlineData": {"mimeType": "video/mp4", "data": ""}})]}, "parts of type video/mp4"),
        ({"contents": [user({"fileData": {"mimeType": "application/pdf", "fileUri": "gs://x"}})]}, "fileData"),
    ],
)
def test_what_only_a_gemini_does_is_named(more: dict[str, Any], named: str) -> None:
    """Such a request goes to a Gemini or is refused by name; nothing of it is dropped."""
    assert named in outline({"contents": [user("Hi")]} | more).native


@pytest.mark.parametrize("threshold", ["OFF", "BLOCK_NONE"])
def test_a_filter_switched_off_is_what_any_target_does(threshold: str) -> None:
    """Only settings that block something need a Gemini."""
    body = {"contents": [user("Hi")], "safetySettings": [{"category": "HARM", "threshold": threshold}]}

    assert outline(body).native == ()
    assert read(body).unknown == {}


def test_a_count_may_ask_for_contents_or_for_a_whole_request() -> None:
    """`:countTokens` takes either, and only the number is wanted."""
    whole = {
        "generateContentRequest": {
            "model": "models/x",
            "contents": [user("Hi")],
            "systemInstruction": {"parts": [{"text": "S"}]},
        }
    }

    plain, full = outline({"contents": [user("Hi")]}, "countTokens"), outline(whole, "countTokens")

    assert plain.counts
    assert full.counts
    assert full.model == "m"
    meant = SERVED.read(*request(whole, "countTokens"))
    assert isinstance(meant, ChatRequest)
    assert len(meant.messages) == 2
