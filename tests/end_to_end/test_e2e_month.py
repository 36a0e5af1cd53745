"""A month of calls: both books agree, cut calls are marked, and no limit breaks; and a kill costs next to nothing."""

from __future__ import annotations

import asyncio

import pytest

from month import month


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_log_and_the_providers_books_agree() -> None:
    """1,500 calls by 32 callers at once, among refusals, failures and cut answers; `benchmarks/month.py` has 50,000.

    To the last token and to a billionth of the currency for all replies that told of their tokens; each cut one is
    marked as estimated; the day's limit is reached, and held.
    """
    books = asyncio.run(month(1500))

    assert books.faults() == []
    assert books.cut > 10
    assert set(books.statuses) >= {200, 403}
    assert 0.9 * books.limit < books.spent <= books.limit
