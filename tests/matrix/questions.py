"""What is asked in every dialect: the features of the matrix, and what stands in the question and in the answer."""

from __future__ import annotations

from typing import Final, Literal

Feature = Literal[
    "text", "tools", "parallel tools", "tool results", "image", "thinking", "JSON schema", "stop", "length", "error",
    "cut",
]  # fmt: skip
FEATURES: Final[tuple[Feature, ...]] = (
    "text", "tools", "parallel tools", "tool results", "image", "thinking", "JSON schema", "stop", "length", "error",
    "cut",
)  # fmt: skip
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
"""A PNG of one pixel."""
SYSTEM = "You are terse."
ASKED: Final[dict[Feature, str]] = {
    "text": "hello world",
    "tools": "what is the weather in Paris",
    "parallel tools": "the weather in both towns",
    "tool results": "and what is the weather now",
    "image": "hello, what is in this picture",
    "thinking": "why is the sky blue",
    "JSON schema": "how warm is it in Paris",
    "stop": "count to ten",
    "length": "count to ten",
    "error": "hello world",
    "cut": "hello world",
}
"""The person's words; the rehearsal answers by them."""
STOP = "four"
LIMIT = 16
"""The least that the Responses API takes."""
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "temp": {"type": "integer"}},
    "required": ["city", "temp"],
    "additionalProperties": False,
}
RESULT = "21 degrees, sunny"
MARKS: Final[dict[Feature, tuple[str, ...]]] = {
    "text": (SYSTEM, "hello world"),
    "tools": ("get_weather", "Weather of a town", "city"),
    "parallel tools": ("get_weather",),
    "tool results": ("get_weather", "Paris", RESULT),
    "image": (PIXEL, "what is in this picture"),
    "JSON schema": ("temp", "integer"),
    "stop": (STOP,),
}
"""What must stand in the request that the provider gets."""
