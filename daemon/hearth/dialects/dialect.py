"""The one shape of a dialect: a served half for clients, a called half for providers, over one meaning.

A dialect package exposes `SERVED: Served` and/or `CALLED: Called` in its `__init__`. No half knows another dialect
(design §4). Everything here is pure: no I/O, no clock; ids and times are handed in.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Protocol, runtime_checkable

from msgspec import Struct

from hearth.call import Outline
from hearth.chat import Knobs, Members, Operation, Request
from hearth.dialects.model_info import ModelInfo as ModelInfo  # noqa: PLC0414 -- all import it from here
from hearth.events import Event, Frame
from hearth.fim.filling import NATIVE, Filling
from hearth.problems import Problem
from hearth_config.quirks import Quirks


class Head(Struct, frozen=True):
    """A reply's status and headers, names as they came, in order."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()

    def get(self, name: str) -> str:
        """Return the first header of that name (any case), or ""."""
        wanted = name.lower()
        for key, value in self.headers:
            if key == name or key.lower() == wanted:
                return value
        return ""


class Rendered(Struct, frozen=True):
    """A whole HTTP reply ready to be sent."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class HttpRequest(Struct, frozen=True):
    """What goes to a provider.

    `path` holds prefix and query; `headers` lack Host, Content-Length and credentials, which outbound adds.
    """

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Stamp(Struct, frozen=True):
    """What a writer may not make up itself.

    The call's id (26 characters of [0-9a-z]), the model's name to show, the time in ns since 1970.
    """

    id: str
    model: str
    now_ns: int


class Pins(Struct, frozen=True):
    """Load options Hearth owns for a local model.

    Sent identically on every call (design §4, one normaliser). None leaves one to the engine.
    """

    num_ctx: int | None = None
    keep_alive: str | float | None = None
    shift: bool | None = None


class Destination(Struct, frozen=True):
    """What a called half needs to know of a target.

    `prefix` goes before each path ("/v1"); `defaults` fill what the request leaves open; `extra` are body members for
    this provider alone, from the config; `local_only` asks Ollama for its `:local` guard, so that a model that turned
    remote is refused (wire/ollama §3.6).
    """

    provider: str
    model: str
    prefix: str = ""
    quirks: Quirks = Quirks()
    pins: Pins = Pins()
    defaults: Knobs = Knobs()
    headers: tuple[tuple[str, str], ...] = ()
    extra: Members = {}
    local_only: bool = False
    no_remote: bool = False
    """A reply that says it came from a remote host is refused, guard or no guard."""
    thinks: bool | None = None
    """Whether the model can think before it answers; None is unknown."""
    output_limit: int | None = None
    """The most tokens one answer may have, where config or provider say so."""
    steady: bool = False
    """Text in prompts that changes with each call and means nothing is frozen, for the engine's cache (pain 28)."""
    filling: Filling = NATIVE
    """How this target fills a gap between prefix and suffix."""
    foreign: Container[str] = frozenset()
    """What other providers of this dialect sealed (signatures, encrypted thoughts): it must not reach this one."""


class ReplyWriter(Protocol):
    """Writes one reply for a client.

    One object a reply; it keeps what the wire format needs to remember between pieces.
    """

    content_type: str

    @property
    def heartbeat(self) -> bytes:
        """A record that keeps a silent stream alive; b"" where the dialect has none."""
        ...

    def stream(self, events: Sequence[Event]) -> bytes:
        """Return the bytes of these events in a stream; none when they say nothing in this dialect.

        `Done` ends the stream properly.
        """
        ...

    def whole(self, events: Sequence[Event]) -> bytes:
        """Return the body of a whole reply made of all its events; raises the `Problem` of a `Failed` among them."""
        ...

    def failed(self, problem: Problem) -> bytes:
        """Return the in-band error that ends a stream already begun.

        Never something a client could take for a clean end.
        """
        ...


class ReplyReader(Protocol):
    """Reads one reply of a provider, given in any pieces."""

    finished: bool
    """True once the provider's own end mark was seen: only then did the reply finish."""
    whole: bool | None
    """Whether the bytes turned out to be one whole body, whatever was asked for; None while nobody knows."""

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames completed by these bytes.

        The raws of all frames joined are the bytes fed, in order, save those of empty raw. Never raises: what cannot be
        read becomes a `Failed(BrokenReply)`, an error in the stream a `Failed` of its kind.
        """
        ...

    def close(self) -> list[Frame]:
        """Say that the bytes have ended.

        Unless it has `finished` or failed before, the last frame holds `Failed(BrokenReply)`: a cut stream is never a
        finished one.
        """
        ...


class Served(Protocol):
    """The half that serves clients."""

    name: str
    passes: tuple[str, ...]
    """The request headers, in lower case, that belong to the dialect: handed on to a target of the same one."""

    def outline(self, route: str, members: Members) -> Outline:
        """Read what planning needs.

        What the body wishes of Hearth itself (`hearth`) has been taken out: `Outline.wishes` is laid over it later.

        Raises `BadRequest` in words this dialect's real server would use, where it has them.
        """
        ...

    def read(self, route: str, members: Members) -> Request:
        """Read the whole meaning. Raises `BadRequest` or `Unsupported`."""
        ...

    def writer(self, outline: Outline, stamp: Stamp) -> ReplyWriter:
        """Return a writer for one reply to that request."""
        ...

    def problem(self, problem: Problem, *, route: str = "") -> Rendered:
        """Render a problem as a whole HTTP error reply in this dialect's envelope, `Retry-After` included if known."""
        ...


@runtime_checkable
class ServedByPath(Served, Protocol):
    """A served half whose clients name model and verb in the path (Gemini)."""

    def locate(self, rest: str, query: Mapping[str, str]) -> tuple[str, Members]:
        """Return the route and the members that this rest of a path and its query stand for. Raises `NotFound`."""
        ...


class Called(Protocol):
    """The half that calls providers."""

    name: str

    def splice(self, outline: Outline, members: Members, to: Destination) -> HttpRequest:
        """Return the request of a caller of this same dialect, with only those members replaced that Hearth owns."""
        ...

    def splices(self, outline: Outline, to: Destination) -> bool:
        """Say whether such a request can be spliced.

        False where this target answers it in another shape of the dialect.
        """
        ...

    def request(self, request: Request, to: Destination, *, stream: bool) -> HttpRequest:
        """Write a request from its meaning.

        Raises `Unsupported` for a feature this wire format cannot carry: never drops one.
        """
        ...

    def reader(self, operation: Operation, outline: Outline | None, to: Destination, head: Head) -> ReplyReader:
        """Return a reader for the reply with this head.

        `outline` is given when the request was spliced (same dialect), else None.
        It tells a streamed reply from a whole one by what comes, not by what was asked: a whole body is one frame.
        With `outline`, usage the caller did not ask for is a frame with empty raw.
        """
        ...

    def problem(self, head: Head, body: bytes, provider: str) -> Problem:
        """Turn an error reply into the problem it is (retry-after included)."""
        ...

    def list_models(self, to: Destination) -> HttpRequest:
        """Return the request that lists the provider's models."""
        ...

    def models(self, body: bytes) -> tuple[ModelInfo, ...]:
        """Read such a list; raises `BrokenReply`."""
        ...
