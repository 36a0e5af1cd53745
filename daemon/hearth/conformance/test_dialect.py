"""The whole suite for the dialect that the command line names: `pytest --pyargs hearth.conformance --dialect NAME`."""

from __future__ import annotations

from hearth.conformance import (
    CalledConformance,
    ReplyConformance,
    RoundTripConformance,
    ServedConformance,
    ShapeConformance,
)


class TestShape(ShapeConformance):
    """What can be seen before a byte is read."""


class TestCalled(CalledConformance):
    """Requests out, errors in."""


class TestReplies(ReplyConformance):
    """Replies in."""


class TestServed(ServedConformance):
    """Requests in, replies out."""


class TestRoundTrip(RoundTripConformance):
    """Both halves."""
