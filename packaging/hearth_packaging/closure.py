"""Which installed distributions a bundle has to hold: those that Hearth asks for on this system, and theirs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

OURS = "hearthd"
DESKTOP = ("tray", "keyring", "google")
"""The extras that a desktop's package brings along."""


class MissingError(Exception):
    """A distribution that a bundle needs is not installed beside Hearth."""


def needed(extras: Iterable[str] = (), by: str = OURS) -> list[Distribution]:
    """Return what a distribution, Hearth, needs at run time with these extras, without itself, by name.

    Markers are judged for the running interpreter. Raises `MissingError`, which names what to install.
    """
    found: dict[str, Distribution] = {}
    waiting = [(by, frozenset(extras))]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, wanted = waiting.pop()
        if (name, wanted) in seen:
            continue
        seen.add((name, wanted))
        found[name] = _installed(name)
        waiting.extend(_requirements(found[name], wanted))
    del found[by]
    return [found[name] for name in sorted(found)]


def _installed(name: str) -> Distribution:
    try:
        return distribution(name)
    except PackageNotFoundError:
        raise MissingError(f"{name} is not installed here. Run `make install`, then build again.") from None


def _requirements(one: Distribution, extras: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    for line in one.requires or ():
        requirement = Requirement(line)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in (*extras, "")):
            yield canonicalize_name(requirement.name), frozenset(requirement.extras)
