"""Records as rows and rows as records: whatever a caller sent goes in, and comes back as it was."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import msgspec

from hearth.record import Attempt, CallRecord

Cell = str | bytes | int | float | None
Row = tuple[Cell, ...]
Record = TypeVar("Record", CallRecord, Attempt)

AT_ONCE = 32
"""So many rows go in by one statement: as many as the parameters allow that any SQLite takes (999)."""
LARGEST = 2**53 - 1
"""The largest whole number that every reader of JSON keeps; counts beyond it are kept as this."""


def columns(kind: type[Record], table: str) -> str:
    """Return the columns of a record's table as SQL lists them, in the order in which rows are bound and read."""
    return ", ".join(f"{table}.{name}" for name in kind.__struct_fields__)


def quick(records: Iterable[CallRecord] | Iterable[Attempt]) -> Iterator[Row]:
    """Rows of well-formed records, at C speed; what SQLite cannot bind fails there."""
    return map(msgspec.structs.astuple, records)


def careful(record: CallRecord | Attempt) -> Row:
    """A row that SQLite can hold, whatever is in the record: lone surrogates as bytes, huge numbers cut (F30)."""
    return tuple(bindable(value) for value in msgspec.structs.astuple(record))


def record_of(kind: type[Record], row: Sequence[Cell]) -> Record:
    """Return the record that a row was made from. The row has the record's fields in their order."""
    fields = msgspec.structs.fields(kind)
    make: Callable[..., Record] = kind
    return make(*(_value(field, cell) for field, cell in zip(fields, row, strict=True)))


def text_of(cell: Cell) -> str:
    """Return a text cell as text: UTF-8 that SQLite refused was stored as bytes."""
    return cell.decode("utf-8", "surrogatepass") if isinstance(cell, bytes) else str(cell or "")


def bindable(value: object) -> Cell:
    """Return a value as SQLite can hold it."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        return max(-LARGEST, min(LARGEST, value))
    if isinstance(value, float):
        return None if math.isnan(value) else value
    return None


def _text(value: str) -> str | bytes:
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")
    return value


def _value(field: msgspec.structs.FieldInfo, cell: Cell) -> object:
    if field.type is bool:
        return bool(cell)
    if cell is None:
        return 0.0 if field.type is float else None
    return text_of(cell) if isinstance(cell, bytes) else cell
