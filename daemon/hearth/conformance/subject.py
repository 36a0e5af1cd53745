"""The dialect on trial: its halves, its module, and its author's examples."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from msgspec import Struct

from hearth.conformance.examples import Examples
from hearth.dialects import registry
from hearth.dialects.dialect import Called, Served

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine says nothing about a dialect."""


class Subject(Struct, frozen=True):
    """One dialect. A half that it does not have is None; `module` is what has `SERVED` and `CALLED`."""

    name: str
    module: str
    served: Served | None
    called: Called | None
    examples: Examples = Examples()

    def __repr__(self) -> str:
        """Name it: a failed test prints this."""
        return f"<dialect {self.name}>"

    def serving(self) -> Served:
        """Return the half that serves clients; skips the test where there is none."""
        if self.served is None:
            pytest.skip(f"{self.name} calls providers and serves nobody.")
        return self.served

    def calling(self) -> Called:
        """Return the half that calls providers; skips the test where there is none."""
        if self.called is None:
            pytest.skip(f"{self.name} serves clients and calls nobody.")
        return self.called


def find(name: str, examples: Examples | None = None) -> Subject:
    """Return a dialect by its name (an entry point in the group "hearth.dialects") or by its module.

    Raises `pytest.UsageError` where there is none.
    """
    module = _module_of(name)
    try:
        found = import_module(module)
    except ImportError as error:
        wanted = f'an installed dialect (an entry point in the group "{registry.GROUP}") or a module'
        raise pytest.UsageError(f"{name} is neither {wanted}: {error}.") from error
    served, called = getattr(found, "SERVED", None), getattr(found, "CALLED", None)
    if served is None and called is None:
        raise pytest.UsageError(f"{module} has neither SERVED nor CALLED.")
    given: Examples = examples or getattr(found, "EXAMPLES", None) or Examples()
    return Subject(name, module, served, called, given)


def _module_of(name: str) -> str:
    if name in registry.OURS:
        return f"hearth.dialects.{name}"
    points = tuple(entry_points(group=registry.GROUP, name=name))
    return points[0].value if points else name


class Conformance:
    """What all parts of the suite share: a subclass names its dialect, and hands over examples."""

    dialect: ClassVar[str] = ""
    examples: ClassVar[Examples | None] = None

    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls, pytestconfig: pytest.Config) -> Subject:
        """The dialect that the class names, or the command line."""
        from hearth.conformance.option import examples_of, name_of

        if cls.dialect:
            return find(cls.dialect, cls.examples)
        return find(name_of(pytestconfig), examples_of(pytestconfig))
