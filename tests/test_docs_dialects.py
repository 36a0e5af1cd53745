"""docs/dialects.md is right: its table of dialects, its examples, and the parts of the suite that it names."""

from __future__ import annotations

import ast
import re
import tomllib

from hearth import conformance
from hearth.conformance import Examples
from hearth.dialects import registry
from source_tree import ROOT

PAGE = (ROOT / "docs" / "dialects.md").read_text(encoding="utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_page_names_every_dialect_and_every_part() -> None:
    """The first table is that of the registry, the last that of the suite."""
    rows = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)

    parts = [name for name in conformance.__all__ if name.endswith("Conformance")]
    assert sorted(rows) == sorted([*registry.OURS, *parts])


def test_the_entry_point_is_the_one_that_is_read() -> None:
    """A package written as the page says is found."""
    (metadata,) = map(tomllib.loads, _blocks("toml"))

    assert list(metadata["project"]["entry-points"]) == [registry.GROUP]
    assert metadata["project"]["optional-dependencies"]["test"] == ["hearthd[conformance]"]


def test_the_examples_are_python_that_works() -> None:
    """The examples that the page shows are made as it shows them, and the class of tests is one."""
    made, subclassed = _blocks("python")

    names: dict[str, object] = {}
    exec(made, names)  # noqa: S102 -- the page's own words

    assert isinstance(names["EXAMPLES"], Examples)
    assert any(isinstance(node, ast.ClassDef) and node.name.startswith("Test") for node in ast.parse(subclassed).body)
