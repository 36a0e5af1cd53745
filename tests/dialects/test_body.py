"""Request bodies: cut at their top level, replaced in part, joined again."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from hearth.dialects.body import MAX_DEPTH, cut, join, raw, too_deep, value
from hearth.problems import BadRequest

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), JSON, max_size=6))
def test_members_keep_their_bytes(members: dict[str, object]) -> None:
    """Each member is the text that stood there, spaces and escapes included."""
    texts = {name: json.dumps(member, indent=1) for name, member in members.items()}
    body = "{" + ", ".join(f"{json.dumps(name)} : {text}" for name, text in texts.items()) + "}"

    found = cut(body.encode())

    assert {name: bytes(member).decode() for name, member in found.items()} == texts
    assert json.loads(join(found)) == members


def test_large_numbers_survive() -> None:
    """Numbers that no float holds go on as they came."""
    body = b'{"a":' + b"1" * 5000 + b',"b":1.0000000000000000000001,"c":1e999}'

    assert join(cut(body)) == body


@pytest.mark.parametrize("body", [b"", b"  \r\n\t "])
def test_an_empty_body(body: bytes) -> None:
    """No body has no members; what that means is for the route to say."""
    assert cut(body) == {}


def test_a_bom() -> None:
    """F30: a byte order mark before the object is no fault."""
    assert cut(b'\xef\xbb\xbf{"a":1}') == {"a": Raw(b"1")}


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"5",
        b'"x"',
        b"null",
        b"{",
        b'{"a":}',
        b'{"a":1}}',
        b'{"a":NaN}',
        b"{'a':1}",
        b'{"a":"\xff"}',
        b'\xff\xfe{\x00"\x00',
        b'{"a":1\x00}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"a":' + b"[" * 70 + b"]" * 70 + b"}",
    ],
)
def test_what_is_no_object(body: bytes) -> None:
    """F30, T25: broken, deep or foreign bodies are a 400, quickly, and never a traceback."""
    with pytest.raises(BadRequest):
        cut(body)


@given(st.binary(max_size=100))
def test_any_bytes(body: bytes) -> None:
    """F30: any bytes are an object or a clean complaint."""
    try:
        members = cut(body)
    except BadRequest:
        return
    assert cut(join(members)) == members


def test_depth_is_counted_outside_strings() -> None:
    """Brackets in a text are text, escaped quotes and backslashes included."""
    assert not too_deep(json.dumps({"a": '["\\"' * 1000}).encode())
    assert not too_deep(b'{"a":"\\\\","b":"' + b"[" * 1000 + b'"}')


@given(st.integers(1, 2 * MAX_DEPTH))
def test_depth(depth: int) -> None:
    """The limit is exact."""
    assert too_deep(b"[" * depth + b"]" * depth) == (depth > MAX_DEPTH)


def test_many_brackets_side_by_side_are_not_deep() -> None:
    """A long conversation is wide, not deep."""
    assert not too_deep(json.dumps({"messages": [{"content": [{}]}] * 1000}).encode())


@given(JSON)
def test_raw_is_json(member: object) -> None:
    """A value put among members is its JSON."""
    assert msgspec.json.decode(raw(member)) == msgspec.json.decode(msgspec.json.encode(member))


def test_values() -> None:
    """A member is decoded as asked; absent and null are the same."""
    members = cut(b'{"a":5,"b":null}')

    assert (value(members, "a", int), value(members, "b", int), value(members, "c")) == (5, None, None)


def test_a_value_of_another_type() -> None:
    """The complaint names the member."""
    with pytest.raises(BadRequest) as raised:
        value(cut(b'{"a":"x"}'), "a", int)

    assert raised.value.param == "a"
    assert str(raised.value).startswith("a: ")
