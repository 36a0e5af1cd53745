"""Was a reply the right one, to its last byte? Looked at after the clock has stopped."""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate

import msgspec

from exchange import Exchange
from frames import DONE, Frame, Spoiled, read_frame
from routes import Route
from voices import FILLER, Reply, whole_text


class Stream(msgspec.Struct, frozen=True):
    """A good stream: when it was asked for, and for each piece when the mock sent it and when it was read (ns)."""

    start: int
    sent: list[int]
    seen: list[int]

    @property
    def transit(self) -> Iterator[int]:
        """How long each piece was on its way."""
        return (seen - sent for sent, seen in zip(self.sent, self.seen, strict=True))

    @property
    def gaps(self) -> Iterator[int]:
        """The time between each piece and the one before it, where the client is."""
        return (after - before for before, after in zip(self.seen, self.seen[1:], strict=False))


def read_stream(route: Route, exchange: Exchange, model: str, pieces: int, prompt: bytes) -> Stream:
    """Follow one stream: every piece once, in order, from one upstream stream, with a proper end.

    Raises Spoiled otherwise, and where the dialect stays the same also if a single byte differs from the mock's.
    """
    _check_status(exchange)
    body = exchange.body
    frames = list(_frames(route, exchange, body))
    said = [(stamp, token) for stamp, frame in frames for token in frame.text.split()]
    tokens = [_token(token) for _, token in said]
    if [seq for seq, _, _ in tokens] != list(range(pieces)):
        raise Spoiled(f"{len(tokens)} pieces of {pieces} came, or not in order")
    if len({stream for _, _, stream in tokens}) > 1:
        raise Spoiled("a piece of another stream came")
    if tokens[0][1] < exchange.start:
        raise Spoiled("a stale reply: made before it was asked for")
    if not frames[-1][1].last or not any(frame.finished for _, frame in frames):
        raise Spoiled("the stream has no proper end")
    if route.exact:
        texts = [f"{token} ".encode() for _, token in said]
        reply = Reply(_named(frames[0][1], model), tokens[0][2], route.asked(prompt), pieces, usage=True)
        _check_bytes(route.script(reply, stream=True).written(texts), body)
    return Stream(exchange.start, [sent for _, sent, _ in tokens], [stamp for stamp, _ in said])


def check_whole(route: Route, exchange: Exchange, model: str, pieces: int, prompt: bytes) -> None:
    """Check a whole reply. Raises Spoiled if it is cut, changed, stale, or answers a prompt that was cut."""
    _check_status(exchange)
    body = exchange.body
    frame = read_frame(route, body)
    token, _, rest = frame.text.partition(" ")
    seq, sent, stream = _token(token)
    if seq or sent < exchange.start:
        raise Spoiled("a stale reply: made before it was asked for")
    size, _, filler = rest.partition(" ")
    arrived = size.removeprefix("p=")
    if not arrived.isdecimal() or int(arrived) < len(prompt):
        raise Spoiled(f"of {len(prompt)} bytes of prompt only {size} arrived")
    if filler.encode() != FILLER:
        raise Spoiled("the reply's text is not what the mock said")
    if route.exact:
        sent_bytes = route.asked(prompt)
        reply = Reply(_named(frame, model), stream, sent_bytes, pieces)
        _check_bytes(route.script(reply, stream=False).written([whole_text(f"{token} ".encode(), sent_bytes)]), body)


def _check_status(exchange: Exchange) -> None:
    if exchange.error:
        raise Spoiled(exchange.error)
    if exchange.status != 200:
        raise Spoiled(f"status {exchange.status}: {exchange.body[:160].decode(errors='replace')}")


def _check_bytes(expected: bytes, body: bytes) -> None:
    if body != expected:
        at = next(
            (at for at, pair in enumerate(zip(body, expected, strict=False)) if pair[0] != pair[1]), len(expected)
        )
        raise Spoiled(f"bytes differ from the mock's at {at}: {body[at : at + 60]!r}, not {expected[at : at + 60]!r}")


def _named(frame: Frame, model: str) -> str:
    """The provider's word for the model: `m` and `m:latest` are one name. Cohere's replies name none."""
    if not frame.model:
        return model
    if frame.model.removesuffix(":latest") != model:
        raise Spoiled(f"model {model} answers as {frame.model!r}")
    return frame.model


def _token(text: str) -> tuple[int, int, int]:
    parts = text.split(":")
    if len(parts) != 3 or not all(part.isdecimal() for part in parts):
        raise Spoiled(f"not the mock's text: {text[:60]!r}")
    return int(parts[0]), int(parts[1]), int(parts[2])


def _frames(route: Route, exchange: Exchange, body: bytes) -> Iterator[tuple[int, Frame]]:
    """Each frame with the time of the read that completed its line."""
    ends = list(accumulate(len(data) for _, data in exchange.pieces))
    at = 0
    for line in body.splitlines(keepends=True):
        at += len(line)
        frame = _line(route, line.rstrip(b"\r\n"))
        if frame:
            yield exchange.pieces[bisect_left(ends, at)][0], frame


def _line(route: Route, line: bytes) -> Frame | None:
    if route.dialect == "ollama":
        return read_frame(route, line)
    if not line.startswith(b"data:"):
        return None
    data = line[5:].strip()
    return DONE if data == b"[DONE]" else read_frame(route, data)
