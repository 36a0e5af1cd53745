"""A caller's own Gemini request: the members that Hearth owns are replaced, all others keep spelling and bytes."""

from __future__ import annotations

from msgspec import Raw

from hearth.call import Outline
from hearth.chat import Members
from hearth.dialects.body import raw, value
from hearth.dialects.dialect import Destination, HttpRequest
from hearth.dialects.gemini.config import write_knobs
from hearth.dialects.gemini.fields import canonical
from hearth.dialects.gemini.names import ALT, is_vertex
from hearth.dialects.gemini.seals import without_foreign
from hearth.dialects.gemini.vectors import PREDICTED, model_path
from hearth.dialects.gemini.writing import post, with_extra

_OURS = frozenset(("model", "hearth", ALT))


def splices(outline: Outline, to: Destination) -> bool:
    """Say whether this target answers such a request in the caller's own form; Vertex has another one for vectors."""
    if outline.operation != "embed" or not is_vertex(to):
        return True
    return not to.model.startswith(PREDICTED)


def splice(outline: Outline, members: Members, to: Destination) -> HttpRequest:
    """Return the request of a caller of this same dialect: unknown members stay, in whichever spelling.

    Only seals of other makers are taken out, and what the config adds is laid over.
    """
    sent = {name: given for name, given in members.items() if name not in _OURS}
    if "contents" in sent:
        sent["contents"] = without_foreign(sent["contents"], to)
    if outline.operation == "embed":
        return post(to, outline.route, _with_models(sent, to) | to.extra)
    sent = with_extra(_with_defaults(sent, to), to)
    query = "?alt=sse" if outline.stream and members.get(ALT) == Raw(b'"sse"') else ""
    return post(to, outline.route, sent, query)


def _with_models(members: Members, to: Destination) -> Members:
    """Return a request for vectors whose entries name the model that is asked."""
    out = dict(members)
    rows = value(members, "requests", list[Members])
    if rows is not None:
        out["requests"] = raw([{**row, "model": model_path(to)} for row in rows])
    return out


def _with_defaults(members: Members, to: Destination) -> Members:
    """Fill in what the caller leaves open with the config's own defaults; without any, no byte is touched."""
    wanted = write_knobs(to.defaults, to.defaults)
    if not wanted:
        return members
    out = canonical(members)
    config: dict[str, Raw] = value(out, "generationConfig", dict[str, Raw]) or {}
    out["generationConfig"] = raw({**{name: raw(given) for name, given in wanted.items()}, **config})
    return out
