"""A caller's own request for an Ollama behind us: the members Hearth owns are replaced, all others keep their bytes."""

from __future__ import annotations

from functools import lru_cache

from msgspec import Raw

from hearth.call import Outline
from hearth.chat import Members
from hearth.dialects.body import raw
from hearth.dialects.dialect import Destination, HttpRequest
from hearth.dialects.ollama.durations import is_zero
from hearth.dialects.ollama.fields import NULL, USUAL, usual
from hearth.dialects.ollama.names import guarded_name, with_tag
from hearth.dialects.ollama.options import spliced
from hearth.dialects.ollama.sending import post

_OWNED = frozenset(("model", "name", "hearth", "options", "keep_alive", "shift", "truncate"))
_KEPT = USUAL - _OWNED
_FALSE = Raw(b"false")


def splice(outline: Outline, members: Members, to: Destination) -> HttpRequest:
    """Return the request to send.

    Owned are `model`, `options.num_ctx`, `shift` and `truncate` (what the caller says there is dropped, since differing
    load options make Ollama load the model again and a truncated prompt is never told), `hearth`, and `keep_alive`
    where it is pinned; an unload keeps its own.
    """
    generating = outline.operation != "embed"
    sent: Members = {"model": _name(to.model, local_only=to.local_only and generating)}
    theirs: Members = {}
    for name, value in members.items():
        if name in _KEPT:
            sent[name] = value
            continue
        known = usual(name)
        if known not in _OWNED:
            sent[name] = value
        elif value != NULL:
            theirs[known] = value
    options = spliced(theirs.get("options"), to)
    if options is not None:
        sent["options"] = options
    keep_alive = _keep_alive(outline, theirs.get("keep_alive"), to)
    if keep_alive is not None:
        sent["keep_alive"] = keep_alive
    if generating and to.pins.shift is not None:
        sent["shift"] = raw(to.pins.shift)
    if outline.route != "embeddings":
        sent["truncate"] = _FALSE
    return post(outline.route, sent, to)


@lru_cache(maxsize=256)
def _name(model: str, *, local_only: bool) -> Raw:
    """Return a model's name as it is sent."""
    return raw(guarded_name(model) if local_only else with_tag(model))


def _keep_alive(outline: Outline, theirs: Raw | None, to: Destination) -> Raw | None:
    """Return the pinned time; the caller's own if none is pinned, or if the request is to unload."""
    if to.pins.keep_alive is None or (outline.empty and is_zero(outline.keep_alive)):
        return theirs
    return raw(to.pins.keep_alive)
