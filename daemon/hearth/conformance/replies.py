"""The half that calls providers, judged by how it reads: any pieces, any garbage, and a cut is never an end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.conformance.examples import Reply
from hearth.conformance.gist import Told, told
from hearth.conformance.subject import UNHURRIED, Conformance, Subject
from hearth.conformance.wire import events_of, frames_of, reader_for
from hearth.events import Done, Event, Failed, Finished
from hearth.problems import BrokenReply, ProviderProblem

ASK = "Hand over recorded replies, Examples(replies=(Reply(…),)): no reader can be judged without real traffic."


class ReplyConformance(Conformance):
    """Each recorded reply of the provider is read whole, in pieces, and cut."""

    def test_recorded_replies_say_what_they_say(self, subject: Subject) -> None:
        """Text, calls and end are those that the author of the example read in it, and nothing follows the end."""
        for reply in _replies(subject):
            events = _whole(subject, reply)
            assert isinstance(events[-1], Done), f"The last event is {events[-1]}."
            assert not any(isinstance(event, Failed) for event in events)
            gist = told(events)
            if reply.operation == "chat":
                assert (gist.text, _called(gist), gist.finish) == (reply.text, reply.tools, reply.finish)
            assert len([event for event in events if isinstance(event, Finished)]) <= 1

    def test_no_byte_is_lost(self, subject: Subject) -> None:
        """The raws of all frames, joined, are the bytes that came: that is what a caller of the same dialect gets."""
        for reply in _replies(subject):
            reader = reader_for(subject.calling(), reply, subject.examples)
            frames = frames_of(reader, reply.body)
            assert b"".join(frame.raw for frame in frames) == reply.body
            assert reader.finished

    def test_pieces_change_nothing(self, subject: Subject) -> None:
        """Split in two at every byte, or fed byte by byte, a reply has the same events."""
        for reply in _replies(subject):
            expected = _whole(subject, reply)
            splits = [[reply.body[:at], reply.body[at:]] for at in range(1, len(reply.body))]
            for pieces in (*splits, [reply.body[at : at + 1] for at in range(len(reply.body))]):
                reader = reader_for(subject.calling(), reply, subject.examples)
                found = events_of(frames_of(reader, *pieces))
                assert found == expected, f"split after {len(pieces[0])} bytes"

    def test_a_cut_reply_is_never_a_finished_one(self, subject: Subject) -> None:
        """Cut at any byte, a reply ends in `Failed(BrokenReply)`, or has said everything it had to say."""
        for reply in _replies(subject):
            whole = _essence(_whole(subject, reply))
            for at in range(len(reply.body)):
                reader = reader_for(subject.calling(), reply, subject.examples)
                events = events_of(frames_of(reader, reply.body[:at]))
                _check_cut(events, whole, finished=reader.finished, at=at)

    @UNHURRIED
    @given(garbage=st.lists(st.binary(max_size=60), max_size=4))
    def test_garbage_is_never_an_answer(self, subject: Subject, garbage: list[bytes]) -> None:
        """Any bytes can come: nothing is raised, and an end is there only if there is one."""
        for reply in _replies(subject)[:1]:
            reader = reader_for(subject.calling(), reply, subject.examples)
            events = events_of(frames_of(reader, *garbage))
            assert reader.finished or _broken(events), events

    def test_bytes_that_are_no_text_raise_nothing(self, subject: Subject) -> None:
        """A byte that is not UTF-8, at each place of a reply: it is read on, or an error."""
        for reply in _replies(subject):
            for at in range(len(reply.body)):
                reader = reader_for(subject.calling(), reply, subject.examples)
                events = events_of(frames_of(reader, reply.body[:at] + b"\x80" + reply.body[at:]))
                assert reader.finished or any(isinstance(event, Failed) for event in events), f"at byte {at}"

    @UNHURRIED
    @given(at=st.integers(0, 5000), garbage=st.binary(min_size=1, max_size=40))
    def test_noise_inside_a_reply_raises_nothing(self, subject: Subject, at: int, garbage: bytes) -> None:
        """Whatever gets into a reply, reading goes on or ends in an error, and is never an exception."""
        for reply in _replies(subject):
            place = at % (len(reply.body) + 1)
            reader = reader_for(subject.calling(), reply, subject.examples)
            events = events_of(frames_of(reader, reply.body[:place] + garbage + reply.body[place:]))
            assert reader.finished or any(isinstance(event, Failed) for event in events)


def _replies(subject: Subject) -> tuple[Reply, ...]:
    subject.calling()
    if not subject.examples.replies:
        pytest.fail(ASK)
    return subject.examples.replies


def _whole(subject: Subject, reply: Reply) -> list[Event]:
    return events_of(frames_of(reader_for(subject.calling(), reply, subject.examples), reply.body))


def _called(gist: Told) -> tuple[str, ...]:
    return tuple(call[1] for call in gist.calls)


def _essence(events: list[Event]) -> tuple[object, ...]:
    """All but the counts, which may come behind the end."""
    gist = told(events)
    return gist.text, gist.thinking, gist.calls, gist.finish


def _broken(events: list[Event]) -> bool:
    return bool(events) and isinstance(events[-1], Failed) and isinstance(events[-1].problem, ProviderProblem)


def _check_cut(events: list[Event], whole: tuple[object, ...], *, finished: bool, at: int) -> None:
    if finished:
        assert _essence(events) == whole, f"Cut after {at} bytes it looks finished, and something is missing."
        return
    last = events[-1] if events else None
    assert isinstance(last, Failed), f"Cut after {at} bytes it ends in {last}."
    assert isinstance(last.problem, BrokenReply), f"Cut after {at} bytes it ends in {last.problem!r}."
