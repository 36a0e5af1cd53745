"""The half that serves clients of OpenAI's routes, and of two that fill gaps: Mistral's and llama.cpp's."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import msgspec

from hearth.call import Outline
from hearth.chat import Members, Request
from hearth.dialects.dialect import Rendered, Stamp
from hearth.dialects.openai_chat import infill, mistral_fim
from hearth.dialects.openai_chat.completions import CompletionWriter
from hearth.dialects.openai_chat.infill import InfillWriter
from hearth.dialects.openai_chat.mistral_fim import MistralWriter
from hearth.dialects.openai_chat.outline import OpenAIOutline, read_outline
from hearth.dialects.openai_chat.replies import ChatWriter
from hearth.dialects.openai_chat.requests import read_request
from hearth.dialects.openai_chat.vectors import EmbeddingsWriter
from hearth.dialects.openai_errors import render
from hearth.problems import Problem

if TYPE_CHECKING:
    from hearth.dialects.dialect import ReplyWriter


COUNT = "count"
"""The route that only counts: llama.cpp's `/v1/chat/completions/input_tokens`."""


class _Form(Protocol):
    """A route with a form of its own, one module each."""

    def read_outline(self, members: Members) -> OpenAIOutline: ...

    def read(self, members: Members) -> Request: ...

    def render(self, problem: Problem) -> Rendered: ...


_GAPS: dict[str, _Form] = {"fim": mistral_fim, "infill": infill}
_WRITERS: dict[str, Callable[[OpenAIOutline, Stamp], ReplyWriter]] = {
    "completions": CompletionWriter,
    "fim": MistralWriter,
    "infill": InfillWriter,
}


class OpenAIServed:
    """Serves the routes "chat", "completions" and "embeddings"; "fim" is Mistral's, "infill" llama.cpp's."""

    name = "openai_chat"
    passes: tuple[str, ...] = ()

    def outline(self, route: str, members: Members) -> Outline:
        """Return what planning needs. Raises `BadRequest`."""
        if route in _GAPS:
            return _GAPS[route].read_outline(members)
        if route == COUNT:
            return msgspec.structs.replace(read_outline("chat", members), route=COUNT, counts=True, stream=False)
        return read_outline(route, members)

    def read(self, route: str, members: Members) -> Request:
        """Return the whole meaning. Raises `BadRequest` or `Unsupported`."""
        if route in _GAPS:
            return _GAPS[route].read(members)
        return read_request("chat" if route == COUNT else route, members)

    def writer(self, outline: Outline, stamp: Stamp) -> ReplyWriter:
        """Return a writer for one reply to that request."""
        own = outline if isinstance(outline, OpenAIOutline) else OpenAIOutline(**msgspec.structs.asdict(outline))
        if own.operation == "embed":
            return EmbeddingsWriter(stamp, own.encoding)
        return _WRITERS.get(own.route, ChatWriter)(own, stamp)

    def counted(self, tokens: int) -> bytes:
        """Return the answer to a client that asked how many tokens its request has, as llama.cpp gives it."""
        return msgspec.json.encode({"object": "response.input_tokens", "input_tokens": tokens})

    def problem(self, problem: Problem, *, route: str = "") -> Rendered:
        """Return a whole error reply in OpenAI's envelope, or in that of the route's own server."""
        return _GAPS[route].render(problem) if route in _GAPS else render(problem)
