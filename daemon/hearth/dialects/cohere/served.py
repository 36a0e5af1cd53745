"""The half that serves clients of Cohere: its SDKs, and what was written for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hearth.call import Outline
from hearth.chat import Members, Request
from hearth.dialects.cohere.errors import render
from hearth.dialects.cohere.outline import read_outline
from hearth.dialects.cohere.replies import ChatWriter
from hearth.dialects.cohere.requests import read_request
from hearth.dialects.cohere.vectors import EmbeddingsWriter
from hearth.dialects.dialect import Rendered, Stamp
from hearth.problems import Problem

if TYPE_CHECKING:
    from hearth.dialects.dialect import ReplyWriter


class CohereServed:
    """Serves `/v2/chat` and `/v2/embed`."""

    name = "cohere"
    passes: tuple[str, ...] = ("x-client-name",)

    def outline(self, route: str, members: Members) -> Outline:
        """Return what planning needs. Raises `BadRequest`."""
        return read_outline(route, members)

    def read(self, route: str, members: Members) -> Request:
        """Return the whole meaning. Raises `BadRequest` or `Unsupported`."""
        return read_request(route, members)

    def writer(self, outline: Outline, stamp: Stamp) -> ReplyWriter:
        """Return a writer for one reply to that request."""
        if outline.operation == "embed":
            return EmbeddingsWriter(stamp)
        return ChatWriter(stamp, stream=outline.stream, hide=outline.wishes.thinking == "hide")

    def problem(self, problem: Problem, *, route: str = "") -> Rendered:  # noqa: ARG002 -- one form for all routes
        """Return a whole error reply in Cohere's form."""
        return render(problem)
