"""The dialects by name, each imported when it is first needed: one that nobody uses costs nothing at start.

A package installed beside Hearth adds its own by an entry point in the group "hearth.dialects": the dialect's name,
and a module that has `SERVED`, `CALLED` or both.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from types import ModuleType

from hearth.dialects.dialect import Called, Served
from hearth_config.words import DIALECT_GROUP, DIALECTS

GROUP, OURS = DIALECT_GROUP, DIALECTS


@cache
def served(name: str) -> Served | None:
    """Return the half that serves clients, or None: no such dialect, or it calls providers only."""
    half: Served | None = getattr(_module(name), "SERVED", None)
    return half


@cache
def called(name: str) -> Called | None:
    """Return the half that calls providers, or None: no such dialect, or it serves clients only."""
    half: Called | None = getattr(_module(name), "CALLED", None)
    return half


def trouble(name: str) -> str:
    """Return why a dialect of another package cannot be used; "" where it can, or where there is no such dialect."""
    return "" if name in OURS else _foreign(name)[1]


def _module(name: str) -> ModuleType | None:
    return import_module(f"hearth.dialects.{name}") if name in OURS else _foreign(name)[0]


@cache
def _foreign(name: str) -> tuple[ModuleType | None, str]:
    """Load a dialect of another package; whatever goes wrong in there takes one provider away and nothing else."""
    from importlib.metadata import entry_points

    for point in entry_points(group=GROUP, name=name):
        try:
            module = point.load()
        except Exception as error:  # noqa: BLE001 -- code of somebody else may raise anything
            return None, f"{point.value} cannot be loaded ({type(error).__name__}: {error})"
        if isinstance(module, ModuleType):
            return module, ""
        return None, f"{point.value} is no module"
    return None, ""
