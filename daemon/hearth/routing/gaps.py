"""How a target fills gaps between prefix and suffix, worked out once when a catalog is built."""

from __future__ import annotations

from hearth.chat import Need
from hearth.fim.filling import Filling
from hearth.fim.known import family_of
from hearth_config.quirks import Quirks

NEEDS: frozenset[Need] = frozenset({"suffix", "repository"})


def filling(dialect: str, quirks: Quirks, capabilities: frozenset[str] | None, model: str) -> Filling:
    """Return how this model fills gaps there: natively where its API says so, else in its family's tokens.

    An Ollama that has not said whether a model inserts is asked natively only where its family is not known.
    """
    if dialect == "ollama":
        family = family_of(model)
        native = "insert" in capabilities if capabilities is not None else family is None
        return Filling(native, family=family, needs_suffix=True)
    if dialect != "openai_chat":
        return Filling()
    raw = quirks.completions_path is not None
    return Filling(quirks.fim != "none", quirks.fim == "infill", family_of(model) if raw else None)


def lacked(way: Filling) -> frozenset[Need]:
    """Return which of `NEEDS` such a target cannot meet."""
    lacks: set[Need] = set()
    if not way.possible:
        lacks.add("suffix")
    if not way.takes_files:
        lacks.add("repository")
    return frozenset(lacks)
