"""Replies of providers, fuzzed: nothing raises, no byte is lost, and what was cut never looks finished."""

from __future__ import annotations

from collections.abc import Callable

from fuzz_requests import check_words
from fuzz_seeds import ROUTES, STAMP
from hearth.call import Outline
from hearth.dialects import registry
from hearth.dialects.dialect import Called, Destination, Head
from hearth.events import Done, Event, Failed, Finished, Frame
from hearth.problems import BrokenReply, Problem

TO = Destination("somebody", "some-model", "/v1")
TYPES = ("text/event-stream", "application/json", "application/x-ndjson", "")
SERVED = tuple(name for name in registry.OURS if registry.served(name) is not None)


def reads(dialect: str) -> Callable[[bytes], None]:
    """Return the check of one dialect's replies, lists of models and errors."""

    def check(data: bytes) -> None:
        half = registry.called(dialect)
        assert half is not None, "nobody is called in it"
        variant, body = data[0], data[1:]
        events = _read(half, variant, body)
        _written(SERVED[variant % len(SERVED)], events)
        problem = half.problem(Head(400 + variant), body, "somebody")
        check_words(problem)
        try:
            half.models(body)
        except BrokenReply as broken:
            check_words(broken)

    return check


def _read(half: Called, variant: int, body: bytes) -> list[Event]:
    head = Head(200, (("Content-Type", TYPES[variant % len(TYPES)]),))
    reader = half.reader("embed" if variant >= 240 else "chat", None, TO, head)
    size = (variant // 4) % 16 or len(body) or 1
    frames: list[Frame] = []
    for at in range(0, len(body), size):
        frames += reader.feed(body[at : at + size])
    frames += reader.close()
    events = [event for frame in frames for event in frame.events]
    ended = reader.finished or any(isinstance(event, Failed) for event in events)
    assert b"".join(frame.raw for frame in frames) == body, "bytes are lost"
    assert ended, "a cut reply looks finished"
    return events


def _written(dialect: str, events: list[Event]) -> None:
    """What a provider said can be told to a client of any dialect, or fails in words."""
    half = registry.served(dialect)
    assert half is not None, "nobody is served in it"
    outline = Outline(ROUTES[dialect][0], "chat", "some-model", stream=True)
    said = [event for event in events if not isinstance(event, Failed)]
    try:
        writer = half.writer(outline, STAMP)
        for event in said:
            writer.stream([event])
        half.writer(outline, STAMP).whole([*said, Finished("stop", "stop"), Done()])
    except Problem as problem:
        check_words(problem)
