"""Our own dialects pass the suite that other authors are given."""

from __future__ import annotations

import pytest

from conformance.our_examples import EXAMPLES
from hearth.conformance import (
    CalledConformance,
    ReplyConformance,
    RoundTripConformance,
    ServedConformance,
    ShapeConformance,
)
from hearth.conformance.subject import Subject, find
from hearth.dialects import registry


class Ours:
    """The suite once more for each dialect."""

    @pytest.fixture(scope="class", params=registry.OURS)
    @classmethod
    def subject(cls, request: pytest.FixtureRequest) -> Subject:
        return find(request.param, EXAMPLES[request.param])


class TestShape(Ours, ShapeConformance):
    pass


class TestCalled(Ours, CalledConformance):
    pass


class TestReplies(Ours, ReplyConformance):
    pass


class TestServed(Ours, ServedConformance):
    pass


class TestRoundTrip(Ours, RoundTripConformance):
    pass
