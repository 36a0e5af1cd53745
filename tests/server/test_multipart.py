"""The first fields of a form, wherever the network splits it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.server.multipart import boundary_of, find_field

NAME = st.from_regex(re.compile(r"[a-z]{1,8}"), fullmatch=True)
VALUE = st.binary(max_size=40).filter(lambda value: b"--XX" not in value)


def written(fields: list[tuple[str, bytes]], file: bytes | None) -> bytes:
    """A form with the boundary XX."""
    parts = [b'--XX\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (n.encode(), v) for n, v in fields]
    if file is not None:
        parts.append(b'--XX\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + file + b"\r\n")
    return b"".join(parts) + b"--XX--\r\n"


@given(st.lists(st.tuples(NAME, VALUE), max_size=5), VALUE, st.none() | VALUE, st.data())
def test_a_field_before_a_file_is_found_and_never_too_early(
    fields: list[tuple[str, bytes]], value: bytes, file: bytes | None, data: st.DataObject
) -> None:
    """Cut at any byte, the answer is the right one or "more"; whole, it is the value's very place."""
    others = [(name, each) for name, each in fields if name != "model"]
    place = data.draw(st.integers(0, len(others)))
    form = written([*others[:place], ("model", value), *others[place:]], file)
    cut = data.draw(st.integers(0, len(form)))

    whole, part = find_field(form, b"XX", b"model"), find_field(form[:cut], b"XX", b"model")

    assert isinstance(whole, tuple)
    assert form[slice(*whole)] == value
    assert part in (whole, "more")


@given(st.lists(st.tuples(NAME, VALUE), max_size=5), st.none() | VALUE)
def test_a_field_that_is_not_there_is_absent(fields: list[tuple[str, bytes]], file: bytes | None) -> None:
    """At the end of the form, or at its first file."""
    others = [(name, each) for name, each in fields if name != "model"]

    assert find_field(written(others, file), b"XX", b"model") == "absent"


@given(st.binary(max_size=200))
def test_any_bytes_are_searched(noise: bytes) -> None:
    """T25: whatever comes, the search ends."""
    assert find_field(noise, b"XX", b"model") in ("absent", "more") or b'name="model"' in noise


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/form-data; boundary=XX", b"XX"),
        ('Multipart/Form-Data; charset=utf-8; boundary="a b"', b"a b"),
        ("multipart/form-data", b""),
        ("multipart/form-data; boundary=" + "x" * 71, b""),
        ("application/json", b""),
        ("", b""),
    ],
)
def test_the_boundary_is_read_from_the_content_type(content_type: str, boundary: bytes) -> None:
    """As RFC 2046 writes it, at most 70 characters long."""
    assert boundary_of(content_type) == boundary
