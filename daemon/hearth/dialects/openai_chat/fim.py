"""Completions as providers take them: raw text, and the gap between prefix and suffix in each provider's form."""

from __future__ import annotations

from hearth.chat import CompleteRequest, Members
from hearth.dialects.body import raw
from hearth.dialects.dialect import Destination
from hearth.dialects.openai_chat.adapt import fill_defaults, seed, stop, usage_wanted, with_model
from hearth.dialects.openai_chat.infill import write_members
from hearth.dialects.openai_chat.writing import write_knobs
from hearth.fim.filling import prepared
from hearth.problems import Unsupported

_PATHS = {"beta_completions": "/beta/completions", "fim_completions": "fim/completions", "infill": "/infill"}
_MISTRAL = frozenset({"prompt", "suffix", "max_tokens", "temperature", "top_p", "stop", "random_seed", "stream"})


def write_completion(request: CompleteRequest, to: Destination, *, stream: bool) -> tuple[str, Members]:
    """Return path and members. Raises `Unsupported` where this provider has no such form, or not for what is asked.

    Where a model's family is known and its provider has no form for gaps, one goes out in the family's tokens.
    """
    request = prepared(request, to.filling)
    _refuse(request.images, "pictures")
    _refuse(request.format, "response_format")
    if request.suffix is not None:
        return _gap(request, to, stream=stream)
    return completions_path(to, suffix=False), adapt_completion(_plain(request, to, stream=stream), to, stream=stream)


def completions_path(to: Destination, *, suffix: bool) -> str:
    """Return where completions are asked for. Raises `Unsupported` where they are not, or not with a suffix."""
    quirks = to.quirks
    if suffix and quirks.fim == "none":
        raise Unsupported("This provider cannot fill a gap between prefix and suffix.", param="suffix")
    if suffix and quirks.fim != "completions":
        return quirks.fim_path or _PATHS[quirks.fim]
    if quirks.completions_path is None:
        raise Unsupported("This provider continues no raw text; it only chats.", param="prompt")
    return quirks.completions_path


def adapt_completion(members: Members, to: Destination, *, stream: bool) -> Members:
    """Return the members of a completion as this provider wants them, `model` first."""
    out = dict(members)
    seed(out, to.quirks)
    stop(out, to.quirks)
    fill_defaults(out, to, "max_tokens")
    usage_wanted(out, to.quirks, stream=stream)
    return with_model(out, to)


def _gap(request: CompleteRequest, to: Destination, *, stream: bool) -> tuple[str, Members]:
    path = completions_path(to, suffix=True)
    members = _plain(request, to, stream=stream)
    if to.quirks.fim in ("completions", "beta_completions"):
        return path, adapt_completion(members, to, stream=stream)
    _refuse(request.logprobs, "logprobs")
    _refuse(request.choices > 1, "n")
    seed(members, to.quirks)
    stop(members, to.quirks)
    fill_defaults(members, to, "max_tokens")
    if to.quirks.fim == "infill":
        return path, with_model(write_members(members, request), to)
    kept = {name: given for name, given in members.items() if name in _MISTRAL}
    return path, {"model": raw(to.model), **kept}


def _plain(request: CompleteRequest, to: Destination, *, stream: bool) -> Members:
    """Return OpenAI's own form."""
    members: Members = {"prompt": raw(request.prompt), "stream": raw(stream)}
    if request.suffix is not None:
        members["suffix"] = raw(request.suffix)
    if request.echo:
        members["echo"] = raw(request.echo)
    if request.logprobs:
        members["logprobs"] = raw(request.top_logprobs or 0)
    if request.choices > 1:
        members["n"] = raw(request.choices)
    members.update(write_knobs(request.knobs, to))
    return members


def _refuse(asked: object, name: str) -> None:
    if asked:
        raise Unsupported(f"A completion of this provider cannot have {name}.", param=name)
