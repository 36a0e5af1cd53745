"""Ollama's native API: served to its clients, and called at every Ollama behind us."""

from __future__ import annotations

from hearth.call import Outline
from hearth.chat import Members, Operation, Request
from hearth.dialects.dialect import (
    Called,
    Destination,
    Head,
    HttpRequest,
    ModelInfo,
    Rendered,
    ReplyReader,
    ReplyWriter,
    Served,
    Stamp,
)
from hearth.dialects.ollama import (
    errors,
    failures,
    models,
    outlines,
    replies,
    requests,
    sending,
    splice,
    streams,
    writing,
)
from hearth.problems import Problem


class ServedOllama:
    """The half that serves Ollama's clients."""

    name = "ollama"
    passes: tuple[str, ...] = ()

    def outline(self, route: str, members: Members) -> Outline:
        """Read what planning needs of a request to "chat", "generate", "embed" or "embeddings"."""
        return outlines.outline(route, members)

    def read(self, route: str, members: Members) -> Request:
        """Read the whole meaning of such a request."""
        return requests.read(route, members)

    def writer(self, outline: Outline, stamp: Stamp) -> ReplyWriter:
        """Return a writer for one reply."""
        return replies.writer(outline, stamp)

    def problem(self, problem: Problem, *, route: str = "") -> Rendered:
        """Render a problem in Ollama's envelope."""
        return errors.render(problem, route)


class CalledOllama:
    """The half that calls an Ollama."""

    name = "ollama"

    def splice(self, outline: Outline, members: Members, to: Destination) -> HttpRequest:
        """Return the caller's own request, with the members replaced that Hearth owns."""
        return splice.splice(outline, members, to)

    def splices(self, outline: Outline, to: Destination) -> bool:
        """Say yes, since each route answers in one shape; but a gap that needs its model's tokens is written anew."""
        return "suffix" not in outline.needs or not to.filling.by_template(with_files=False)

    def request(self, request: Request, to: Destination, *, stream: bool) -> HttpRequest:
        """Write a request from its meaning."""
        return writing.request(request, to, stream=stream)

    def reader(self, operation: Operation, outline: Outline | None, to: Destination, head: Head) -> ReplyReader:
        """Return a reader for the reply with this head."""
        return streams.reader(operation, outline, to, head)

    def problem(self, head: Head, body: bytes, provider: str) -> Problem:
        """Turn an error reply into the problem it is."""
        return failures.read_problem(head, body, provider)

    def list_models(self, to: Destination) -> HttpRequest:
        """Ask for the installed models."""
        return sending.get("/api/tags", to)

    def models(self, body: bytes) -> tuple[ModelInfo, ...]:
        """Read the installed models."""
        return models.read_tags(body)


SERVED: Served = ServedOllama()
CALLED: Called = CalledOllama()
