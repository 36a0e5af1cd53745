"""What is measured on one visit of one route: some seconds of load, looked at afterwards."""

import gc
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Protocol

import msgspec

import loops
from checks import Stream, check_whole, read_stream
from exchange import Exchange
from frames import Spoiled
from load import at_once, closed_loop
from routes import Route, words
from shapes import FIRST, PLAIN, Shape, parse_shape
from stats import in_ms, overlap

KILOBYTE = words(1 << 10)
MEGABYTE = words(1 << 20)
SLACK_NS = 50_000_000
"""How much longer than the mock's pace a gap between two pieces may be."""


class Figures(msgspec.Struct):
    """What one visit yields: figures by name, how many samples they rest on, and what spoiled others."""

    values: dict[str, float]
    samples: int
    errors: Counter[str]


class Visit(Protocol):
    """Put load on a route for some seconds with so many clients."""

    def __call__(self, route: Route, port: int, clients: int, seconds: float) -> Figures:
        """Measure once."""


class Whole(msgspec.Struct, frozen=True):
    """Whole replies in a closed loop: from before the request was written to the last byte read."""

    prompt: bytes
    requests: int = 0

    def __call__(self, route: Route, port: int, clients: int, seconds: float) -> Figures:
        """Measure once; with `requests` set, it ends after so many."""
        request = route.request(port, PLAIN, self.prompt, stream=False)
        seconds = 0 if self.requests else seconds
        exchanges = _quietly(closed_loop(port, request, clients, seconds, requests=self.requests))
        errors: Counter[str] = Counter()
        good = [one for one in exchanges if _is_whole(route, one, self.prompt, errors)]
        if not good:
            return Figures({}, 0, errors)
        took = (max(one.end for one in good) - min(one.start for one in good)) / 1e9
        return Figures({**in_ms(one.end - one.start for one in good), "rps": len(good) / took}, len(good), errors)


def first_piece(route: Route, port: int, clients: int, seconds: float) -> Figures:
    """Time from the request to a stream's first piece."""
    request = route.request(port, FIRST, KILOBYTE, stream=True)
    exchanges = _quietly(closed_loop(port, request, clients, seconds))
    errors: Counter[str] = Counter()
    times = [stream.seen[0] - stream.start for stream in _streams(route, exchanges, FIRST, errors)]
    return Figures(in_ms(times), len(times), errors)


class Paced(msgspec.Struct, frozen=True):
    """Each piece's way from the mock's write to the client's read; the streams are out of step, as users' are."""

    model: str

    def __call__(self, route: Route, port: int, clients: int, seconds: float) -> Figures:
        """Measure once."""
        request = route.request(port, self.model, KILOBYTE, stream=True)
        opening = route.request(port, FIRST, KILOBYTE, stream=True)
        spread_over = _shape(self.model).gap_ns / 1e9
        load = closed_loop(port, request, clients, seconds, spread_over=spread_over, opening=opening)
        exchanges = _quietly(load)
        errors: Counter[str] = Counter()
        times = [way for stream in _streams(route, exchanges, self.model, errors) for way in stream.transit]
        return Figures(in_ms(times), len(times), errors)


class Crowd(msgspec.Struct, frozen=True):
    """Many streams of `model` at once: is every byte there, and every gap near the mock's pace."""

    model: str

    def __call__(self, route: Route, port: int, clients: int, seconds: float) -> Figures:
        """Measure once; `seconds` bounds the time over which the starts are spread."""
        request = route.request(port, self.model, KILOBYTE, stream=True)
        ramp = min(clients * 0.0005, 0.64, seconds)
        exchanges = _quietly(at_once(port, request, clients, ramp))
        errors: Counter[str] = Counter()
        streams = list(_streams(route, exchanges, self.model, errors))
        gaps = sorted(gap for stream in streams for gap in stream.gaps)
        if not gaps:
            return Figures({}, 0, errors)
        limit = _shape(self.model).gap_ns + SLACK_NS
        values = {
            "kept_percent": 100 * sum(gap <= limit for gap in gaps) / len(gaps),
            "worst_gap_ms": gaps[-1] / 1e6,
            "exact_percent": 100 * len(streams) / clients,
            "at_once": overlap((stream.seen[0], stream.seen[-1]) for stream in streams),
            **in_ms((way for stream in streams for way in stream.transit), "transit_"),
        }
        return Figures(values, len(gaps), errors)


def _quietly(load: "loops.Load[list[Exchange]]") -> list[Exchange]:
    """Run the load while the garbage collector rests."""
    gc.collect()
    gc.disable()
    try:
        return loops.run(load)
    except (OSError, TimeoutError) as error:
        return [Exchange(error=f"{type(error).__name__}: {error}")]
    finally:
        gc.enable()


def _is_whole(route: Route, exchange: Exchange, prompt: bytes, errors: Counter[str]) -> bool:
    try:
        check_whole(route, exchange, PLAIN, _shape(PLAIN).pieces, prompt)
    except Spoiled as error:
        errors[str(error)] += 1
        return False
    return True


def _streams(route: Route, exchanges: Iterable[Exchange], model: str, errors: Counter[str]) -> Iterator[Stream]:
    """The good streams; what spoiled the others is counted in `errors`."""
    pieces = _shape(model).pieces
    for exchange in exchanges:
        try:
            yield read_stream(route, exchange, model, pieces, KILOBYTE)
        except Spoiled as error:
            errors[str(error)] += 1


def _shape(model: str) -> Shape:
    shape = parse_shape(model)
    assert shape is not None
    return shape
