"""A request's bytes: nothing that is configured or asked can add a line or a second request."""

from __future__ import annotations

import pytest

from hearth.outbound.request import encode_headers, request_line


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\r\nb"])
def test_a_header_name_that_could_smuggle_is_refused(name: str) -> None:
    """T23: what is no token is not sent."""
    with pytest.raises(ValueError, match="cannot be sent"):
        encode_headers(((name, "x"),))


@pytest.mark.parametrize("value", ["a\r\nb: c", "a\nb", "a\x00b", "€"])
def test_a_header_value_that_could_smuggle_is_refused_without_repeating_it(value: str) -> None:
    """T16, T23: line breaks and control characters end here; the value may be a key, so it is not repeated."""
    with pytest.raises(ValueError, match="'X-Key' cannot be sent") as refused:
        encode_headers((("X-Key", value),))

    assert value not in str(refused.value)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "x"), ("GET", "/a b"), ("GET", "/a\r\nX: y"), ("G T", "/"), ("GET", "/é")]
)
def test_a_request_line_that_could_smuggle_is_refused(method: str, path: str) -> None:
    """T23: one line, two blanks."""
    with pytest.raises(ValueError, match="request path"):
        request_line(method, path)


def test_a_user_agent_may_be_configured() -> None:
    """A provider that wants another User-Agent gets that one alone."""
    assert encode_headers((("User-Agent", "own/1"),)) == b"User-Agent: own/1\r\n"
