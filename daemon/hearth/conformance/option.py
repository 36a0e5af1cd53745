"""The options of the suite, `--dialect` and `--dialect-examples`: light, since every run of pytest imports them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from hearth.conformance.examples import Examples

pytest.register_assert_rewrite(
    *(f"hearth.conformance.{name}" for name in ("both", "called", "replies", "served", "shape"))
)
ASK = "Name the dialect on trial: pytest --pyargs hearth.conformance --dialect NAME"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("hearth", "conformance of a dialect for Hearth")
    group.addoption("--dialect", default="", metavar="NAME", help="the dialect on trial: an entry point or a module")
    group.addoption(
        "--dialect-examples",
        default="",
        metavar="MODULE:NAME",
        help="where its recorded traffic is, a hearth.conformance.Examples; default: EXAMPLES in the dialect's module",
    )


def name_of(config: pytest.Config) -> str:
    """Return the dialect that the command line names. Raises `pytest.UsageError` where it names none."""
    name = str(config.getoption("--dialect", default=""))
    if not name:
        raise pytest.UsageError(ASK)
    return name


def examples_of(config: pytest.Config) -> Examples | None:
    """Return the examples that the command line names, None for the module's own. Raises `pytest.UsageError`."""
    named = str(config.getoption("--dialect-examples", default=""))
    if not named:
        return None
    module, _, attribute = named.partition(":")
    try:
        found: Examples = getattr(import_module(module), attribute or "EXAMPLES")
    except (ImportError, AttributeError) as error:
        raise pytest.UsageError(f"--dialect-examples {named}: {error}.") from error
    return found
