"""docs/usage.md shows the answer as it is: every member, by its name, and every way to group."""

import re
from typing import get_args

import msgspec

from hearth.ledger.sums import SLICES, By
from hearth.status import Usage, UsageReport
from metrics_page import PAGE

TEXT = PAGE.with_name("usage.md").read_text(encoding="utf-8")


def test_the_example_has_every_member_of_the_answer() -> None:
    """What a program reads there is what it gets."""
    found = re.search(r"```json\n(.*?)```", TEXT, re.DOTALL)
    assert found

    example = msgspec.json.decode(found[1])

    assert set(example) == set(UsageReport.__struct_fields__)
    assert set(example["rows"][0]) == set(Usage.__struct_fields__)
    assert len(msgspec.convert(example["rows"][0], Usage).trend) == SLICES


def test_every_grouping_is_named() -> None:
    """In the order in which the command lists them."""
    assert "by=" + "|".join(get_args(By)) in TEXT
