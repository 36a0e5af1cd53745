"""The half that serves clients: any request is read or refused in words, and no error looks like an end."""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from hearth import problems
from hearth.call import Outline
from hearth.chat import Members
from hearth.conformance.subject import UNHURRIED, Conformance, Subject
from hearth.conformance.wire import check_words
from hearth.dialects.dialect import ReplyWriter, Stamp
from hearth.events import Done, Event, Failed, Finished, Started, TextDelta, Usage
from hearth.problems import BadRequest, NotFound, Overloaded, Problem, ProviderProblem

STAMP = Stamp("01callid01callid01callid01", "some-model", 1_795_250_442_000_000_000)
ANSWER: tuple[Event, ...] = (
    Started("id-1", "some-model"),
    TextDelta("Hello "),
    TextDelta("there\u2028🙂"),
    Finished("stop", "stop"),
    Usage(7, 3),
    Done(),
)
NAMES = (
    "model", "messages", "input", "prompt", "contents", "tools", "tool_choice", "stream", "stop", "max_tokens",
    "temperature", "system", "format", "response_format", "text", "think", "reasoning", "options", "images", "suffix",
    "generationConfig", "systemInstruction", "instructions", "documents", "dimensions", "texts",
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 10**12) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8) | st.sampled_from(["user", "tool", "assistant", "text", "function", "image_url"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["role", "content", "type", "text", "parts", "name", "function", "x"]), inner),
    max_leaves=8,
)  # fmt: skip
ROUTES = st.sampled_from(["chat", "complete", "embed"])


def kinds() -> list[type[Problem]]:
    """Return every class of problem there is."""
    found = [one for one in vars(problems).values() if isinstance(one, type) and issubclass(one, Problem)]
    return [one for one in found if one not in (Problem, ProviderProblem)]


class ServedConformance(Conformance):
    """Requests in, replies and problems out."""

    @UNHURRIED
    @given(given=st.dictionaries(st.sampled_from(NAMES), JSON, max_size=6))
    def test_any_request_is_read_or_refused(self, subject: Subject, given: dict[str, object]) -> None:
        """Whatever JSON object comes, there is an outline and a meaning, or a `BadRequest` that says what is wrong."""
        half, route = subject.serving(), subject.examples.route
        members = _members(given)
        for read in (half.outline, half.read):
            try:
                read(route, dict(members))
            except (BadRequest, NotFound) as refusal:
                check_words(refusal)

    @pytest.mark.parametrize("kind", kinds())
    def test_every_problem_is_shown(self, subject: Subject, kind: type[Problem]) -> None:
        """An error status, the provider's words in the dialect's envelope, and Retry-After where a pause is known.

        What Hearth itself has to say may be said in words of the dialect's own server, which clients look for.
        """
        rendered = subject.serving().problem(kind("It failed at noon.", who="far", retry_after=2.5), route="")

        headers = {name.lower(): value for name, value in rendered.headers}
        assert 400 <= rendered.status < 600
        assert "noon" in rendered.body.decode() or (rendered.body and not issubclass(kind, ProviderProblem))
        assert headers.get("retry-after") == "3"
        assert "set-cookie" not in headers

    def test_an_answer_is_written_as_a_stream_and_whole(self, subject: Subject) -> None:
        """The words stand in both, whatever signs they hold."""
        for stream in (True, False):
            writer = _writer(subject, stream=stream)
            body = _stream(writer, ANSWER) if stream else writer.whole(ANSWER)
            assert writer.content_type
            assert _holds(body, "Hello "), body
            assert _holds(body, "🙂"), body

    def test_an_error_in_a_stream_is_told(self, subject: Subject) -> None:
        """After some words an error says so, in bytes of its own that are no end."""
        writer = _writer(subject, stream=True)
        _stream(writer, ANSWER[:2])
        failed = writer.failed(Overloaded("It fell over at noon.", who="far"))

        fresh = _writer(subject, stream=True)
        _stream(fresh, ANSWER[:3])
        ended = _stream(fresh, ANSWER[3:])

        assert b"noon" in failed
        assert ended
        assert failed != ended

    def test_a_whole_reply_that_failed_raises(self, subject: Subject) -> None:
        """A reply that is not sent yet can still be an error: its problem is raised."""
        writer = _writer(subject, stream=False)

        with pytest.raises(Overloaded):
            writer.whole((*ANSWER[:2], Failed(Overloaded("It fell over.", who="far"))))

    @UNHURRIED
    @given(pieces=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), max_size=5))
    def test_any_words_can_be_said(self, subject: Subject, pieces: list[str]) -> None:
        """Each piece is written when it comes: nothing of it waits for the next, and nothing raises."""
        writer = _writer(subject, stream=True)
        _stream(writer, ANSWER[:1])

        for piece in pieces:
            written = writer.stream([TextDelta(piece)])
            assert not piece.strip() or _holds(written, piece), f"{piece!r} is held back: {written!r}"


def _members(given: dict[str, object]) -> Members:
    return {name: Raw(json.dumps(value).encode()) for name, value in given.items()}


def _writer(subject: Subject, *, stream: bool) -> ReplyWriter:
    outline = Outline(subject.examples.route, "chat", "some-model", stream)
    return subject.serving().writer(outline, STAMP)


def _stream(writer: ReplyWriter, events: Sequence[Event]) -> bytes:
    return b"".join(writer.stream([event]) for event in events)


def _holds(body: bytes, words: str) -> bool:
    """Say whether JSON somewhere in this body holds these words, in any spelling of JSON."""
    plain = msgspec.json.encode(words)[1:-1]
    return any(form in body for form in (plain, json.dumps(words)[1:-1].encode())) or words in _unescaped(body)


def _unescaped(body: bytes) -> str:
    return "".join(_texts(body))


def _texts(body: bytes) -> list[str]:
    found: list[str] = []
    for line in body.split(b"\n"):
        start = line.find(b"{")
        if start < 0:
            continue
        try:
            _collect(json.loads(line[start:]), found)
        except ValueError:
            continue
    return found


def _collect(value: object, found: list[str]) -> None:
    if isinstance(value, str):
        found.append(value)
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            _collect(one, found)
