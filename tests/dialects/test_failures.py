"""What every dialect does with a provider's error: words fit to show, redirects refused, statuses understood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.dialects.dialect import Called, Head
from hearth.dialects.failures import MAX_MESSAGE, clean
from hearth.dialects.registry import OURS, called
from hearth.problems import BrokenReply, KeyRefused, NotPermitted, Overloaded, Problem, RateLimited, TimedOut

KEYS = (
    "sk-ant-api03-abcdefghij",
    "gsk_abcdefghijkl",
    "AIzaSyA-1234567890abc",
    "ya29.a0AfH6SMBx",
    "AQ.Ab8RN6Labcdefgh",
    "hf_abcdefghij",
)


@given(st.text(max_size=3000))
def test_words_are_one_short_line(words: str) -> None:
    """T16: whatever a provider says is at most 500 characters, on one line, without control characters."""
    found = clean(words)

    assert len(found) <= MAX_MESSAGE
    assert not any(sign < " " or "\x7f" <= sign <= "\x9f" or sign in "\u2028\u2029" for sign in found)


@pytest.mark.parametrize("key", KEYS)
def test_keys_of_every_kind_are_hidden(key: str) -> None:
    """T16: a router may quote the key of any provider behind it."""
    assert clean(f"Incorrect key provided: {key}, see /keys.") == "Incorrect key provided: [key], see /keys."


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("status", [301, 307, 308])
def test_no_dialect_follows_a_redirect(name: str, status: int) -> None:
    """T11: it would take key and prompt elsewhere, so it is a broken reply that says which address to mend."""
    found = half(name).problem(Head(status, (("Location", "https://elsewhere"),)), b"", "box")

    assert isinstance(found, BrokenReply)
    assert found.upstream_status == status
    assert found.next_step == "Set the final address of providers.box."


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, KeyRefused), (403, NotPermitted), (408, TimedOut), (429, RateLimited), (503, Overloaded), (504, TimedOut)],
)
def test_a_status_without_words_means_the_same_everywhere(name: str, status: int, kind: type[Problem]) -> None:
    """A page of a proxy in front of any provider is told by its status alone."""
    assert type(half(name).problem(Head(status), b"<html>no</html>", "box")) is kind


def half(name: str) -> Called:
    """The half of that dialect which calls providers."""
    found = called(name)
    assert found is not None
    return found
