"""The whole record of a model for people: what its answers say, completed by its name, its place and its family."""

from __future__ import annotations

from hearth.routing.capabilities import FEATURES, UNKNOWN, Answer, Feature
from hearth.routing.targets import Target


def record_of(target: Target) -> dict[Feature, Answer]:
    """Return an answer to every feature, in their order."""
    found = {
        **target.answers,
        "fim": _fim(target),
        "fine_tuned": _fine_tuned(target),
        "offline": Answer("yes" if target.place == "machine" else "no", "address"),
    }
    return {feature: found.get(feature, UNKNOWN) for feature in FEATURES}


def _fim(target: Target) -> Answer:
    """A model fills gaps natively, or in the tokens of its family, which are data of ours."""
    said = target.answers.get("fim", UNKNOWN)
    if "suffix" in target.lacks:
        return said if said.said == "no" else Answer("no", "dialect")
    if said.said == "yes":
        return said
    return Answer("yes", "data") if target.filling.family is not None else UNKNOWN


def _fine_tuned(target: Target) -> Answer:
    return Answer("yes", "name") if target.model.startswith("ft:") else target.answers.get("fine_tuned", UNKNOWN)
