"""Turns in an order that a provider refuses are found, and no others."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from hearth.chat import Message, Text, ToolCall, ToolResult
from hearth.dialects.turn_order import check_order, may_be_wrong
from hearth.problems import BadRequest
from hearth_config.quirks import TurnOrder

USER = Message("user", (Text("hello"),))
SAID = Message("assistant", (Text("yes"),))
CALL = Message("assistant", (ToolCall("c1", "look", "{}"),))
RESULT = Message("tool", (ToolResult("c1", (Text("21"),)),))
NAMED = Message("tool", (ToolResult("", (Text("21"),), name="look"),))
BARE = Message("tool", (ToolResult("", (Text("21"),)),))


@pytest.mark.parametrize("result", [RESULT, NAMED, BARE])
def test_a_result_after_its_call_is_right(result: Message) -> None:
    """By its id; by its name or by its place where the caller's dialect has no ids."""
    check_order((USER, CALL, result, SAID), "paired", "box")


@pytest.mark.parametrize("turns", [(USER, RESULT), (RESULT, CALL), (USER, NAMED), (USER, BARE)])
def test_a_result_without_its_call_is_refused(turns: tuple[Message, ...]) -> None:
    """Also one that comes too early; the words say what would do."""
    with pytest.raises(BadRequest) as refused:
        check_order(turns, "paired", "box")

    assert "belongs to no call" in str(refused.value)
    assert "before its result" in refused.value.next_step


TWO = Message("assistant", (ToolCall("c1", "look", "{}"), ToolCall("c2", "look", "{}")))
LATER = Message("tool", (ToolResult("c2", (Text("22"),)),))
BOTH = Message("user", (ToolResult("c1", (Text("21"),)), ToolResult("c2", (Text("22"),)), Text("so?")))


@pytest.mark.parametrize(
    "turns",
    [
        (USER, CALL, USER),
        (USER, TWO, RESULT, USER),
        (USER, TWO, NAMED, USER),
        (USER, CALL, SAID, USER),
        (USER, CALL, RESULT, CALL, USER),
    ],
)
def test_a_call_without_its_result_is_refused(turns: tuple[Message, ...]) -> None:
    """The history of an agent that was interrupted: hosted APIs refuse it; the words say what would do."""
    with pytest.raises(BadRequest, match="has no result before the next turn") as refused:
        check_order(turns, "paired", "box")

    assert "right after it" in refused.value.next_step


@pytest.mark.parametrize(
    "turns",
    [(USER, TWO, RESULT, LATER, USER), (USER, TWO, BOTH), (USER, TWO, NAMED, BARE, SAID, USER), (USER, CALL)],
)
def test_calls_with_all_their_results_are_right(turns: tuple[Message, ...]) -> None:
    """In turns of their own, or in one of the user's; a call at the very end is for the caller to answer."""
    check_order(turns, "paired", "box")


@pytest.mark.parametrize("turns", [(USER, USER), (USER, SAID, SAID)])
def test_two_alike_in_a_row_are_refused_where_a_provider_minds(turns: tuple[Message, ...]) -> None:
    """There by name; anywhere else they pass."""
    check_order(turns, "paired", "box")
    with pytest.raises(BadRequest, match="box takes turns"):
        check_order(turns, "alternating", "box")


def test_turns_of_tools_stand_between() -> None:
    """Calls and results do not count as two alike, nor do instructions."""
    system = Message("system", (Text("Be brief."),))

    check_order((system, system, USER, CALL, RESULT, RESULT, SAID, USER), "alternating", "box")


@given(st.lists(st.sampled_from([USER, SAID, CALL, RESULT, NAMED, BARE])))
def test_a_server_that_takes_anything_is_left_alone(turns: list[Message]) -> None:
    """Whatever comes: its own template decides."""
    check_order(turns, "any", "box")


@given(st.lists(st.sampled_from([USER, SAID, RESULT, NAMED, BARE])))
def test_without_a_call_every_result_is_refused(turns: list[Message]) -> None:
    """And what holds none passes."""
    held = any(turn.role == "tool" for turn in turns)

    refused = False
    try:
        check_order(turns, "paired", "box")
    except BadRequest:
        refused = True

    assert refused == held


@pytest.mark.parametrize(
    ("members", "order", "looked_at"),
    [
        ({"messages": b'[{"role":"user","content":"hello"}]'}, "paired", False),
        ({"messages": b'[{"role":"tool","tool_call_id":"x"}]'}, "paired", True),
        ({"messages": b'[{"role":"user","content":[{"type":"tool_result"}]}]'}, "paired", True),
        ({"contents": b'[{"parts":[{"functionResponse":{}}]}]'}, "paired", True),
        ({"contents": b'[{"parts":[{"function_response":{}}]}]'}, "paired", True),
        ({"input": b'[{"type":"function_call_output"}]'}, "paired", True),
        ({"input": b'[{"type":"custom_tool_call_output"}]'}, "paired", True),
        ({"input": b'[{"type":"function_call_output"}]', "previous_response_id": b'"r"'}, "paired", False),
        ({"messages": b'[{"role":"tool"}]'}, "any", False),
        ({"messages": b'[{"role":"user","content":"hello"}]'}, "alternating", True),
        ({"input": b'"hello"'}, "paired", False),
        ({"input": b'[{"type":"function_call"}]'}, "paired", True),
        ({"contents": b'[{"parts":[{"functionCall":{}}]}]'}, "paired", True),
        ({"prompt": b'"tool_result"'}, "alternating", False),
    ],
)
def test_only_conversations_in_doubt_are_read(members: dict[str, bytes], order: TurnOrder, looked_at: bool) -> None:
    """What holds neither call nor result costs one look at its bytes; what goes on elsewhere is not judged."""
    held: dict[str, Any] = {name: Raw(value) for name, value in members.items()}

    assert may_be_wrong(held, order) is looked_at
