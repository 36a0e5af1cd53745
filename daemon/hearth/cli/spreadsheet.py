"""CSV that a spreadsheet opens as what it is: RFC 4180, numbers bare, and no cell that is taken for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from hearth.cli.output import clean

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def line(cells: Sequence[object]) -> str:
    """Return one record, without its line end; None is an empty cell, true and false are 1 and 0."""
    text = io.StringIO()
    csv.writer(text).writerow([_cell(cell) for cell in cells])
    return text.getvalue().removesuffix("\r\n")  # the writer must know of line ends, else it leaves them unquoted


def lines(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterable[str]:
    """Yield a record for the headings and for each row."""
    yield line(headings)
    for row in rows:
        yield line(row)


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return int(value)
    if not isinstance(value, str):
        return value
    kept = clean(value)
    return f"'{kept}" if kept.startswith(_FORMULA) else kept
