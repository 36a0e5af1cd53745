"""Short ways to look at bytes whose format nobody knows: the words in a request, the events of a reply."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from hearth.chat import Members
from hearth.conformance.examples import Examples, Reply
from hearth.dialects.body import cut
from hearth.dialects.dialect import Called, Head, HttpRequest, ReplyReader, Served, ServedByPath
from hearth.events import Event, Frame
from hearth.problems import Problem


def words_of(request: HttpRequest) -> list[str]:
    """Return every text in a request: its path, and each key and string of its JSON body."""
    return [request.path, *_strings(json.loads(request.body))] if request.body else [request.path]


def _strings(found: object) -> Iterator[str]:
    if isinstance(found, str):
        yield found
    elif isinstance(found, dict):
        for key, value in found.items():
            yield key
            yield from _strings(value)
    elif isinstance(found, list):
        for value in found:
            yield from _strings(value)


def check_words(refusal: Problem) -> None:
    """Fail the test where a refusal does not say why."""
    if not refusal.message:
        pytest.fail(f"A {type(refusal).__name__} is raised without a word.")


def members_of(served: Served, request: HttpRequest, examples: Examples) -> tuple[str, Members]:
    """Return route and members of a request as the server in front of this served half would hand them over."""
    members = cut(request.body)
    if not isinstance(served, ServedByPath):
        return examples.route, members
    path, _, query = request.path.partition("?")
    said = dict(part.partition("=")[::2] for part in query.split("&") if part)
    rest = path.removeprefix(examples.prefix).lstrip("/").removeprefix("models/")
    route, located = served.locate(rest, said)
    return route, {**members, **located}


def reader_for(called: Called, reply: Reply, examples: Examples) -> ReplyReader:
    """Return a reader for a recorded reply."""
    head = Head(200, (("Content-Type", reply.content_type),))
    return called.reader(reply.operation, None, examples.to, head)


def frames_of(reader: ReplyReader, *pieces: bytes) -> list[Frame]:
    """Read a reply in these pieces, to its end."""
    found = [frame for piece in pieces for frame in reader.feed(piece)]
    return [*found, *reader.close()]


def events_of(frames: list[Frame]) -> list[Event]:
    """Return what the frames mean, in order."""
    return [event for frame in frames for event in frame.events]
