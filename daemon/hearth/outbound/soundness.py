"""What a provider would refuse in a conversation, found before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hearth.chat import ChatRequest, CompleteRequest, Message
from hearth.dialects.pictures import check_pictures
from hearth.dialects.turn_order import CONVERSATIONS, check_order, may_be_wrong
from hearth.problems import BadRequest

if TYPE_CHECKING:
    from hearth.chat import Operation
    from hearth.dialects.dialect import Destination
    from hearth.outbound.upstream import Asked
    from hearth.problems import Problem
    from hearth.routing.plan import Plan

_is_empty = re.compile(rb"\[\s*\]\s*").fullmatch
_COMPARING = "anthropic"
"""The dialect whose makers compare a picture's type with what it says."""


def check_turns(asked: Asked, to: Destination) -> None:
    """Raise `BadRequest` for an order of turns that this target does not take."""
    order = to.quirks.turns
    if may_be_wrong(asked.call.members, order):
        check_order(_turns(asked), order, to.provider)


def _nothing(name: str, operation: Operation) -> BadRequest:
    if operation == "embed":
        return BadRequest(f"{name} holds no text.", next_step="Send at least one.", param=name)
    return BadRequest(f"{name} holds no turn.", next_step="Send at least one message.", param=name)


def unsound(asked: Asked, plan: Plan) -> Problem | None:
    """Return what nobody could answer in a request: a conversation without turns, a picture that is none; else None."""
    if not asked.call.outline.empty:
        for name in CONVERSATIONS:
            if name in asked.call.members and _is_empty(asked.call.members[name]):
                return _nothing(name, asked.call.outline.operation)
    return _picture_problem(asked, plan) if asked.call.outline.images else None


def _picture_problem(asked: Asked, plan: Plan) -> Problem | None:
    dialect = plan.candidates[0].target.dialect if plan.candidates else ""
    try:
        check_pictures(_turns(asked), exact=dialect == asked.served.name == _COMPARING)
    except BadRequest as problem:
        return problem
    return None


def _turns(asked: Asked) -> Sequence[Message]:
    """Return the turns as far as they can be read; none where only the caller's own dialect understands them."""
    try:
        meaning = asked.meaning()
    except BadRequest:
        return ()
    if isinstance(meaning, ChatRequest):
        return meaning.messages
    if isinstance(meaning, CompleteRequest) and meaning.images:
        return (Message("user", tuple(meaning.images)),)
    return ()
