"""The half that calls providers: requests out, replies in."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from hearth.call import Outline
from hearth.chat import ChatRequest, CompleteRequest, EmbedRequest, Members, Operation, Request
from hearth.dialects.body import join, raw
from hearth.dialects.dialect import Destination, Head, HttpRequest, ModelInfo
from hearth.dialects.openai_chat.adapt import adapt_chat, with_model
from hearth.dialects.openai_chat.details import secrets_of
from hearth.dialects.openai_chat.fim import adapt_completion, completions_path, write_completion
from hearth.dialects.openai_chat.knobs import DIMENSIONS, dimensions_of
from hearth.dialects.openai_chat.outline import OpenAIOutline
from hearth.dialects.openai_chat.streams import Reader
from hearth.dialects.openai_chat.writing import write_chat
from hearth.dialects.openai_failures import read_problem
from hearth.dialects.openai_models import read_models
from hearth.dialects.templated import as_chat
from hearth.dialects.token_counts import read_count
from hearth.problems import Problem, Unsupported

if TYPE_CHECKING:
    from hearth.dialects.dialect import ReplyReader

_FORMS: dict[str, frozenset[str]] = {
    "completions": frozenset({"none", "completions", "beta_completions"}),
    "fim": frozenset({"fim_completions"}),
    "infill": frozenset({"infill"}),
}
"""A caller's route for gaps -> the forms of a provider that answer it in the same shape."""


class OpenAICalled:
    """Calls any server that speaks OpenAI's chat dialect; how it differs is told by `Destination.quirks`."""

    name = "openai_chat"

    def splices(self, outline: Outline, to: Destination) -> bool:
        """Say whether a caller of this dialect gets this provider's bytes as they are.

        False for a gap that this provider fills in another form, or in its model's tokens, and for vectors in base64
        where it has none: use `request` then.
        """
        if isinstance(outline, OpenAIOutline) and outline.encoding == "base64" and not to.quirks.embeddings_base64:
            return False
        if "suffix" not in outline.needs:
            return True
        if to.filling.by_template(with_files="repository" in outline.needs):
            return False
        return to.quirks.fim in _FORMS.get(outline.route, ())

    def splice(self, outline: Outline, members: Members, to: Destination) -> HttpRequest:
        """Return the caller's request with the members replaced that Hearth owns. Raises `Unsupported`."""
        if outline.route == "chat":
            adapted = adapt_chat(members, to, stream=outline.stream)
            return _post(to, to.quirks.chat_path, adapted, stream=outline.stream)
        if outline.route == "embeddings":
            return _post(to, _embeddings_path(to), _shortened(members, to), stream=False)
        if not self.splices(outline, to):
            raise Unsupported("This provider fills gaps in a form of its own.", param="suffix")
        path = completions_path(to, suffix="suffix" in outline.needs)
        if outline.route in ("fim", "infill"):
            return _post(to, path, with_model(members, to), stream=outline.stream)
        return _post(to, path, adapt_completion(members, to, stream=outline.stream), stream=outline.stream)

    def request(self, request: Request, to: Destination, *, stream: bool) -> HttpRequest:
        """Return a request written from its meaning. Raises `Unsupported` for a feature this provider cannot carry."""
        if isinstance(request, EmbedRequest):
            return _post(to, _embeddings_path(to), _embed(request, to), stream=False)
        if isinstance(request, CompleteRequest):
            if not request.templated or request.suffix is not None:
                path, members = write_completion(request, to, stream=stream)
                return _post(to, path, members, stream=stream)
            request = as_chat(request)
        return self._chat(request, to, stream=stream)

    def _chat(self, request: ChatRequest, to: Destination, *, stream: bool) -> HttpRequest:
        members = adapt_chat(write_chat(request, to, stream=stream), to, stream=stream, translated=True)
        return _post(to, to.quirks.chat_path, members, stream=stream)

    def reader(self, operation: Operation, outline: Outline | None, to: Destination, head: Head) -> ReplyReader:
        """Return a reader for the reply with this head."""
        hide_usage = outline is not None and not outline.include_usage
        many = outline is not None and "choices" in outline.needs
        return Reader(head, to, embed=operation == "embed", hide_usage=hide_usage, many=many)

    def problem(self, head: Head, body: bytes, provider: str) -> Problem:
        """Return the problem of an error reply."""
        return read_problem(head, body, provider)

    def counts_at(self, to: Destination) -> bool:
        """Say whether this provider counts the tokens of a conversation without answering it."""
        return to.quirks.count_path is not None

    def count(self, request: Request, to: Destination) -> HttpRequest:
        """Return the request that asks how many tokens a request would have. Raises `Unsupported`."""
        if not isinstance(request, ChatRequest):
            raise Unsupported("This provider counts the tokens of conversations alone.")
        members = adapt_chat(write_chat(request, to, stream=False), to, stream=False, translated=True)
        return _post(to, _count_path(to), members, stream=False)

    def count_spliced(self, outline: Outline, members: Members, to: Destination) -> HttpRequest:  # noqa: ARG002 -- the members say it all
        """Return the same for a caller of this dialect, from the caller's own members."""
        return _post(to, _count_path(to), adapt_chat(members, to, stream=False), stream=False)

    def seals_in(self, opaque: str) -> tuple[str, ...]:
        """Return what is secret in the details of a turn's thinking: clients put their pieces together as they like."""
        return secrets_of(opaque)

    def counted(self, body: bytes) -> int:
        """Return the number of tokens from the answer. Raises `BrokenReply`."""
        return read_count(body)

    def list_models(self, to: Destination) -> HttpRequest:
        """Return the request for the list of models. Raises `Unsupported` where there is none."""
        if to.quirks.models_path is None:
            raise Unsupported("This provider lists no models.")
        return HttpRequest(
            "GET", _path(to.prefix, to.quirks.models_path, to.model), (("Accept", "application/json"), *to.headers), b""
        )

    def models(self, body: bytes) -> tuple[ModelInfo, ...]:
        """Return the models of a list; raises `BrokenReply`."""
        return read_models(body)


