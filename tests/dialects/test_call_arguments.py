"""The arguments of an earlier call go to providers as the object they are, or not at all."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.chat import ChatRequest, Message, Text, ToolCall
from hearth.dialects import anthropic, gemini, ollama
from hearth.dialects.call_arguments import object_of
from hearth.dialects.dialect import Called, Destination
from hearth.problems import Unsupported


@given(st.dictionaries(st.text(max_size=9), st.text(max_size=9) | st.integers() | st.none()))
def test_an_object_keeps_its_bytes(given: dict[str, object]) -> None:
    """What a model wrote goes back to one as it was written."""
    text = json.dumps(given, ensure_ascii=False)

    assert bytes(object_of(ToolCall("", "f", f" {text}\n"))) == text.encode()


@pytest.mark.parametrize("text", ["", "  "])
def test_no_arguments_are_an_empty_object(text: str) -> None:
    """A function without parameters is called with nothing."""
    assert bytes(object_of(ToolCall("", "f", text))) == b"{}"


@pytest.mark.parametrize(
    "called", [anthropic.CALLED, gemini.CALLED, ollama.CALLED], ids=["anthropic", "gemini", "ollama"]
)
@pytest.mark.parametrize("text", ["[1]", '"x"', "{", "null", '{"a": "\ud800"}', "[" * 5000])
def test_anything_else_is_refused_by_the_calls_name(called: Called, text: str) -> None:
    """Bad arguments of one turn never become a request that the provider refuses in its own words."""
    turns = (Message("user", (Text("Hi"),)), Message("assistant", (ToolCall("a", "get_weather", text),)))

    with pytest.raises(Unsupported, match="'get_weather' are not a JSON object"):
        called.request(ChatRequest(turns), Destination("box", "m"), stream=False)
