"""The half that calls Cohere: requests out, replies in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hearth.call import Outline
from hearth.chat import CompleteRequest, EmbedRequest, Members, Operation, Request
from hearth.dialects.body import join, raw
from hearth.dialects.cohere import models
from hearth.dialects.cohere.failures import read_problem
from hearth.dialects.cohere.streams import Reader
from hearth.dialects.cohere.vectors import write_embed
from hearth.dialects.cohere.writing import with_config, write_chat
from hearth.dialects.dialect import Destination, Head, HttpRequest, ModelInfo
from hearth.dialects.templated import as_chat
from hearth.problems import Problem

if TYPE_CHECKING:
    from hearth.dialects.dialect import ReplyReader

CHAT = "v2/chat"
EMBED = "v2/embed"


class CohereCalled:
    """Calls `/v2/chat` and `/v2/embed`."""

    name = "cohere"

    def splices(self, outline: Outline, to: Destination) -> bool:  # noqa: ARG002 -- the same for all of them
        """A caller of this dialect always gets Cohere's bytes as they are."""
        return True

    def splice(self, outline: Outline, members: Members, to: Destination) -> HttpRequest:
        """Return the caller's request with the members replaced that Hearth owns."""
        own = {name: given for name, given in members.items() if name != "hearth"} | {"model": raw(to.model)}
        if outline.operation == "embed":
            return _post(to, EMBED, own, stream=False)
        return _post(to, CHAT, with_config(own, to), stream=outline.stream)

    def request(self, request: Request, to: Destination, *, stream: bool) -> HttpRequest:
        """Return a request written from its meaning. Raises `Unsupported` for a feature Cohere cannot carry."""
        if isinstance(request, EmbedRequest):
            return _post(to, EMBED, write_embed(request, to), stream=False)
        chat = as_chat(request) if isinstance(request, CompleteRequest) else request
        return _post(to, CHAT, write_chat(chat, to, stream=stream), stream=stream)

    def reader(
        self,
        operation: Operation,
        outline: Outline | None,  # noqa: ARG002 -- Cohere counts tokens whoever asks
        to: Destination,
        head: Head,
    ) -> ReplyReader:
        """Return a reader for the reply with this head."""
        return Reader(head, to.provider, embed=operation == "embed")

    def problem(self, head: Head, body: bytes, provider: str) -> Problem:
        """Return the problem of an error reply."""
        return read_problem(head, body, provider)

    def list_models(self, to: Destination) -> HttpRequest:
        """Return the request for the list of models, in one page."""
        return HttpRequest("GET", _path(to, models.PATH), (("Accept", "application/json"), *to.headers), b"")

    def models(self, body: bytes) -> tuple[ModelInfo, ...]:
        """Return the models of a list; raises `BrokenReply`."""
        return models.read_models(body)


def _post(to: Destination, path: str, members: Members, *, stream: bool) -> HttpRequest:
    accept = "text/event-stream" if stream else "application/json"
    headers = (("Content-Type", "application/json"), ("Accept", accept), *to.headers)
    return HttpRequest("POST", _path(to, path), headers, join(members))


def _path(to: Destination, path: str) -> str:
    return f"{to.prefix.rstrip('/')}/{path}"
