"""Where one record of a Gemini's stream ends: events, the elements of one array, and errors that stand bare between.

The raws of all records joined are the bytes fed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from hearth.dialects.framing import SseSplitter

_SPACE = b" \t\r\n\xef\xbb\xbf"
_BEFORE = _SPACE + b",["
_MARKS = re.compile(rb'["\\{}\[\]]')


class Record(Struct, frozen=True, gc=False):
    """One record: its bytes, and the JSON in it (None for a comment or white space).

    `bare` says that the JSON stood without the form of an event, as errors do. `last` is the end of an array.
    """

    raw: bytes
    data: bytes | None = None
    bare: bool = False
    last: bool = False


class EventRecords:
    """Cuts a stream of events. Bare JSON between two events may hold blank lines: it is kept until it is whole."""

    def __init__(self) -> None:
        """Nothing has come yet."""
        self._splitter = SseSplitter()
        self._bare = bytearray()
        self._brackets = Brackets()

    @property
    def pending(self) -> int:
        """How many bytes wait for the end of their record."""
        return self._splitter.pending + len(self._bare)

    def feed(self, data: bytes) -> list[Record]:
        """Return the records that these bytes complete."""
        records: list[Record] = []
        for found in self._splitter.feed(data):
            self._take(found.raw, found.data, records)
        return records

    def _take(self, raw: bytes, data: bytes | None, records: list[Record]) -> None:
        if self._bare or (data is None and raw.lstrip(_SPACE)[:1] in (b"{", b"[")):
            self._bare += raw
            for _ in self._brackets.closings(raw):
                pass
            if self._brackets.depth <= 0:
                bare = self._take_bare()
                records.append(Record(bare, bare, bare=True))
            return
        records.append(Record(raw, data))

    def close(self) -> list[Record]:
        """Return what is left: a record without its blank line is whole if its line has ended."""
        records: list[Record] = []
        rest = self._splitter.close()
        if rest is not None:
            ended = rest.raw.endswith((b"\n", b"\r"))
            self._take(rest.raw, rest.data if ended or rest.data is None else None, records)
        if self._bare:
            records.append(Record(self._take_bare(), None, bare=True))
        return records

    def _take_bare(self) -> bytes:
        bare, self._bare, self._brackets = bytes(self._bare), bytearray(), Brackets()
        return bare


class ArrayRecords:
    """Cuts one JSON array of objects into its elements, each as soon as it is whole."""

    def __init__(self) -> None:
        """Nothing has come yet."""
        self._rest = bytearray()
        self._brackets = Brackets()

    @property
    def pending(self) -> int:
        """How many bytes wait for the end of their element."""
        return len(self._rest)

    def feed(self, data: bytes) -> list[Record]:
        """Return the elements that these bytes complete; the array's own end is a record as well."""
        records: list[Record] = []
        done = 0
        for place, depth in self._brackets.closings(data):
            if depth > 1:
                continue
            raw = bytes(self._rest) + data[done : place + 1]
            self._rest.clear()
            done = place + 1
            records.append(Record(raw, last=True) if depth <= 0 else Record(raw, raw.lstrip(_BEFORE)))
        self._rest += data[done:]
        return records

    def close(self) -> list[Record]:
        """Return what is left, which is no element."""
        rest = bytes(self._rest)
        self._rest.clear()
        return [Record(rest)] if rest else []


class Brackets:
    """Counts the brackets of JSON fed in any pieces, those inside of strings left out."""

    def __init__(self) -> None:
        """Stand outside of everything."""
        self.depth = 0
        self._text = False
        self._escaped = False

    def closings(self, data: bytes) -> Iterator[tuple[int, int]]:
        """Yield place and remaining depth of each closing bracket."""
        skipped = 0 if self._escaped else -1
        for match in _MARKS.finditer(data):
            place, mark = match.start(), match.group()
            if place == skipped:
                continue
            if mark == b"\\":
                skipped = place + 1 if self._text else -1
            elif mark == b'"':
                self._text = not self._text
            elif self._text:
                continue
            elif mark in b"{[":
                self.depth += 1
            else:
                self.depth -= 1
                yield place, self.depth
        self._escaped = skipped == len(data)
