"""The half that calls Replicate: each answer is a series of exchanges, which series.py makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hearth.call import Outline
from hearth.chat import ChatRequest, EmbedRequest, Members, Operation, Request
from hearth.dialects.dialect import Destination, Head, HttpRequest, ModelInfo
from hearth.dialects.replicate import models
from hearth.dialects.replicate.failures import read_problem
from hearth.dialects.replicate.series import Series
from hearth.dialects.templated import as_chat
from hearth.problems import Problem, Unsupported

if TYPE_CHECKING:
    from hearth.dialects.dialect import ReplyReader
    from hearth.dialects.exchanges import Exchanges


class ReplicateCalled:
    """Calls `/predictions` of models, versions and deployments."""

    name = "replicate"
    friends: tuple[str, ...] = (".replicate.com", ".replicate.net")
    """Where its replies send us: streams live on hosts of their own (wire/providers §4.7)."""

    def splices(self, outline: Outline, to: Destination) -> bool:  # noqa: ARG002 -- the same for all of them
        """Nobody is served in this dialect."""
        return False

    def splice(self, outline: Outline, members: Members, to: Destination) -> HttpRequest:  # noqa: ARG002 -- see splices
        """Nobody is served in this dialect. Raises `Unsupported`."""
        raise Unsupported("Replicate's form is called, not served.")

    def exchanges(self, request: Request, to: Destination, *, stream: bool) -> Exchanges:
        """Begin the answer to one request. Raises `Unsupported` for a feature no model there can be asked for."""
        return Series(_as_chat(request), to, stream=stream)

    def request(self, request: Request, to: Destination, *, stream: bool) -> HttpRequest:
        """Return the creation of a prediction, written as for a model that nobody has described."""
        return Series(_as_chat(request), to, stream=stream).creation().request

    def reader(
        self,
        operation: Operation,  # noqa: ARG002 -- a prediction is read in one way
        outline: Outline | None,  # noqa: ARG002 -- nobody is served in this dialect
        to: Destination,
        head: Head,
    ) -> ReplyReader:
        """Return a reader for a prediction that has ended."""
        return Series(ChatRequest(()), to, stream=False).reader_of_state(head)

    def problem(self, head: Head, body: bytes, provider: str) -> Problem:
        """Return the problem of an error reply."""
        return read_problem(head, body, provider)

    def list_models(self, to: Destination) -> HttpRequest:
        """Return the request for the models that make text."""
        path = f"{to.prefix.rstrip('/')}/{models.PATH}"
        return HttpRequest("GET", path, (("Accept", "application/json"), *to.headers), b"")

    def models(self, body: bytes) -> tuple[ModelInfo, ...]:
        """Return the models of a list; raises `BrokenReply`."""
        return models.read_models(body)


def _as_chat(request: Request) -> ChatRequest:
    """Return a request as the conversation that it is, or stands for."""
    if isinstance(request, ChatRequest):
        return request
    if isinstance(request, EmbedRequest):
        raise Unsupported("Replicate's models have no common form for embeddings.", param="input")
    return as_chat(request)
