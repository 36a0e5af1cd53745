"""The wall clock of tests that count by days."""

from __future__ import annotations

from time import localtime

import pytest


@pytest.mark.usefixtures("noon")
def test_it_is_noon_where_days_are_counted() -> None:
    """Half a day lies on either side, so that no midnight falls into a test, whenever it is run."""
    assert localtime().tm_hour == 12
