"""What the long program that takes defences away needs: each still stands where it says, and without it is code."""

from __future__ import annotations

import ast

import pytest

from bites import edited
from defences import DEFENCES, Defence
from source_tree import ROOT


@pytest.mark.parametrize("defence", DEFENCES, ids=lambda defence: str(defence.name))
def test_every_defence_can_be_taken_away(defence: Defence) -> None:
    """G23: its text stands in its file exactly once, the file is code without it, and its tests are there."""
    before = (ROOT / defence.file).read_text("utf-8")

    after = edited(defence, before)

    assert ast.dump(ast.parse(after)) != ast.dump(ast.parse(before))
    assert all((ROOT / test).exists() for test in defence.tests)


def test_a_defence_that_has_moved_is_told() -> None:
    """G23: the program does not pass over what it does not find."""
    with pytest.raises(LookupError, match=r"defences\.py"):
        edited(DEFENCES[0], "nothing of the kind")


def test_there_are_at_least_fifteen() -> None:
    """G23: each of them by a name of its own."""
    assert len({defence.name for defence in DEFENCES}) == len(DEFENCES) >= 15
