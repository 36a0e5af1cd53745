"""What is asked of every dialect: one request a feature, and the words of it that must not get lost."""

from __future__ import annotations

from msgspec import Raw, Struct
from msgspec.structs import replace

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
    Reasoning,
    Request,
    Role,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
"""A PNG of one pixel."""
SOUND = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA="
"""A WAV without a sample."""
PAGE = "JVBERi0xLjEKdHJhaWxlcjw8Pj4KJSVFT0YK"
"""The shortest of PDFs."""
SCHEMA = Raw(
    b'{"type":"object","properties":{"temperature_outside":{"type":"integer"}},'
    b'"required":["temperature_outside"],"additionalProperties":false}'
)
CITY = Raw(b'{"type":"object","properties":{"city":{"type":"string","description":"Which town"}},"required":["city"]}')
WEATHER = Tool("get_weather", "Tells the sunshine", CITY)
TIME = Tool("get_time", "Tells the hour", CITY)


class Tried(Struct, frozen=True):
    """A request with a feature: `marks` must stand in what is sent, `without` is the same request without it."""

    request: Request
    marks: tuple[str, ...]
    without: Request | None = None


def user(*parts: Text | Image | Audio | File) -> Message:
    """A turn of the person."""
    return Message("user", parts)


def said(role: Role, text: str) -> Message:
    """A turn of text."""
    return Message(role, (Text(text),))


HELLO = ChatRequest((said("user", "Hello there"),))
TALK = ChatRequest(
    (said("system", "Be brief"), said("user", "Who are you"), said("assistant", "A model"), said("user", "Really")),
)
_PARIS = ToolCall("call_1", "get_weather", '{"city":"Paris"}')
_ROME = ToolCall("call_2", "get_weather", '{"city":"Rome"}')
AFTER_A_TOOL = ChatRequest(
    (
        said("user", "How is the weather"),
        Message("assistant", (_PARIS,)),
        Message("tool", (ToolResult("call_1", (Text("21 degrees"),), "get_weather"),)),
    ),
    tools=(WEATHER,),
)
AFTER_BOTH = ChatRequest(
    (
        said("user", "How is the weather"),
        Message("assistant", (_PARIS, _ROME)),
        Message("tool", (ToolResult("call_1", (Text("21 degrees"),), "get_weather"),)),
        Message("tool", (ToolResult("call_2", (Text("19 degrees"),), "get_weather"),)),
    ),
    tools=(WEATHER,),
)
TOOLS = replace(HELLO, tools=(WEATHER, TIME))


def with_knobs(**knobs: object) -> ChatRequest:
    """The plain request with these settings of the sampler."""
    return replace(HELLO, knobs=Knobs(**knobs))  # type: ignore[arg-type]  # the names and types are those of Knobs


FEATURES: dict[str, Tried] = {
    "text": Tried(TALK, ("Be brief", "Who are you", "A model", "Really")),
    "tools": Tried(TOOLS, ("get_weather", "Tells the sunshine", "Which town", "get_time"), HELLO),
    "a named tool": Tried(replace(TOOLS, tool_choice=ToolChoice("named", "get_time")), ("get_time",), TOOLS),
    "a required tool": Tried(replace(TOOLS, tool_choice=ToolChoice("required")), ("get_weather",), TOOLS),
    "a tool result": Tried(AFTER_A_TOOL, ("get_weather", "Paris", "21 degrees")),
    "parallel tool results": Tried(AFTER_BOTH, ("Paris", "Rome", "21 degrees", "19 degrees")),
    "an image": Tried(ChatRequest((user(Text("What is it"), Image(PIXEL, "image/png")),)), (PIXEL, "What is it")),
    "sound": Tried(ChatRequest((user(Text("What is said"), Audio(SOUND, "wav")),)), (SOUND, "What is said")),
    "a document": Tried(
        ChatRequest((user(Text("What is this"), File(PAGE, "application/pdf", "page.pdf")),)), (PAGE, "What is this")
    ),
    "JSON": Tried(replace(HELLO, format=Format("json")), (), HELLO),
    "a JSON schema": Tried(replace(HELLO, format=Format("json_schema", SCHEMA)), ("temperature_outside",), HELLO),
    "stop sequences": Tried(with_knobs(stop=("ENDHERE",)), ("ENDHERE",), HELLO),
    "log probabilities": Tried(replace(HELLO, logprobs=True, top_logprobs=2), (), HELLO),
    "several answers": Tried(replace(HELLO, choices=2), (), HELLO),
    "a gap": Tried(CompleteRequest("def add(", suffix="return total"), ("def add(", "return total")),
    "raw text": Tried(CompleteRequest("Once upon a time"), ("Once upon a time",)),
    "embeddings": Tried(EmbedRequest(("first words", "second words")), ("first words", "second words")),
}
"""By what people call it. A dialect carries each of them, or refuses it by name: it never leaves one out."""

THINKING = replace(HELLO, reasoning=Reasoning(on=True))
