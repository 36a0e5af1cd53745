"""Model and verb in a path, read and written: "models/M:generateContent" (wire/providers §4.3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from hearth.chat import Members
from hearth.dialects.body import raw
from hearth.dialects.dialect import Destination
from hearth.problems import NotFound

VERBS = ("generateContent", "streamGenerateContent", "countTokens", "embedContent", "batchEmbedContents")
ALT = "alt"
"""Stands among the members for the query parameter of that name: "sse", or the array of whole objects otherwise."""
_PROJECT = re.compile(r"/projects/[^/]+/locations/[^/]+")


def locate(rest: str, query: Mapping[str, str]) -> tuple[str, Members]:
    """Return route and members for what follows "models/" in a path. Raises `NotFound`.

    Model names may hold colons of their own ("qwen3:8b"): the verb stands behind the last one.
    """
    model, _, verb = rest.rpartition(":")
    if not model or verb not in VERBS:
        raise NotFound(
            f"There is no method {verb[:40]!r} of a model.", next_step=f"Known are {', '.join(VERBS)}.", code=verb[:40]
        )
    members: Members = {"model": raw(model.removeprefix("models/"))}
    if verb == "streamGenerateContent":
        members[ALT] = raw(query.get("alt") or query.get("$alt") or "json")
    return verb, members


def path(to: Destination, verb: str, query: str = "") -> str:
    """Return the path of a model's method at its provider.

    A tuned model's name is a path of its own: "tunedModels/…", at Vertex "endpoints/…" (the endpoint it is deployed
    to, beside the publishers). Any other name with a slash at Vertex says whose model it is.
    """
    model, prefix = to.model.removeprefix("models/"), to.prefix
    if model.startswith("endpoints/") and is_vertex(to):
        endpoint = quote(model.removeprefix("endpoints/"), safe="")
        return f"{prefix[: prefix.rindex('/publishers/')]}/endpoints/{endpoint}:{verb}{query}"
    if "/" in model and is_vertex(to):
        publisher, _, model = model.partition("/")
        prefix = prefix[: prefix.rindex("/publishers/")] + f"/publishers/{quote(publisher, safe='')}"
    where = f"{prefix}/{model}" if model.startswith("tunedModels/") else f"{prefix}/models/{quote(model, safe='')}"
    return f"{where}:{verb}{query}"


def models_path(to: Destination) -> str:
    """Return the path of the list of models; Vertex lists them outside of any project."""
    return f"{_PROJECT.sub('', to.prefix)}/models?pageSize=1000"


def is_vertex(to: Destination) -> bool:
    """Say whether this is Vertex's form of the API: its addresses name the publisher of a model."""
    return "/publishers/" in to.prefix
