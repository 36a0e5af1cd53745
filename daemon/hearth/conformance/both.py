"""Both halves of a dialect together: what one writes, the other reads, and nothing that matters is lost."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw
from msgspec.structs import replace

from hearth.call import Outline
from hearth.chat import ChatRequest, Members
from hearth.conformance.examples import Reply
from hearth.conformance.gist import asked, told
from hearth.conformance.invented import answers, conversations
from hearth.conformance.meanings import FEATURES, HELLO
from hearth.conformance.served import STAMP
from hearth.conformance.subject import UNHURRIED, Conformance, Subject
from hearth.conformance.wire import check_words, events_of, frames_of, members_of, reader_for
from hearth.dialects.dialect import ReplyWriter
from hearth.events import Event, Failed
from hearth.problems import BadRequest, Overloaded, Unsupported

KEPT = [name for name, tried in FEATURES.items() if isinstance(tried.request, ChatRequest)]


class RoundTripConformance(Conformance):
    """A dialect with one half only skips these."""

    @pytest.mark.parametrize("feature", KEPT)
    def test_a_feature_comes_back(self, subject: Subject, feature: str) -> None:
        """What the called half writes of a conversation, the served half reads back to the same meaning."""
        request = FEATURES[feature].request
        try:
            route, members = _sent(subject, request)
            found = subject.serving().read(route, members)
        except Unsupported as refusal:
            check_words(refusal)
            return

        assert asked(found) == asked(request)

    @UNHURRIED
    @given(request=conversations())
    def test_any_conversation_comes_back(self, subject: Subject, request: ChatRequest) -> None:
        """The same for whatever people may say to each other, tools included."""
        route, members = _sent(subject, request)

        found = subject.serving().read(route, members)
        assert asked(found) == asked(request)
        assert isinstance(found, ChatRequest)
        assert found.knobs.max_tokens == request.knobs.max_tokens

    @UNHURRIED
    @given(events=answers())
    def test_any_answer_comes_back(self, subject: Subject, events: list[Event]) -> None:
        """A stream written by the served half is read by the called half to the same words, calls, end and counts."""
        outline = _asked(subject, stream=True)
        writer = subject.serving().writer(outline, STAMP)
        written = b"".join(writer.stream([event]) for event in events)

        assert told(_read(subject, writer, written)) == told(events)

    @UNHURRIED
    @given(events=answers())
    def test_any_whole_answer_comes_back(self, subject: Subject, events: list[Event]) -> None:
        """The same for a reply in one piece."""
        outline = _asked(subject, stream=False)
        writer = subject.serving().writer(outline, STAMP)
        written = writer.whole(events)

        assert told(_read(subject, writer, written)) == told(events)

    @UNHURRIED
    @given(events=answers(), at=st.integers(0, 10))
    def test_a_heartbeat_says_nothing(self, subject: Subject, events: list[Event], at: int) -> None:
        """A sign of life between two pieces changes nothing for who reads them."""
        outline = _asked(subject, stream=True)
        writer = subject.serving().writer(outline, STAMP)
        pieces = [writer.stream([event]) for event in events]
        pieces.insert(at % (len(pieces) + 1), writer.heartbeat)

        assert told(_read(subject, writer, b"".join(pieces))) == told(events)

    @UNHURRIED
    @given(events=answers(), kept=st.integers(0, 10))
    def test_an_error_is_read_as_an_error(self, subject: Subject, events: list[Event], kept: int) -> None:
        """A stream that the served half ends in an error, the called half never takes for finished."""
        outline = _asked(subject, stream=True)
        writer = subject.serving().writer(outline, STAMP)
        begun = events[: min(kept, len(events) - 2)]
        written = b"".join(writer.stream([event]) for event in begun) + writer.failed(Overloaded("It fell over."))

        found = _read(subject, writer, written)

        assert isinstance(found[-1], Failed), found

    def test_a_splice_keeps_what_nobody_knows(self, subject: Subject) -> None:
        """Between the same dialect's ends unknown members survive; the model is the target's, Hearth's own are gone."""
        half = subject.calling()
        route, members = _sent(subject, HELLO)
        members = {**members, "x_unknown": Raw(b'{"a":[1]}')}
        try:
            outline = subject.serving().outline(route, members)
        except BadRequest:
            pytest.skip("This dialect refuses members that it does not know.")
        to = replace(subject.examples.to, model="another-model")
        if not half.splices(outline, to):
            pytest.skip("Nothing is spliced here.")

        spliced = half.splice(outline, {**members, "hearth": Raw(b'{"mode":"lan"}')}, to)

        assert b'"x_unknown":{"a":[1]}' in spliced.body
        assert "another-model" in spliced.path + spliced.body.decode()
        assert b'"hearth"' not in spliced.body


def _sent(subject: Subject, request: object) -> tuple[str, Members]:
    """Write a request with the called half, and hand it over as a server does. Raises `Unsupported`."""
    served, called = subject.serving(), subject.calling()
    assert isinstance(request, ChatRequest)
    return members_of(served, called.request(request, subject.examples.to, stream=True), subject.examples)


def _asked(subject: Subject, *, stream: bool) -> Outline:
    route, members = _sent(subject, HELLO)
    return replace(subject.serving().outline(route, members), stream=stream, include_usage=True)


def _read(subject: Subject, writer: ReplyWriter, written: bytes) -> Sequence[Event]:
    """Read what a writer has written with the called half."""
    reply = Reply(b"", content_type=writer.content_type)
    return events_of(frames_of(reader_for(subject.calling(), reply, subject.examples), written))
