"""The half that calls providers: requests out, replies in. What is sent asks that nothing be kept there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hearth.call import Outline
from hearth.chat import ChatRequest, CompleteRequest, EmbedRequest, Members, Operation, Request
from hearth.dialects.body import join, raw
from hearth.dialects.dialect import Destination, Head, HttpRequest, ModelInfo
from hearth.dialects.openai_failures import read_problem
from hearth.dialects.openai_models import read_models
from hearth.dialects.openai_responses.outline import ResponsesOutline
from hearth.dialects.openai_responses.seals import secrets_of
from hearth.dialects.openai_responses.splice import without_foreign_thoughts
from hearth.dialects.openai_responses.streams import Reader
from hearth.dialects.openai_responses.writing import fill_defaults, write_chat
from hearth.dialects.templated import as_chat
from hearth.dialects.token_counts import read_count
from hearth.problems import Problem, Unsupported

if TYPE_CHECKING:
    from hearth.dialects.dialect import ReplyReader


_COUNTED = (
    "input", "instructions", "tools", "tool_choice", "text", "reasoning", "truncation", "parallel_tool_calls",
    "previous_response_id", "conversation",
)  # fmt: skip
"""Members that a request to count may have."""


class ResponsesCalled:
    """Calls any server of the Responses API: OpenAI, Azure, llama.cpp, vLLM, LM Studio, OpenRouter."""

    name = "openai_responses"

    def splices(self, outline: Outline, to: Destination) -> bool:  # noqa: ARG002 -- every target answers alike
        """Say whether a caller of this dialect gets this provider's bytes as they are.

        False for a response that Hearth is to keep: it writes that itself, under its own id.
        """
        return not (isinstance(outline, ResponsesOutline) and outline.remember)

    def splice(self, outline: Outline, members: Members, to: Destination) -> HttpRequest:
        """Return the caller's request with the members replaced that Hearth owns, and only its maker's thoughts."""
        return _post(to, without_foreign_thoughts(members, to), stream=outline.stream)

    def request(self, request: Request, to: Destination, *, stream: bool) -> HttpRequest:
        """Return a request written from its meaning. Raises `Unsupported` for a feature this API cannot carry."""
        if isinstance(request, EmbedRequest):
            raise Unsupported("The Responses API makes no embeddings.", param="input")
        chat = as_chat(request) if isinstance(request, CompleteRequest) else request
        return _post(to, write_chat(chat, to, stream=stream), stream=stream)

    def reader(self, operation: Operation, outline: Outline | None, to: Destination, head: Head) -> ReplyReader:  # noqa: ARG002 -- one kind of reply
        """Return a reader for the reply with this head."""
        return Reader(head, to.provider)

    def problem(self, head: Head, body: bytes, provider: str) -> Problem:
        """Return the problem of an error reply."""
        return read_problem(head, body, provider)

    def count(self, request: Request, to: Destination) -> HttpRequest:
        """Return the request that asks how many tokens a request would have. Raises `Unsupported`."""
        if not isinstance(request, ChatRequest):
            raise Unsupported("The Responses API counts the tokens of conversations alone.")
        return _question(to, write_chat(request, to, stream=False))

    def count_spliced(self, outline: Outline, members: Members, to: Destination) -> HttpRequest:  # noqa: ARG002 -- the members say it all
        """Return the same for a caller of this dialect, from the caller's own members."""
        return _question(to, without_foreign_thoughts(members, to))

    def seals_in(self, opaque: str) -> tuple[str, ...]:
        """Return what of a seal comes back letter by letter: clients drop other members of the item."""
        return secrets_of(opaque)

    def counted(self, body: bytes) -> int:
        """Return the number of tokens from the answer. Raises `BrokenReply`."""
        return read_count(body)

    def list_models(self, to: Destination) -> HttpRequest:
        """Return the request for the list of models."""
        path = _path(to, to.quirks.models_path or "models")
        return HttpRequest("GET", path, (("Accept", "application/json"), *to.headers), b"")

    def models(self, body: bytes) -> tuple[ModelInfo, ...]:
        """Return the models of a list; raises `BrokenReply`."""
        return read_models(body)


def _question(to: Destination, members: Members) -> HttpRequest:
    kept = {name: given for name, given in members.items() if name in _COUNTED}
    headers = (("Content-Type", "application/json"), ("Accept", "application/json"), *to.headers)
    return HttpRequest("POST", _path(to, "responses/input_tokens"), headers, join({"model": raw(to.model), **kept}))


def _post(to: Destination, members: Members, *, stream: bool) -> HttpRequest:
    """Return the request: the model first, the quirks' last pass, the config's own members last of all."""
    rest = {name: given for name, given in members.items() if name not in ("model", "hearth", *to.quirks.drop)}
    rest = fill_defaults({to.quirks.rename.get(name, name): given for name, given in rest.items()}, to)
    added = {name: raw(given) for name, given in to.quirks.set.items() if name not in rest}
    body = join({"model": raw(to.model), **rest, **added, **to.extra})
    accept = "text/event-stream" if stream else "application/json"
    headers = (("Content-Type", "application/json"), ("Accept", accept), *to.headers)
    return HttpRequest("POST", _path(to, "responses"), headers, body)


def _path(to: Destination, path: str) -> str:
    """Return a path by the rule of URLs: one with a leading slash starts at the host's root."""
    return path if path.startswith("/") else f"{to.prefix.rstrip('/')}/{path}"
