"""The half that calls providers: requests out, replies in."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from hearth.call import Outline
from hearth.chat import CompleteRequest, EmbedRequest, Members, Operation, Request
from hearth.dialects.anthropic.failures import read_problem
from hearth.dialects.anthropic.models import last_of, read_models
from hearth.dialects.anthropic.outline import COUNT
from hearth.dialects.anthropic.seals import NAME, secret_of
from hearth.dialects.anthropic.splice import spliced
from hearth.dialects.anthropic.streams import Reader
from hearth.dialects.anthropic.writing import write_chat
from hearth.dialects.body import join, raw
from hearth.dialects.dialect import Destination, Head, HttpRequest, ModelInfo
from hearth.dialects.templated import as_chat
from hearth.dialects.token_counts import read_count
from hearth.problems import Problem, Unsupported

if TYPE_CHECKING:
    from hearth.dialects.dialect import ReplyReader

VERSION = ("anthropic-version", "2023-06-01")
"""The version that all models answer; the one after it only refuses more (wire/providers §0.2)."""
_MESSAGES = "/v1/messages"
_COUNT = "/v1/messages/count_tokens"
_COUNTED = ("model", "messages", "system", "tools", "tool_choice", "thinking", "output_config", "mcp_servers")
"""Members that a request to count may have."""


class AnthropicCalled:
    """Calls any server that speaks Messages; the address is what comes before `/v1`."""

    name = NAME

    def splices(self, outline: Outline, to: Destination) -> bool:  # noqa: ARG002 -- every target answers in one shape
        """Say that a caller of this dialect gets this provider's bytes as they are."""
        return True

    def splice(self, outline: Outline, members: Members, to: Destination) -> HttpRequest:
        """Return the caller's request with the members replaced that Hearth owns, and its beta headers."""
        members = spliced(members, to)
        if outline.route == COUNT:
            return _post(to, _COUNT, members, outline.headers)
        if to.defaults.max_tokens is not None:
            members.setdefault("max_tokens", raw(to.defaults.max_tokens))
        return _post(to, _MESSAGES, members, outline.headers, stream=outline.stream)

    def request(self, request: Request, to: Destination, *, stream: bool) -> HttpRequest:
        """Return a request written from its meaning. Raises `Unsupported` for a feature this provider cannot carry.

        A long answer is streamed even to a caller who wants it whole.
        """
        members = _written(request, to, stream=stream)
        return _post(to, _MESSAGES, members, (), stream=members["stream"] == raw(True))

    def reader(self, operation: Operation, outline: Outline | None, to: Destination, head: Head) -> ReplyReader:  # noqa: ARG002 -- one form of reply
        """Return a reader for the reply with this head."""
        return Reader(head, to.provider)

    def problem(self, head: Head, body: bytes, provider: str) -> Problem:
        """Return the problem of an error reply."""
        return read_problem(head, body, provider)

    def list_models(self, to: Destination) -> HttpRequest:
        """Return the request for the list of models, as long a page as there is."""
        return _get(to, "/v1/models?limit=1000")

    def next_models(self, body: bytes, to: Destination) -> HttpRequest | None:
        """Return the request for the page after this one; None after the last."""
        last = last_of(body)
        return _get(to, f"/v1/models?limit=1000&after_id={quote(last, safe='')}") if last else None

    def models(self, body: bytes) -> tuple[ModelInfo, ...]:
        """Return the models of a list; raises `BrokenReply`."""
        return read_models(body)

    def count(self, request: Request, to: Destination) -> HttpRequest:
        """Return the request that asks how many tokens a request would have. Raises `Unsupported`."""
        members = {name: given for name, given in _written(request, to, stream=False).items() if name in _COUNTED}
        return _post(to, _COUNT, members, ())

    def count_spliced(self, outline: Outline, members: Members, to: Destination) -> HttpRequest:
        """Return the same for a caller of this dialect, from the caller's own members."""
        kept = {name: given for name, given in spliced(members, to).items() if name in _COUNTED}
        return _post(to, _COUNT, kept, outline.headers)

    def seals_in(self, opaque: str) -> tuple[str, ...]:
        """Return what of a seal comes back letter by letter."""
        return (secret_of(opaque),)

    def counted(self, body: bytes) -> int:
        """Return the number of tokens from the answer. Raises `BrokenReply`."""
        return read_count(body)


def _written(request: Request, to: Destination, *, stream: bool) -> Members:
    if isinstance(request, EmbedRequest):
        raise Unsupported("This provider makes no embeddings.", param="input")
    chat = as_chat(request) if isinstance(request, CompleteRequest) else request
    return {"model": raw(to.model), **write_chat(chat, to, stream=stream), **to.extra}


def _post(
    to: Destination, path: str, members: Members, passed: tuple[tuple[str, str], ...], *, stream: bool = False
) -> HttpRequest:
    accept = "text/event-stream" if stream else "application/json"
    headers = (("Content-Type", "application/json"), ("Accept", accept), VERSION, *passed, *to.headers)
    return HttpRequest("POST", to.prefix.rstrip("/") + path, headers, join(members))


def _get(to: Destination, path: str) -> HttpRequest:
    return HttpRequest("GET", to.prefix.rstrip("/") + path, (("Accept", "application/json"), VERSION, *to.headers), b"")
