"""Every threat and every fault of docs/faults.md has a test that names it (G24)."""

import ast
import re
from functools import cache

import pytest

from source_tree import ROOT, everything

ROW = re.compile(r"^\| ([TF]\d+) \|", re.MULTILINE)
ROWS = ROW.findall((ROOT / "docs" / "faults.md").read_text(encoding="utf-8"))


@cache
def named() -> set[str]:
    """The rows that stand in docstrings of tests."""
    texts = (
        ast.get_docstring(function) or ""
        for source in everything()
        if source.path.startswith("tests/")
        for function in source.functions
        if function.name.startswith("test_")
    )
    return {row for text in texts for row in re.findall(r"\b[TF]\d+\b", text)}


@pytest.mark.parametrize("row", ROWS)
def test_every_row_has_a_test(row: str) -> None:
    """G24: a row without a test is a promise that nobody keeps."""
    assert row in named()


def test_no_test_names_a_row_that_is_not_there() -> None:
    """G24: a number that means nothing was mistyped."""
    assert sorted(named() - set(ROWS)) == []
