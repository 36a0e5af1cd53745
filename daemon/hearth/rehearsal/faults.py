"""What can go wrong on purpose: faults that change one reply, down to the byte, and the queue that hands them out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from hearth.rehearsal.http import Request

Ending = Literal["fin", "rst"]
Headers = tuple[tuple[str, str], ...]

HTML = (
    b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Welcome to the network</h1></body></html>\n"
)
GARBAGE = b"\x00\xff\xfe{]\x1b[2J\r\n:::\n"


class Fault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How one reply goes wrong. Made by the class methods below; `a | b` does both. Times are in seconds.

    Objects are counted as the server writes them: one NDJSON line, one SSE event (or the pair it writes at once),
    or a whole unstreamed body. Bytes are counted in the body, without head and chunk framing.
    """

    status: int = 0
    headers: Headers = ()
    body: bytes | None = None
    raw: bytes | None = None
    delay: float = 0.0
    first_token: float = 0.0
    pause: float = 0.0
    pause_after: int = 0
    cut_objects: int | None = None
    cut_bytes: int | None = None
    ending: Ending = "fin"
    unterminated: bool = False
    error_after: int | None = None
    message: str = ""
    garbage_after: int | None = None
    garbage: bytes = GARBAGE
    interim: int = 0
    flood: int = 0
    flood_size: int = 0
    length_off: int = 0
    piece: int = 0
    interval: float = 0.0
    close_after: float | None = None
    silent: bool = False
    deaf: bool = False

    @classmethod
    def refuse(cls, status: int, body: bytes | None = None, **headers: str) -> Fault:
        """Answer with this status instead; `retry_after="3"` becomes `Retry-After: 3`. No body: the dialect's own."""
        named = tuple((name.replace("_", "-").title(), value) for name, value in headers.items())
        return cls(status=status, body=body, headers=named)

    @classmethod
    def late_head(cls, seconds: float) -> Fault:
        """Send nothing at all for so long."""
        return cls(delay=seconds)

    @classmethod
    def late_token(cls, seconds: float) -> Fault:
        """Send the head at once and the first object so much later."""
        return cls(first_token=seconds)

    @classmethod
    def stall(cls, seconds: float = 3600.0, *, after: int = 1) -> Fault:
        """Pause once, after so many objects."""
        return cls(pause=seconds, pause_after=after)

    @classmethod
    def cut(cls, *, objects: int | None = None, size: int | None = None, by: Ending = "fin") -> Fault:
        """End the connection after so many objects or body bytes, without the terminator."""
        return cls(cut_objects=objects, cut_bytes=size, ending=by)

    @classmethod
    def missing_terminator(cls) -> Fault:
        """Send every object, then close without the last chunk."""
        return cls(unterminated=True)

    @classmethod
    def error(cls, message: str = "the rehearsal broke off on purpose", *, after: int = 1) -> Fault:
        """After so many objects send an error in the server's own form and end as it would."""
        return cls(error_after=after, message=message)

    @classmethod
    def noise(cls, data: bytes = GARBAGE, *, after: int = 1) -> Fault:
        """Put bytes that mean nothing into the body after so many objects, then go on."""
        return cls(garbage_after=after, garbage=data)

    @classmethod
    def bytes_instead(cls, data: bytes) -> Fault:
        """Answer with exactly these bytes instead of HTTP, then close."""
        return cls(raw=data)

    @classmethod
    def html(cls, status: int = 200) -> Fault:
        """Answer as a captive portal does: a web page, with status 200."""
        return cls(status=status, body=HTML, headers=(("Content-Type", "text/html; charset=utf-8"),))

    @classmethod
    def redirect(cls, status: int, location: str) -> Fault:
        """Answer 301, 302, 307 or 308 to another address."""
        return cls(status=status, body=b"", headers=(("Location", location),))

    @classmethod
    def interim_storm(cls, count: int) -> Fault:
        """Send so many early hints (103) before the real answer."""
        return cls(interim=count)

    @classmethod
    def header_flood(cls, count: int, size: int = 8) -> Fault:
        """Add so many headers, each value of `size` bytes."""
        return cls(flood=count, flood_size=size)

    @classmethod
    def wrong_length(cls, off: int) -> Fault:
        """State a Content-Length that is wrong by so much, then close."""
        return cls(length_off=off)

    @classmethod
    def drip(cls, interval: float = 0.0, size: int = 1) -> Fault:
        """Write `size` bytes at a time, each in a packet of its own, with a pause between."""
        return cls(piece=size, interval=interval)

    @classmethod
    def close_idle(cls, seconds: float = 0.0) -> Fault:
        """Promise keep-alive and close the connection so long after the reply."""
        return cls(close_after=seconds)

    @classmethod
    def never(cls) -> Fault:
        """Read the request and never answer."""
        return cls(silent=True)

    @classmethod
    def never_read(cls) -> Fault:
        """Accept the next connection and never read from it."""
        return cls(deaf=True)

    def __or__(self, other: Fault) -> Fault:
        changes = {
            name: getattr(other, name)
            for name, default in zip(self.__struct_fields__, self.__struct_defaults__, strict=True)
            if getattr(other, name) != default
        }
        return msgspec.structs.replace(self, **changes)


NONE = Fault()
Match = Callable[[Request], bool]


class Planned(msgspec.Struct):
    """A fault that waits for requests that match; `times` -1 means always."""

    fault: Fault
    match: Match
    times: int


class FaultQueue:
    """Faults in the order in which they were planned; each request takes the first one that matches it."""

    def __init__(self) -> None:
        self.waiting: list[Planned] = []

    def add(self, fault: Fault, match: Match, times: int) -> None:
        """Plan a fault for the next `times` matching requests (-1: for all)."""
        self.waiting.append(Planned(fault, match, times))

    def take(self, request: Request) -> Fault:
        """The fault for this request, used up once."""
        for planned in self.waiting:
            if not planned.fault.deaf and planned.match(request):
                self._use(planned)
                return planned.fault
        return NONE

    def take_deaf(self) -> bool:
        """Whether the connection that has just come in shall never be read."""
        for planned in self.waiting:
            if planned.fault.deaf:
                self._use(planned)
                return True
        return False

    def clear(self) -> None:
        """Forget what was planned."""
        self.waiting.clear()

    def _use(self, planned: Planned) -> None:
        if planned.times > 0:
            planned.times -= 1
        if planned.times == 0:
            self.waiting.remove(planned)
