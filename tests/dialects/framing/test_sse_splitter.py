"""Server-sent events are cut into the same records however the bytes arrive."""

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hearth.dialects.framing import SseRecord, SseSplitter, sse

ENDS = (b"\n", b"\r\n", b"\r")
STREAMS = st.lists(
    st.sampled_from(
        [
            *ENDS,
            *ENDS,
            b"data:",
            b"data: ",
            b"event: ",
            b": ping",
            b"data",
            b"x",
            b"{}",
            b"\xef\xbb\xbf",
            "é\u2028".encode(),
        ]
    ),
    max_size=40,
).map(b"".join)


def split_whole(stream: bytes) -> tuple[list[SseRecord], bytes]:
    splitter = SseSplitter()
    records = splitter.feed(stream)
    last = splitter.close()
    return records, last.raw if last else b""


def pieces_of(stream: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    return [stream[start:end] for start, end in pairwise(edges)]


@given(STREAMS, st.lists(st.integers(0, 10_000), max_size=8))
def test_pieces_do_not_matter(stream: bytes, cuts: list[int]) -> None:
    """F9: a stream split anywhere gives the same records and the same rest as in one piece."""
    splitter = SseSplitter()

    records = [record for piece in pieces_of(stream, cuts) for record in splitter.feed(piece)]
    last = splitter.close()

    assert (records, last.raw if last else b"") == split_whole(stream)


@given(STREAMS)
def test_byte_by_byte_is_the_same(stream: bytes) -> None:
    """F9, F11: a stream that drips byte by byte gives the same records as in one piece."""
    splitter = SseSplitter()

    records = [record for at in range(len(stream)) for record in splitter.feed(stream[at : at + 1])]
    last = splitter.close()

    assert (records, last.raw if last else b"") == split_whole(stream)


@given(STREAMS)
def test_nothing_is_lost(stream: bytes) -> None:
    """The raws of all records and the rest, joined, are the bytes that were fed."""
    records, rest = split_whole(stream)

    assert b"".join(record.raw for record in records) + rest == stream


@given(STREAMS)
def test_each_record_ends_with_its_first_empty_line(stream: bytes) -> None:
    """A record ends at the first empty line, whatever ends its lines."""
    records, _ = split_whole(stream)

    for record in records:
        ends = [match.end() for match in re.finditer(rb"(?:\r\n|\n|\r(?!\n)){2}", record.raw)]
        assert ends == [len(record.raw)]


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=20), max_size=6),
    st.sampled_from(ENDS),
)
def test_data_lines_are_joined(lines: list[str], end: bytes) -> None:
    """Several data lines are one value joined by LF, and no data line is no value."""
    raw = b"".join(b"data: " + line.encode() + end for line in lines) + b"event: e" + end + end
    splitter = SseSplitter()

    records = splitter.feed(raw)
    last = splitter.close()

    data = "\n".join(lines).encode() if lines else None
    assert [*records, *([last] if last else [])] == [SseRecord(raw, "e", data)]


def test_one_event_in_one_read() -> None:
    """The usual case, one event a read, is one record."""
    splitter = SseSplitter()
    splitter.feed(b": hello\n\n")

    assert splitter.feed(b'data: {"a":1}\n\n') == [SseRecord(b'data: {"a":1}\n\n', "", b'{"a":1}')]
    assert splitter.pending == 0


def test_data_without_a_space() -> None:
    """The space behind the colon is optional, and only one is dropped."""
    assert SseSplitter().feed(b"data:x\n\ndata:  y\n\ndata\n\ndata:\n\n") == [
        SseRecord(b"data:x\n\n", "", b"x"),
        SseRecord(b"data:  y\n\n", "", b" y"),
        SseRecord(b"data\n\n", "", b""),
        SseRecord(b"data:\n\n", "", b""),
    ]


def test_a_comment_has_no_data() -> None:
    """A heartbeat comment is a record with raw bytes and no data."""
    assert SseSplitter().feed(b": ping\n\n") == [SseRecord(b": ping\n\n")]


def test_a_bom_is_kept_in_raw_only() -> None:
    """F9: a BOM before the first record belongs to its bytes, not its meaning; a later one makes an unknown field."""
    splitter = SseSplitter()

    first = splitter.feed(b"\xef\xbb\xbfdata: a\n\n")
    second = splitter.feed(b"\xef\xbb\xbfdata: b\n\n")

    assert first == [SseRecord(b"\xef\xbb\xbfdata: a\n\n", "", b"a")]
    assert second == [SseRecord(b"\xef\xbb\xbfdata: b\n\n")]


def test_a_bom_before_a_last_record_without_its_empty_line() -> None:
    """The BOM is dropped from the meaning of a stream's only record too."""
    splitter = SseSplitter()
    splitter.feed(b"\xef\xbb\xbfdata: a\n")

    assert splitter.close() == SseRecord(b"\xef\xbb\xbfdata: a\n", "", b"a")


def test_a_huge_line_in_many_pieces() -> None:
    """F10: a line of 8 MB in small pieces is one record, found without searching the same bytes again and again."""
    raw = sse(b"x" * 8_000_000)
    splitter = SseSplitter()

    records = [record for start in range(0, len(raw), 4096) for record in splitter.feed(raw[start : start + 4096])]

    assert [(len(record.raw), record.data == b"x" * 8_000_000) for record in records] == [(len(raw), True)]


def test_an_event_written_is_read_back() -> None:
    """`sse` writes what the splitter reads."""
    splitter = SseSplitter()

    assert splitter.feed(sse(b"{}", "ping") + sse(b"[DONE]")) == [
        SseRecord(b"event: ping\ndata: {}\n\n", "ping", b"{}"),
        SseRecord(b"data: [DONE]\n\n", "", b"[DONE]"),
    ]
