"""Nonsense where a provider counts costs its counts, and nothing else of what it said."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.dialects.forgiving import forgiving


class Counts(msgspec.Struct):
    given: int | None = None


class Piece(msgspec.Struct):
    usage: Counts | None = None


class Reply(msgspec.Struct):
    text: str
    usage: Counts | None = None
    pieces: list[Piece] | None = None
    sealed: msgspec.Raw = msgspec.Raw(b"null")


decode = forgiving(msgspec.json.Decoder(Reply), ("usage",), ("pieces", "*", "usage"))
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(), inside, max_size=3),
    max_leaves=6,
)


@given(ANY_JSON)
def test_whatever_stands_for_counts_the_words_are_read(nonsense: object) -> None:
    """The counts are read where they are some, and unknown where they are not."""
    data = msgspec.json.encode({"text": "hello", "usage": nonsense, "pieces": [{"usage": nonsense}], "sealed": [1.0]})

    found = decode(data)

    assert found.text == "hello"
    assert bytes(found.sealed) in {b"[1.0]", b"[1]"}


def test_what_is_wrong_elsewhere_is_wrong() -> None:
    """Only counts are forgiven."""
    for data in (b'{"text": 5}', b'{"text": 5, "usage": "x"}', b'{"usage": {"given": 1}}'):
        with pytest.raises(msgspec.ValidationError):
            decode(data)


def test_what_is_no_json_is_none() -> None:
    """A cut reply is cut."""
    with pytest.raises(msgspec.DecodeError):
        decode(b'{"text": "hel')
