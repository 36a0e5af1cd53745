"""One call whose body and answer are kept: heard as they pass, and handed over once the call has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hearth.bodies.kept import MOST_ANSWERED, kept
from hearth.server.direct import StreamReply, WholeReply
from hearth.server.intake import BODY

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from hearth.call import Call
    from hearth.server import web
    from hearth.server.core import Core
    from hearth.server.delivery import Delivery


class Heard:
    """What has been sent of an answer so far."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.size = 0
        self._pieces: list[bytes] = []

    def hear(self, piece: bytes) -> None:
        """Take a piece that is being sent."""
        if self.size < MOST_ANSWERED:
            self._pieces.append(piece[: MOST_ANSWERED - self.size])
        self.size += len(piece)

    def stream(self, lines: str) -> StreamReply:
        """Return a streamed reply whose pieces are heard."""
        return _HeardStream(lines, self)

    def joined(self) -> bytes:
        """Return what was heard, as far as it is kept."""
        return b"".join(self._pieces)


class _HeardStream(StreamReply):
    def __init__(self, lines: str, heard: Heard) -> None:
        super().__init__(lines)
        self._heard = heard

    def write_at_once(self, data: bytes) -> None:
        super().write_at_once(data)
        self._heard.hear(data)


async def heard(
    core: Core, request: web.BaseRequest, call: Call, delivery: Delivery, answer: Awaitable[web.StreamResponse]
) -> web.StreamResponse:
    """Wait for the answer to a call, and keep what was said if that is still wanted. `delivery` sends it."""
    ear = Heard()
    delivery.streams = ear.stream
    try:
        response = await answer
        if isinstance(response, WholeReply):
            ear.hear(response.content)
        return response
    finally:
        if core.bodies is not None and BODY in request:
            core.bodies.keep(kept(call.id, call.wall, request[BODY], ear.joined(), ear.size))
