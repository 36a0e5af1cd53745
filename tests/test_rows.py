"""Every threat and every fault of docs/faults.md has a test that names it (G24)."""

import ast
import re

import pytest

from source_tree import ROOT

ROW = re.compile(r"^\| ([TF]\d+) \|", re.MULTILINE)
ROWS = ROW.findall((ROOT / "docs" / "faults.md").read_text(encoding="utf-8"))


def _named() -> set[str]:
    """The rows that stand in docstrings of tests."""
    named: set[str] = set()
    for file in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                named.update(re.findall(r"\b[TF]\d+\b", ast.get_docstring(node) or ""))
    return named


NAMED = _named()


@pytest.mark.parametrize("row", ROWS)
def test_every_row_has_a_test(row: str) -> None:
    """G24: a row without a test is a promise that nobody keeps."""
    assert row in NAMED


def test_no_test_names_a_row_that_is_not_there() -> None:
    """G24: a number that means nothing was mistyped."""
    assert sorted(NAMED - set(ROWS)) == []
