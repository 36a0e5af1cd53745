"""The half that calls the Gemini API and Vertex: requests out, replies in."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from hearth.call import Outline
from hearth.chat import Members, Operation, Request
from hearth.dialects.dialect import Destination, Head, HttpRequest, ModelInfo
from hearth.dialects.gemini.counts import read_count, splice_count, write_count
from hearth.dialects.gemini.failures import read_problem
from hearth.dialects.gemini.fields import plain_base64
from hearth.dialects.gemini.models import next_page, read_models
from hearth.dialects.gemini.names import models_path
from hearth.dialects.gemini.splice import splice, splices
from hearth.dialects.gemini.streams import Reader
from hearth.dialects.gemini.writing import write_request
from hearth.problems import Problem

if TYPE_CHECKING:
    from hearth.dialects.dialect import ReplyReader


class GeminiCalled:
    """Calls Google's models. Which of the two forms of the API it is, is told by the provider's address."""

    name = "gemini"

    def splices(self, outline: Outline, to: Destination) -> bool:
        """Say whether a caller of this dialect gets this provider's bytes as they are."""
        return splices(outline, to)

    def splice(self, outline: Outline, members: Members, to: Destination) -> HttpRequest:
        """Return the caller's request with the members replaced that Hearth owns."""
        return splice(outline, members, to)

    def request(self, request: Request, to: Destination, *, stream: bool) -> HttpRequest:
        """Return a request written from its meaning. Raises `Unsupported` for a feature this API cannot carry."""
        return write_request(request, to, stream=stream)

    def reader(
        self,
        operation: Operation,
        outline: Outline | None,  # noqa: ARG002 -- usage comes with every reply, wanted or not
        to: Destination,
        head: Head,
    ) -> ReplyReader:
        """Return a reader for the reply with this head."""
        return Reader(head, to.provider, embed=operation == "embed")

    def problem(self, head: Head, body: bytes, provider: str) -> Problem:
        """Return the problem of an error reply."""
        return read_problem(head, body, provider)

    def list_models(self, to: Destination) -> HttpRequest:
        """Return the request for the first page of the list of models."""
        return HttpRequest("GET", models_path(to), (("Accept", "application/json"), *to.headers), b"")

    def next_models(self, body: bytes, to: Destination) -> HttpRequest | None:
        """Return the request for the page after this one, None after the last."""
        token = next_page(body)
        if not token:
            return None
        path = f"{models_path(to)}&pageToken={quote(token, safe='')}"
        return HttpRequest("GET", path, (("Accept", "application/json"), *to.headers), b"")

    def models(self, body: bytes) -> tuple[ModelInfo, ...]:
        """Return the models of a page; raises `BrokenReply`."""
        return read_models(body)

    def count(self, request: Request, to: Destination) -> HttpRequest:
        """Return the request that counts the tokens of a conversation. Raises `Unsupported` for anything else."""
        return write_count(request, to)

    def count_spliced(
        self,
        outline: Outline,  # noqa: ARG002 -- the path says it all here
        members: Members,
        to: Destination,
    ) -> HttpRequest:
        """Return the question of a caller of this same dialect, who asks for contents or for a whole request."""
        return splice_count(members, to)

    def seals_in(self, opaque: str) -> tuple[str, ...]:
        """Return what of a seal comes back letter by letter: Google's SDKs write it in either alphabet of base64."""
        return (plain_base64(opaque),)

    def counted(self, body: bytes) -> int:
        """Return the tokens; raises `BrokenReply`."""
        return read_count(body)
