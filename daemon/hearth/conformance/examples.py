"""What the author of a dialect hands over: real traffic of its server, and what it means."""

from __future__ import annotations

from msgspec import Struct

from hearth.chat import Operation
from hearth.dialects.dialect import Destination
from hearth.events import FinishReason
from hearth.problems import Problem
from hearth_config.quirks import Quirks


class Reply(Struct, frozen=True):
    """One recorded reply of a provider, and what it says. `content_type` is its head's; `tools` names what it calls."""

    body: bytes
    text: str = ""
    tools: tuple[str, ...] = ()
    finish: FinishReason = "stop"
    content_type: str = "text/event-stream"
    operation: Operation = "chat"


class ErrorReply(Struct, frozen=True):
    """One recorded error of a provider, and the class of problem that it is."""

    status: int
    body: bytes
    problem: type[Problem]
    headers: tuple[tuple[str, str], ...] = ()


class Examples(Struct, frozen=True):
    """Everything the suite cannot invent for a wire format that it does not know.

    `route` is the served half's own name of its route for chats. `replies` are read, split and cut at each byte: keep
    them below 10 kB. `listing` is a reply to `list_models` and `models` the names in it.
    """

    model: str = "some-model"
    prefix: str = "/base"
    quirks: Quirks = Quirks()
    route: str = "chat"
    replies: tuple[Reply, ...] = ()
    errors: tuple[ErrorReply, ...] = ()
    listing: bytes = b""
    models: tuple[str, ...] = ()

    @property
    def to(self) -> Destination:
        """The target that requests are written for."""
        return Destination("somebody", self.model, self.prefix, self.quirks)
