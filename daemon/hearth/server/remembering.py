"""One call whose response may be kept, and which may go on with one that was: a served half around the dialect's own.

Imported with the first such call, since the dialect is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING

from msgspec import UNSET, Raw, structs

from hearth.call import STORED, Mode, Outline, Wishes, tightest
from hearth.chat import Members, Request
from hearth.dialects.body import raw, value
from hearth.dialects.openai_responses.outline import ResponsesOutline
from hearth.dialects.openai_responses.replies import ResponsesWriter
from hearth.problems import BadRequest, Forbidden, Problem
from hearth.server.intake import call_mode, take_wishes
from hearth.server.remembered import Kept

if TYPE_CHECKING:
    from hearth.dialects.dialect import Rendered, ReplyWriter, Served, Stamp
    from hearth.events import Event
    from hearth.server.routes import Visit

_OURS = re.compile(r"resp_[0-9a-f]{26}")
"""What our own ids look like; any other is its provider's."""


class Remembering:
    """The served half for one call whose response may be kept, and which may go on with one that was."""

    def __init__(self, served: Served, visit: Visit) -> None:
        """Nothing is looked up before the request is read."""
        self.name = served.name
        self.passes = served.passes
        self._served = served
        self._core = visit.core
        self._app = visit.app.name
        wishes = take_wishes({}, visit.request.headers)
        self._mode = _narrowed(call_mode(visit.core, wishes, visit.principal, visit.app), wishes)
        self._items: tuple[Raw, ...] = ()

    def outline(self, route: str, members: Members) -> Outline:
        """Put what was said before in front of the input, and say whether the response is kept."""
        previous: str | None = value(members, "previous_response_id", str)
        if previous and _OURS.fullmatch(previous):
            self._continue(members, previous)
        outline = self._served.outline(route, members)
        wanted = value(members, "store", bool) is not False
        if not wanted or not isinstance(outline, ResponsesOutline) or outline.native:
            return outline
        self._items = _as_items(members)
        echo = {**outline.echo, "previous_response_id": raw(previous)}
        better = tuple(one for one in outline.better if one != STORED)  # since it is kept here
        return structs.replace(outline, remember=True, echo=echo, better=better)

    def _continue(self, members: Members, previous: str) -> None:
        limits = self._core.generation.settings.responses
        kept = self._core.remembered.find(previous, self._app, limits)
        if kept is None:
            raise BadRequest(
                f"Previous response with id '{previous}' not found.",
                next_step=f"Responses are kept for {limits.keep:g} s, and not longer than the daemon runs.",
                param="previous_response_id",
                code="previous_response_not_found",
            )
        if not kept.may_be_continued(self._mode):
            raise Forbidden(
                f"That response was made in mode {kept.mode}, and this call may go farther.",
                next_step=f"Send the header X-Hearth-Mode: {kept.mode}.",
            )
        del members["previous_response_id"]
        members["input"] = raw([*kept.items, *kept.output, *_as_items(members)])

    def read(self, route: str, members: Members) -> Request:
        """Return the whole meaning."""
        return self._served.read(route, members)

    def writer(self, outline: Outline, stamp: Stamp) -> ReplyWriter:
        """Return a writer whose response is kept once it has ended well."""
        writer = self._served.writer(outline, stamp)
        if not isinstance(writer, ResponsesWriter) or not isinstance(outline, ResponsesOutline) or not outline.remember:
            return writer
        return KeepingWriter(writer, self, _narrowed(self._mode, outline.wishes))

    def problem(self, problem: Problem, *, route: str = "") -> Rendered:
        """Return a whole error reply."""
        return self._served.problem(problem, route=route)

    def keep(self, writer: ResponsesWriter, mode: Mode) -> None:
        """Keep the response that a writer has ended."""
        kept = Kept(writer.id, self._app, mode, self._items, writer.final, monotonic())
        self._core.remembered.keep(kept, self._core.generation.settings.responses)


class KeepingWriter:
    """Writes a response and has it kept when it has ended well; one that failed is none."""

    def __init__(self, writer: ResponsesWriter, keeper: Remembering, mode: Mode) -> None:
        """Everything is written by `writer`."""
        self.content_type = writer.content_type
        self._writer = writer
        self._keeper = keeper
        self._mode = mode

    @property
    def heartbeat(self) -> bytes:
        """A sign of life."""
        return self._writer.heartbeat

    def stream(self, events: Sequence[Event]) -> bytes:
        """Return the bytes of these events."""
        return self._after(self._writer.stream(events))

    def whole(self, events: Sequence[Event]) -> bytes:
        """Return the body of a whole response."""
        return self._after(self._writer.whole(events))

    def _after(self, written: bytes) -> bytes:
        if self._writer.final:
            self._keeper.keep(self._writer, self._mode)
        return written

    def failed(self, problem: Problem) -> bytes:
        """Return the error that ends a stream."""
        return self._writer.failed(problem)


def _narrowed(mode: Mode, wishes: Wishes) -> Mode:
    return mode if wishes.mode is UNSET else tightest(mode, wishes.mode)


def _as_items(members: Members) -> tuple[Raw, ...]:
    """Return the input as items; a text is one message."""
    given: str | list[Raw] | None = value(members, "input", str | list[Raw])
    if isinstance(given, str):
        return (raw({"type": "message", "role": "user", "content": [{"type": "input_text", "text": given}]}),)
    return tuple(Raw(bytes(item)) for item in given or ())
