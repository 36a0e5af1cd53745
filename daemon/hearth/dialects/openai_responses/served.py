"""The half that serves clients of `/v1/responses`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hearth.call import Outline
from hearth.chat import Members, Request
from hearth.dialects.dialect import Rendered, Stamp
from hearth.dialects.openai_errors import render
from hearth.dialects.openai_responses.outline import ResponsesOutline, read_outline
from hearth.dialects.openai_responses.replies import ResponsesWriter
from hearth.dialects.openai_responses.requests import read_request
from hearth.problems import Problem

if TYPE_CHECKING:
    from hearth.dialects.dialect import ReplyWriter


class ResponsesServed:
    """Serves the routes "responses" and "input_tokens"."""

    name = "openai_responses"
    passes: tuple[str, ...] = ()

    def outline(self, route: str, members: Members) -> Outline:
        """Return what planning needs. Raises `BadRequest`."""
        return read_outline(route, members)

    def read(self, route: str, members: Members) -> Request:  # noqa: ARG002 -- one body for both routes
        """Return the whole meaning. Raises `BadRequest` or `Unsupported`."""
        return read_request(members)

    def writer(self, outline: Outline, stamp: Stamp) -> ReplyWriter:
        """Return a writer for one reply to that request."""
        if isinstance(outline, ResponsesOutline):
            return ResponsesWriter(outline, stamp)
        return ResponsesWriter(ResponsesOutline(**msgspec.structs.asdict(outline)), stamp)

    def counted(self, tokens: int) -> bytes:
        """Return the answer to a client that asked how many tokens its request has."""
        return msgspec.json.encode({"object": "response.input_tokens", "input_tokens": tokens})

    def problem(self, problem: Problem, *, route: str = "") -> Rendered:  # noqa: ARG002 -- one envelope for all routes
        """Return a whole error reply in OpenAI's envelope."""
        return render(problem)
