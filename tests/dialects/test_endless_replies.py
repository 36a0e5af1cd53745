"""Replies made to keep a reader busy: in pieces of a few bytes, without an end. Each dialect reads them in passing."""

from __future__ import annotations

import itertools
import time

import pytest

from dialects.openai_chat.openai_golden import BOX
from hearth.dialects.dialect import Head
from hearth.dialects.registry import OURS, called
from hearth.events import Failed, Finished

PIECES = 10_000
HELD_S = 2.0
"""Reading them takes a tenth of this; looking at all that came before with each piece took minutes."""
FLOODS = {
    "white space": (b"", b" " * 250),
    "line ends": (b"", b"\r\n" * 5),
    "comments": (b"", b": " + b"x" * 248),
    "comments by the line": (b"", b": " + b"x" * 46 + b"\n\n"),
    "one line of data": (b"data: {", b'"x":"' + b"y" * 45),
    "many lines of data": (b"", b"data: " + b"x" * 43 + b"\n"),
    "a text without end": (b'{"x":"', b"y" * 250),
    "blank lines in an object": (b"{\n\n", b"1" * 20 + b"\n\n"),
    "brackets": (b"[", b"[{" + b" " * 98),
    "elements": (b"[", b'{"x":1},' + b" " * 92),
    "blank lines": (b"{", b"\n\n" * 5),
}


@pytest.mark.parametrize("kind", ["text/event-stream", "application/json", "application/x-ndjson"])
@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
@pytest.mark.parametrize("name", OURS)
def test_a_reply_without_end_costs_no_more_than_its_bytes(name: str, flood: tuple[bytes, bytes], kind: str) -> None:
    """F12, T26: what comes is read once, wherever it is cut; nothing of it is lost, and nothing looks finished."""
    dialect = called(name)
    assert dialect is not None
    reader = dialect.reader("chat", None, BOX, Head(200, (("Content-Type", kind),)))
    began = time.process_time()

    frames = list(reader.feed(flood[0]))
    for piece in itertools.repeat(flood[1], PIECES):
        frames += reader.feed(piece)
    frames += reader.close()

    events = [event for frame in frames for event in frame.events]
    assert time.process_time() - began < HELD_S
    assert sum(len(frame.raw) for frame in frames) == len(flood[0]) + PIECES * len(flood[1])
    assert not any(isinstance(event, Finished) for event in events)


@pytest.mark.parametrize("name", OURS)
def test_white_space_has_an_end(name: str) -> None:
    """F12: a server may send some to keep a connection alive; 70 MB of it are a failure, told once."""
    dialect = called(name)
    assert dialect is not None
    reader = dialect.reader("chat", None, BOX, Head(200, (("Content-Type", "application/json"),)))
    piece = b" " * 2**20

    frames = [*(frame for _ in range(70) for frame in reader.feed(piece)), *reader.close()]

    assert [isinstance(event, Failed) for frame in frames for event in frame.events] == [True]
    assert sum(len(frame.raw) for frame in frames) == 70 * 2**20


@pytest.mark.parametrize("name", [name for name in OURS if name not in {"ollama", "replicate"}])
def test_white_space_before_an_answer_is_none_of_it(name: str) -> None:
    """Some providers send line ends while they think: what comes after them is read as if it came first."""
    dialect = called(name)
    assert dialect is not None
    head = Head(200, (("Content-Type", "application/json"),))
    body = b'{"error": {"message": "too much", "type": "x"}, "message": "too much"}'
    plain, spaced = dialect.reader("chat", None, BOX, head), dialect.reader("chat", None, BOX, head)

    expected = [frame.events for frame in [*plain.feed(body), *plain.close()] if frame.events]
    pieces = (b"\xef", b"\xbb\xbf\n", b"\n \n", body)
    found = [*(frame for piece in pieces for frame in spaced.feed(piece)), *spaced.close()]

    assert [frame.events for frame in found if frame.events] == expected
    assert b"".join(frame.raw for frame in found) == b"\xef\xbb\xbf\n\n \n" + body
