"""The Ollamas of the config: where new models go, and what would reach a registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hearth.problems import Forbidden, Unreachable

if TYPE_CHECKING:
    from hearth.generation import ProviderRuntime
    from hearth.server.core import Core


QUIET_S = 1800.0
"""How long a registry or a quantisation may stay silent: Ollama itself sets no limit."""


def need_registry(core: Core, what: str) -> None:
    """Raise `Forbidden` where the mode keeps us at home: a registry is cloud, in `lan` too (design §2.2)."""
    if core.mode in ("offline", "lan"):
        raise Forbidden(f"{what} needs a registry, which mode {core.mode} forbids.", next_step="See `hearth mode`.")


def ollamas(core: Core) -> list[ProviderRuntime]:
    """Return all of them, in the config's order."""
    return [one for one in core.generation.providers.values() if one.settings.dialect == "ollama"]


def first_ollama(core: Core) -> ProviderRuntime:
    """Return the one that new models go to: the first on this machine, else the first at all."""
    found = ollamas(core)
    if not found:
        raise Unreachable("No Ollama is configured.", next_step="Add one under [providers].")
    return min(found, key=lambda one: one.place != "machine")