_WHOLE = (("Content-Type", "application/json"), ("Accept", "application/json"))
_STREAMED = (("Content-Type", "application/json"), ("Accept", "text/event-stream"))


def _count_path(to: Destination) -> str:
    if to.quirks.count_path is None:
        raise Unsupported("This provider counts no tokens.")
    return to.quirks.count_path


def _embed(request: EmbedRequest, to: Destination) -> Members:
    """Return members that ask for numbers, which is every server's own choice where none is named."""
    members: Members = {"input": raw(request.inputs)}
    if request.dimensions is not None:
        members["dimensions"] = raw(request.dimensions)
    return _shortened(members, to)


def _shortened(members: Members, to: Destination) -> Members:
    """Return members that ask for shorter vectors in this server's word. Raises `Unsupported` where it has none."""
    field = to.quirks.dimensions_field
    if dimensions_of(members) is None:
        return with_model(members, to)
    if field is None:
        raise Unsupported("This provider cannot shorten embeddings.", param="dimensions")
    return with_model({field if name in DIMENSIONS else name: given for name, given in members.items()}, to)


def _embeddings_path(to: Destination) -> str:
    if to.quirks.embeddings_path is None:
        raise Unsupported("This provider makes no embeddings.", param="input")
    return to.quirks.embeddings_path


def _post(to: Destination, path: str, members: Members, *, stream: bool) -> HttpRequest:
    headers = (*(_STREAMED if stream else _WHOLE), *to.headers)
    return HttpRequest("POST", _path(to.prefix, path, to.model), headers, join(members))


@lru_cache(maxsize=256)
def _path(prefix: str, path: str, model: str) -> str:
    """Return a path by the rule of URLs: one with a leading slash starts at the host's root."""
    path = path.replace("{model}", quote(model, safe=""))
    return path if path.startswith("/") else f"{prefix.rstrip('/')}/{path}"
