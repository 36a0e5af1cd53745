"""The half that serves clients of `/v1/messages` and `/v1/messages/count_tokens`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hearth.call import Outline
from hearth.chat import Members, Request
from hearth.dialects.anthropic.errors import named, render
from hearth.dialects.anthropic.outline import read_outline
from hearth.dialects.anthropic.replies import MessageWriter
from hearth.dialects.anthropic.requests import read_request
from hearth.dialects.anthropic.seals import NAME
from hearth.dialects.dialect import Rendered, Stamp
from hearth.problems import Problem

if TYPE_CHECKING:
    from hearth.dialects.dialect import ReplyWriter


class AnthropicServed:
    """Serves the routes "messages" and "count_tokens"."""

    name = NAME
    passes: tuple[str, ...] = ("anthropic-beta",)

    def outline(self, route: str, members: Members) -> Outline:
        """Return what planning needs. Raises `BadRequest`."""
        return read_outline(route, members)

    def read(self, route: str, members: Members) -> Request:  # noqa: ARG002 -- both routes take one form of request
        """Return the whole meaning. Raises `BadRequest` or `Unsupported`."""
        return read_request(members)

    def writer(self, outline: Outline, stamp: Stamp) -> ReplyWriter:
        """Return a writer for one reply to that request."""
        return MessageWriter(outline, stamp)

    def problem(self, problem: Problem, *, route: str = "") -> Rendered:  # noqa: ARG002 -- one envelope for all routes
        """Return a whole error reply in Anthropic's envelope."""
        return render(problem)

    def identified(self, rendered: Rendered, id: str) -> Rendered:
        """Return an error reply with the call's id where clients of this dialect look for it."""
        return named(rendered, id)

    def counted(self, tokens: int) -> bytes:
        """Return the body that tells how many tokens a request has."""
        return msgspec.json.encode({"input_tokens": tokens})
