"""The half that serves Google's clients: `/v1beta/models/M:generateContent` and its sisters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from hearth.call import Outline
from hearth.chat import Members, Request
from hearth.dialects.dialect import Rendered, Stamp
from hearth.dialects.gemini.errors import render
from hearth.dialects.gemini.names import locate
from hearth.dialects.gemini.outline import GeminiOutline, read_outline
from hearth.dialects.gemini.replies import GeminiWriter
from hearth.dialects.gemini.requests import read_request
from hearth.dialects.gemini.vectors import EmbeddingsWriter
from hearth.problems import Problem

if TYPE_CHECKING:
    from hearth.dialects.dialect import ReplyWriter


class GeminiServed:
    """Serves the methods of a model. Its clients put model and method into the path."""

    name = "gemini"
    passes: tuple[str, ...] = ()

    def locate(self, rest: str, query: Mapping[str, str]) -> tuple[str, Members]:
        """Return route and members for the rest of a path. Raises `NotFound`."""
        return locate(rest, query)

    def outline(self, route: str, members: Members) -> Outline:
        """Return what planning needs. Raises `BadRequest`."""
        return read_outline(route, members)

    def read(self, route: str, members: Members) -> Request:
        """Return the whole meaning. Raises `BadRequest` or `Unsupported`."""
        return read_request(route, members)

    def writer(self, outline: Outline, stamp: Stamp) -> ReplyWriter:
        """Return a writer for one reply to that request."""
        own = outline if isinstance(outline, GeminiOutline) else GeminiOutline(**msgspec.structs.asdict(outline))
        return EmbeddingsWriter(own.route) if own.operation == "embed" else GeminiWriter(own, stamp)

    def counted(self, tokens: int) -> bytes:
        """Return the answer to `:countTokens`."""
        return msgspec.json.encode({"totalTokens": tokens})

    def problem(self, problem: Problem, *, route: str = "") -> Rendered:  # noqa: ARG002 -- one envelope for all routes
        """Return a whole error reply in Google's envelope."""
        return render(problem)
