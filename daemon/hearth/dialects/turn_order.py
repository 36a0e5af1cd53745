"""The order of turns that providers take: calls of tools, their results, then a person; here and there no two alike.

Sources: api.openai.com ("Messages with role 'tool' must be a response to a preceding message with 'tool_calls'", "An
assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'"), Anthropic's,
Google's and Cohere's pages on tool use, which say the same; docs.perplexity.ai ("user or tool messages should alternate
with assistant messages").
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
    "contents": (b"functionResponse", b"function_response", b"functionCall", b"function_call"),
    "input": (b"_call",),
}
"""Where the dialects keep a conversation, and bytes without which there is neither call nor result in it."""
CONVERSATIONS = tuple(_MARKS)


def may_be_wrong(members: Members, order: TurnOrder) -> bool:
    """Whether the order has to be looked at: most conversations hold no call, and most providers mind nothing else.

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
    _check_calls(messages)
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


def _check_calls(messages: Sequence[Message]) -> None:
    """Raise `BadRequest` where a person goes on before every call has its result: an interrupted agent's history."""
    open_calls: list[ToolCall] = []
    for message in messages:
        results = [part for part in message.parts if isinstance(part, ToolResult)]
        if message.role == "user" and not results and open_calls:
            named = open_calls[0].id or open_calls[0].name
            raise BadRequest(
                f"The tool call {named[:60]!r} has no result before the next turn.",
                next_step="Send a result for every call (an error will do) right after it, or leave the call out.",
                param="messages",
            )
        for result in results:
            _close(open_calls, result)
        open_calls += [part for part in message.parts if isinstance(part, ToolCall)]


def _close(open_calls: list[ToolCall], result: ToolResult) -> None:
    """Take the call off that a result answers: by its id, else by its name, else the first."""
    by_id = [call for call in open_calls if result.call_id and call.id == result.call_id]
    by_name = [call for call in open_calls if not result.call_id and result.name and call.name == result.name]
    answered = by_id or by_name or ([] if result.call_id else open_calls)
    if answered:
        open_calls.remove(answered[0])


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
