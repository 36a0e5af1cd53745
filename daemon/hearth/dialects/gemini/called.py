"""The half that calls the Gemini API and Vertex: requests out, replies in."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from hearth.call import Outline
from hearth.chat import ChatRequest, Members, Operation, Request
from hearth.dialects.body import raw
from hearth.dialects.dialect import Destination, Head, HttpRequest, ModelInfo
from hearth.dialects.gemini.failures import read_problem
from hearth.dialects.gemini.models import next_page, read_models
from hearth.dialects.gemini.names import models_path
from hearth.dialects.gemini.streams import Reader
from hearth.dialects.gemini.vectors import model_path
from hearth.dialects.gemini.writing import chat_members, post, splice, splices, write
from hearth.problems import BrokenReply, Problem, Unsupported

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
        return write(request, to, stream=stream)

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
        if not isinstance(request, ChatRequest):
            raise Unsupported("Only the tokens of a conversation can be counted.")
        members = chat_members(request, to)
        whole = {"model": raw(model_path(to)), **members}
        return post(to, "countTokens", {"generateContentRequest": raw(whole)})

    def count_spliced(
        self,
        outline: Outline,  # noqa: ARG002 -- the path says it all here
        members: Members,
        to: Destination,
    ) -> HttpRequest:
        """Return the question of a caller of this same dialect, who asks for contents or for a whole request."""
        sent = {name: given for name, given in members.items() if name not in ("model", "hearth")}
        return post(to, "countTokens", sent)

    def counted(self, body: bytes) -> int:
        """Return the tokens; raises `BrokenReply`."""
        try:
            return msgspec.json.decode(body, type=_Counted).total_tokens
        except (msgspec.DecodeError, RecursionError):
            raise BrokenReply("The count of tokens is not what this API sends.", code="upstream_not_api") from None


class _Counted(msgspec.Struct, rename="camel"):
    total_tokens: int
