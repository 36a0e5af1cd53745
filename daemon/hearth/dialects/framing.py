"""Where one record of a stream ends and the next begins: server-sent events and NDJSON, cut on bytes, nothing lost.

Sources: the event stream format of the WHATWG HTML standard (lines end in CRLF, LF or CR; one leading BOM; one space
after the colon is dropped) and newline-delimited JSON. Bytes are never decoded here, so a character split over two
reads stays whole.
"""

from __future__ import annotations

import re

from msgspec import Struct

MAX_RECORD = 64 * 1024 * 1024
"""No record may be longer, in bytes; whoever reads a stream compares `pending` with it (F12)."""

_BOM = b"\xef\xbb\xbf"
_EMPTY_LINE = re.compile(rb"(?:\r\n|\n|\r(?=[^\n])){2}")
"""Two ends of line in a row. A CR that is the last byte does not count yet: an LF may follow and belong to it."""


class SseRecord(Struct, frozen=True, gc=False):
    """One event: `raw` with its empty line, the `event` field or "", and `data` joined by LF.

    `data` is None for a record without data, such as a comment.
    """

    raw: bytes
    event: str = ""
    data: bytes | None = None


class SseSplitter:
    """Cuts an event stream, fed in any pieces, into records.

    The raws of all records and of `close`, joined, are the bytes fed.
    """

    __slots__ = ("_rest", "_seen", "_started")

    def __init__(self) -> None:
        self._rest = bytearray()
        self._seen = 0
        self._started = False

    @property
    def pending(self) -> int:
        """How many bytes wait for the end of their record."""
        return len(self._rest)

    def feed(self, data: bytes) -> list[SseRecord]:
        """Return the records that these bytes complete."""
        if self._rest or not self._started:
            return self._feed_slowly(data)
        usual = _usual(data)
        if usual is not None:
            return [usual]
        if b"\r" in data:
            return self._feed_slowly(data)
        *whole, rest = data.split(b"\n\n")
        self._rest += rest
        return [_parse(piece + b"\n\n") for piece in whole]

    def close(self) -> SseRecord | None:
        """Return what is left as one record, whether its empty line came or not; None when nothing is left.

        The standard throws such a rest away. Its raw shows a reader how it ends: a last record without its empty line
        is common, one without any end of line was probably cut.
        """
        rest = bytes(self._rest)
        self._rest.clear()
        self._seen = 0
        return self._parse_first(rest) if rest else None

    def _feed_slowly(self, data: bytes) -> list[SseRecord]:
        """The general way: any end of line, a record begun earlier, or the stream's first bytes."""
        rest = self._rest
        rest += data
        records: list[SseRecord] = []
        start = 0
        for match in _EMPTY_LINE.finditer(rest, self._seen):
            records.append(self._parse_first(bytes(rest[start : match.end()])))
            start = match.end()
        del rest[:start]
        self._seen = max(0, len(rest) - 3)
        return records

    def _parse_first(self, raw: bytes) -> SseRecord:
        """Parse a record; the stream's first one may begin with a BOM."""
        if self._started:
            return _parse(raw)
        self._started = True
        if not raw.startswith(_BOM):
            return _parse(raw)
        record = _parse(raw[len(_BOM) :])
        return SseRecord(raw, record.event, record.data)


class LineSplitter:
    """Cuts NDJSON, fed in any pieces, into lines, each with its LF. The lines and the rest joined are the bytes fed."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = bytearray()

    @property
    def pending(self) -> int:
        """How many bytes wait for the end of their line."""
        return len(self._rest)

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that these bytes complete, blank ones included."""
        rest = self._rest
        if not rest and data.endswith(b"\n") and data.find(b"\n") == len(data) - 1:
            return [data]
        if b"\n" not in data:
            rest += data
            return []
        if rest:
            data = bytes(rest) + data
            rest.clear()
        *lines, tail = data.split(b"\n")
        rest += tail
        return [line + b"\n" for line in lines]

    def close(self) -> bytes:
        """Return what came after the last LF."""
        rest = bytes(self._rest)
        self._rest.clear()
        return rest


def sse(data: bytes, event: str = "") -> bytes:
    """Return one event. `data` must hold no end of line, which JSON on one line never does."""
    if event:
        return b"event: %b\ndata: %b\n\n" % (event.encode(), data)
    return b"data: %b\n\n" % data


def _usual(raw: bytes) -> SseRecord | None:
    """Read the usual record: one line of data, perhaps after the name of its event; None for anything else."""
    if raw.endswith(b"\n\n"):
        line = raw[:-2]
    elif raw.endswith(b"\r\n\r\n"):
        line = raw[:-4]
    else:
        return None
    event = ""
    if line.startswith(b"event:"):
        name, _, line = line.partition(b"\n")
        event = name[6:].removeprefix(b" ").removesuffix(b"\r").decode("utf-8", "replace")
    if not line.startswith(b"data:") or b"\n" in line or b"\r" in line or "\r" in event:
        return None
    return SseRecord(raw, event, line[5:].removeprefix(b" "))


def _parse(raw: bytes) -> SseRecord:
    """Read the fields of one record."""
    usual = _usual(raw)
    if usual is not None:
        return usual
    event = b""
    data: list[bytes] = []
    for line in raw.splitlines():
        name, _, value = line.partition(b":")
        if name == b"data":
            data.append(value.removeprefix(b" "))
        elif name == b"event":
            event = value.removeprefix(b" ")
    return SseRecord(raw, event.decode("utf-8", "replace"), b"\n".join(data) if data else None)
