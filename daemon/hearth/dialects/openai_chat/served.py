"""The half that serves clients of `/v1/chat/completions`, `/v1/completions` and `/v1/embeddings`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hearth.call import Outline
from hearth.chat import Members, Request
from hearth.dialects.dialect import Rendered, Stamp
from hearth.dialects.openai_chat.completions import CompletionWriter, EmbeddingsWriter
from hearth.dialects.openai_chat.outline import OpenAIOutline, read_outline
from hearth.dialects.openai_chat.replies import ChatWriter
from hearth.dialects.openai_chat.requests import read_request
from hearth.dialects.openai_errors import render
from hearth.problems import Problem

if TYPE_CHECKING:
    from hearth.dialects.dialect import ReplyWriter


class OpenAIServed:
    """Serves the routes "chat", "completions" and "embeddings"."""

    name = "openai_chat"
    passes: tuple[str, ...] = ()

    def outline(self, route: str, members: Members) -> Outline:
        """Return what planning needs. Raises `BadRequest`."""
        return read_outline(route, members)

    def read(self, route: str, members: Members) -> Request:
        """Return the whole meaning. Raises `BadRequest` or `Unsupported`."""
        return read_request(route, members)

    def writer(self, outline: Outline, stamp: Stamp) -> ReplyWriter:
        """Return a writer for one reply to that request."""
        own = outline if isinstance(outline, OpenAIOutline) else OpenAIOutline(**msgspec.structs.asdict(outline))
        if own.operation == "embed":
            return EmbeddingsWriter(own, stamp)
        return CompletionWriter(own, stamp) if own.route == "completions" else ChatWriter(own, stamp)

    def problem(self, problem: Problem, *, route: str = "") -> Rendered:  # noqa: ARG002 -- one envelope for all routes
        """Return a whole error reply in OpenAI's envelope."""
        return render(problem)
