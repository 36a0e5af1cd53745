"""The half that serves Ollama's clients: chat, generate, embed and embeddings."""

from __future__ import annotations

from hearth.call import Outline
from hearth.chat import Members, Request
from hearth.dialects.dialect import Rendered, ReplyWriter, Stamp
from hearth.dialects.ollama.errors import render
from hearth.dialects.ollama.outline import read_outline
from hearth.dialects.ollama.replies import EmbeddingsWriter, Writer
from hearth.dialects.ollama.requests import read_request
from hearth.problems import Problem


class OllamaServed:
    """The half that serves Ollama's clients."""

    name = "ollama"
    passes: tuple[str, ...] = ()

    def outline(self, route: str, members: Members) -> Outline:
        """Read what planning needs of a request to "chat", "generate", "embed" or "embeddings"."""
        return read_outline(route, members)

    def read(self, route: str, members: Members) -> Request:
        """Read the whole meaning of such a request."""
        return read_request(route, members)

    def writer(self, outline: Outline, stamp: Stamp) -> ReplyWriter:
        """Return a writer for one reply."""
        return EmbeddingsWriter(outline, stamp) if outline.operation == "embed" else Writer(outline, stamp)

    def problem(self, problem: Problem, *, route: str = "") -> Rendered:
        """Render a problem in Ollama's envelope."""
        return render(problem, route)
