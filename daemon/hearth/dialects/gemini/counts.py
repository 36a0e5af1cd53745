"""Asking how many tokens a request has: `:countTokens` takes contents, or in the Gemini API a whole request."""

from __future__ import annotations

import msgspec

from hearth.chat import ChatRequest, Members, Request
from hearth.dialects.body import raw, value
from hearth.dialects.dialect import Destination, HttpRequest
from hearth.dialects.gemini.fields import canonical
from hearth.dialects.gemini.names import is_vertex
from hearth.dialects.gemini.seals import without_foreign
from hearth.dialects.gemini.vectors import model_path
from hearth.dialects.gemini.writing import chat_members, post
from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import BrokenReply, Unsupported

_WHOLE = "generateContentRequest"


class _Counted(msgspec.Struct, rename="camel"):
    total_tokens: int = 0


def write_count(request: Request, to: Destination) -> HttpRequest:
    """Return the request that counts a conversation. Raises `Unsupported` for anything else."""
    if not isinstance(request, ChatRequest):
        raise Unsupported("Only the tokens of a conversation can be counted.")
    members = chat_members(request, to)
    if not is_vertex(to):
        members = {_WHOLE: raw({"model": model_path(to), **members})}
    return post(to, "countTokens", members)


def splice_count(members: Members, to: Destination) -> HttpRequest:
    """Return a caller's own question; a whole request in it is said to be for the model that is asked."""
    sent = {name: given for name, given in canonical(members).items() if name not in ("model", "hearth")}
    inside: Members | None = value(sent, _WHOLE, Members)
    if inside is not None:
        sent[_WHOLE] = raw({**_own(inside, to), "model": model_path(to)})
    return post(to, "countTokens", _own(sent, to))


def _own(members: Members, to: Destination) -> Members:
    contents = members.get("contents")
    return members if contents is None else members | {"contents": without_foreign(contents, to)}


def read_count(body: bytes) -> int:
    """Return the tokens; raises `BrokenReply`."""
    try:
        return msgspec.json.decode(body, type=_Counted).total_tokens
    except UNREADABLE:
        raise BrokenReply("The count of tokens is not what this API sends.", code="upstream_not_api") from None
