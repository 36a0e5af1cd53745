"""The order of turns that providers take: each result of a tool after its call, and where they insist, no two alike.

Sources: api.openai.com ("Messages with role 'tool' must be a response to a preceding message with 'tool_calls'"), and
Anthropic's, Google's and Cohere's pages on tool use, which say the same; docs.perplexity.ai ("user or tool messages
should alternate with assistant messages").
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hearth.chat import Message, ToolCall, ToolResult
from hearth.problems import BadRequest, Unsupported

if TYPE_CHECKING:
    from hearth.chat import Members
    from hearth_config.quirks import TurnOrder

_MARKS = {
    "messages": (b'"tool',),
    "contents": (b"functionResponse", b"function_response"),
    "input": (b"_call_output",),
}
"""Where the dialects keep a conversation, and bytes without which there is no result of a tool in it."""
CONVERSATIONS = tuple(_MARKS)


def may_be_wrong(members: Members, order: TurnOrder) -> bool:
    """Whether the order has to be looked at: most conversations hold no result, and most providers mind nothing else.

    What goes on with a conversation kept at the provider answers calls that are not in sight.
    """
    if order == "any" or "previous_response_id" in members or "conversation" in members:
        return False
    for name, marks in _MARKS.items():
        if name in members:
            raw = bytes(members[name])
            return order == "alternating" or any(mark in raw for mark in marks)
    return False


def check_order(messages: Sequence[Message], order: TurnOrder, provider: str) -> None:
    """Raise `BadRequest` for turns that hosted APIs refuse, `Unsupported` for those that this one does not take."""
    if order == "any":
        return
    _check_results(messages)
    if order == "alternating":
        _check_alternation(messages, provider)


def _check_results(messages: Sequence[Message]) -> None:
    ids: set[str] = set()
    names: set[str] = set()
    for message in messages:
        for part in message.parts:
            if isinstance(part, ToolCall):
                ids.add(part.id)
                names.add(part.name)
            elif isinstance(part, ToolResult) and not _answers(part, ids, names):
                named = part.call_id or part.name
                raise BadRequest(
                    f"The result of a tool ({named[:60]!r}) belongs to no call before it.",
                    next_step="Send the turn with the call, under the same id, before its result; or leave both out.",
                    param="messages",
                )


def _answers(result: ToolResult, ids: set[str], names: set[str]) -> bool:
    """Whether a result finds its call: by id, and where the caller's dialect has no ids, by name or order."""
    if result.call_id:
        return result.call_id in ids
    return result.name in names if result.name else bool(names)


def _check_alternation(messages: Sequence[Message], provider: str) -> None:
    last = ""
    for message in messages:
        if message.role == last and message.role in ("user", "assistant"):
            raise Unsupported(
                f"{provider} takes turns of user and assistant in alternation; here are two of the {last} in a row.",
                next_step="Join them into one, or ask another model.",
                param="messages",
            )
        last = message.role
