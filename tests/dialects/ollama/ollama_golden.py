"""Recorded exchanges with a real Ollama, and shorthands that the tests of this dialect share."""

import json
import re
from functools import cache

from dialects.golden import GOLDEN, Exchange, read_body, read_exchange
from hearth.call import Outline
from hearth.chat import Members
from hearth.dialects.body import cut
from hearth.dialects.dialect import Destination, ReplyReader, Stamp
from hearth.dialects.ollama import CALLED, SERVED
from hearth.events import Event, Frame

HERE = Destination("ollama", "scripted")
STAMP = Stamp("0123456789abcdefghijklmnop", "scripted", 1_763_714_436_957_041_959)


class Recording(Exchange):
    """One exchange of this dialect."""

    @property
    def route(self) -> str:
        """The route that was asked."""
        return self.path.removeprefix("/api/")

    @property
    def members(self) -> Members:
        """The request, cut; one recording has words behind its JSON, which Ollama ignores."""
        return cut(self.request.removesuffix(b" trailing"))

    @property
    def outline(self) -> Outline:
        return SERVED.outline(self.route, self.members)

    @property
    def streamed(self) -> bool:
        return self.head.get("content-type") == "application/x-ndjson"

    @property
    def answered(self) -> bool:
        """Whether the reply is a good one that came to its end and stays within what events can say."""
        silent = ("debug-render", "repeat-abort", "runner-dies", "client-hang-up")
        return self.head.status == 200 and not any(word in self.name for word in silent)


@cache
def recordings() -> tuple[Recording, ...]:
    """All recordings of chat, generate and the embedding routes."""
    return tuple(Recording(*read_exchange(file)) for file in sorted((GOLDEN / "ollama").glob("*.json")))


def recording(name: str) -> Recording:
    """The recording of that name."""
    return next(one for one in recordings() if one.name == name)


def listing(name: str) -> bytes:
    """The body of a recorded listing (`tests/golden/models`)."""
    return read_body(json.loads((GOLDEN / "models" / f"ollama-{name}.json").read_text())["response"])


def answered() -> list[Recording]:
    """The good replies."""
    return [one for one in recordings() if one.answered]


def reader_of(one: Recording, to: Destination = HERE) -> ReplyReader:
    """A reader for the recorded reply."""
    outline = one.outline
    return CALLED.reader(outline.operation, outline, to, one.head)


def frames_of(one: Recording, pieces: list[bytes] | None = None) -> list[Frame]:
    """The frames of the recorded reply, fed in pieces."""
    reader = reader_of(one)
    return [frame for piece in pieces or [one.body] for frame in reader.feed(piece)] + reader.close()


def events_of(one: Recording) -> list[Event]:
    """The meaning of the recorded reply."""
    return [event for frame in frames_of(one) for event in frame.events]


def rewritten(one: Recording) -> bytes:
    """The recorded reply, read to its meaning and written again."""
    first = json.loads(one.body.splitlines()[0])
    stamp = Stamp(STAMP.id, first.get("model", ""), STAMP.now_ns)
    writer = SERVED.writer(one.outline, stamp)
    if one.streamed:
        return b"".join(writer.stream(frame.events) for frame in frames_of(one))
    return writer.whole(events_of(one))


def comparable(body: bytes) -> bytes:
    """A reply without its times and its context of tokens, which mean nothing elsewhere; U+0085 as we write it."""
    timeless = re.sub(rb'"created_at":"[^"]*"', b'"created_at":""', body)
    return re.sub(rb'"context":\[[^]]*\],', b"", timeless).replace(b"\xc2\x85", rb"\u0085")
