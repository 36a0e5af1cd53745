"""The half that calls an Ollama: requests out, replies in."""

from __future__ import annotations

from hearth.call import Outline
from hearth.chat import Members, Operation, Request
from hearth.dialects.dialect import Destination, Head, HttpRequest, ModelInfo, ReplyReader
from hearth.dialects.ollama.failures import read_problem
from hearth.dialects.ollama.models import read_tags
from hearth.dialects.ollama.sending import get
from hearth.dialects.ollama.splice import splice
from hearth.dialects.ollama.streams import Reader
from hearth.dialects.ollama.writing import write_request
from hearth.problems import Problem


class OllamaCalled:
    """The half that calls an Ollama."""

    name = "ollama"

    def splice(self, outline: Outline, members: Members, to: Destination) -> HttpRequest:
        """Return the caller's own request, with the members replaced that Hearth owns."""
        return splice(outline, members, to)

    def splices(self, outline: Outline, to: Destination) -> bool:
        """Say yes, since each route answers in one shape; but a gap that needs its model's tokens is written anew."""
        return "suffix" not in outline.needs or not to.filling.by_template(with_files=False)

    def request(self, request: Request, to: Destination, *, stream: bool) -> HttpRequest:
        """Write a request from its meaning."""
        return write_request(request, to, stream=stream)

    def reader(self, operation: Operation, outline: Outline | None, to: Destination, head: Head) -> ReplyReader:  # noqa: ARG002 -- usage is sent always: none is ever held back
        """Return a reader for the reply with this head."""
        return Reader(operation, to, head)

    def problem(self, head: Head, body: bytes, provider: str) -> Problem:
        """Turn an error reply into the problem it is."""
        return read_problem(head, body, provider)

    def list_models(self, to: Destination) -> HttpRequest:
        """Ask for the installed models."""
        return get("/api/tags", to)

    def models(self, body: bytes) -> tuple[ModelInfo, ...]:
        """Read the installed models."""
        return read_tags(body)
