"""NDJSON is cut into the same lines however the bytes arrive."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hearth.dialects.framing import LineSplitter

STREAMS = st.lists(st.sampled_from([b"\n", b"\n", b"\r\n", b'{"a":1}', b"x", "\u2028".encode()]), max_size=30).map(
    b"".join
)


@given(STREAMS, st.lists(st.integers(0, 10_000), max_size=8))
def test_pieces_do_not_matter(stream: bytes, cuts: list[int]) -> None:
    """F9, F11: a stream split anywhere gives the same lines and the same rest."""
    edges = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    splitter = LineSplitter()

    lines = [line for start, end in pairwise(edges) for line in splitter.feed(stream[start:end])]
    rest = splitter.close()

    *expected, expected_rest = stream.split(b"\n")
    assert lines == [line + b"\n" for line in expected]
    assert rest == expected_rest


@given(STREAMS)
def test_byte_by_byte_is_the_same(stream: bytes) -> None:
    """F11: one byte a read loses nothing and gives whole lines only."""
    splitter = LineSplitter()

    lines = [line for at in range(len(stream)) for line in splitter.feed(stream[at : at + 1])]

    assert b"".join(lines) + splitter.close() == stream
    assert all(line.find(b"\n") == len(line) - 1 for line in lines)


def test_a_rest_is_counted_as_pending() -> None:
    """What waits for its end is counted, so that a reader can set a limit; closing takes it out."""
    splitter = LineSplitter()
    splitter.feed(b'{"a":1}\n{"b"')

    pending, rest = splitter.pending, splitter.close()

    assert (pending, rest, splitter.pending) == (4, b'{"b"', 0)
