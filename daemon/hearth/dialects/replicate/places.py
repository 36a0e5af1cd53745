"""Where a model of Replicate is described and where its predictions are created, by the form of its name.

`owner/name` is a model, `owner/name:VERSION` or a version's 64 digits alone one version of it, and
`deployments/owner/name` a deployment (wire/providers §4.7).
"""

from __future__ import annotations

import re
from urllib.parse import quote

from msgspec import Struct

_VERSION = re.compile(r"[0-9a-f]{64}")
DEPLOYMENTS = "deployments/"


class Place(Struct, frozen=True):
    """Paths below the address's own: `described` is "" where nobody describes it; `version` goes into the body."""

    created: str
    described: str = ""
    version: str = ""


def place_of(model: str) -> Place:
    """Return the paths of a model."""
    if model.startswith(DEPLOYMENTS):
        path = DEPLOYMENTS + _escaped(model.removeprefix(DEPLOYMENTS))
        return Place(f"{path}/predictions", path)
    if _VERSION.fullmatch(model):
        return Place("predictions", version=model)
    name, _, version = model.partition(":")
    path = f"models/{_escaped(name)}"
    if version:
        return Place("predictions", f"{path}/versions/{quote(version, safe='')}", version)
    return Place(f"{path}/predictions", path)


def _escaped(name: str) -> str:
    return "/".join(quote(part, safe="") for part in name.split("/"))
