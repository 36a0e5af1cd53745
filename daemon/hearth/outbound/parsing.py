"""Bytes of a reply into its head and body, by llhttp, with the limits and refusals that llhttp lacks (design §7)."""

from __future__ import annotations

from math import inf

import httptools

from hearth.dialects.dialect import Head
from hearth.outbound.reply import Reply

MAX_HEADERS = 200
MAX_HEAD_BYTES = 64 * 1024
_TOLD = frozenset(("content-length", "transfer-encoding", "content-encoding", "content-type", "keep-alive"))
"""The headers that say how to read what follows."""
MAX_INTERIM = 16
"""1xx messages before a reply; more are a storm (F13)."""


class ReplyParser:
    """Parses the replies of one connection, one after another, into the `Reply` at hand.

    Nothing raises in a callback (it would surface as a parser error): what must not be read on is said in `refused`.
    """

    __slots__ = (
        "_bodiless",
        "_head_bytes",
        "_headers",
        "_interim",
        "_llhttp",
        "_reply",
        "done",
        "keep",
        "keep_alive",
        "refused",
    )

    def __init__(self) -> None:
        self._llhttp = httptools.HttpResponseParser(self)
        self._reply: Reply | None = None
        self.keep_alive = inf
        """Seconds for which the provider says it keeps an unused connection."""

    def begin(self, reply: Reply, *, bodiless: bool) -> None:
        """Make ready for the next reply; `bodiless` says that it has a head only (HEAD)."""
        self._reply = reply
        self._bodiless = bodiless
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_bytes = self._interim = 0
        self.done = False
        """The last byte of the reply was seen."""
        self.keep = False
        """The connection may carry another exchange; only `on_message_complete` can tell."""
        self.refused = ""
        """Why the reply cannot be read on, as "the reply …"."""

    def hand_over(self, reply: Reply) -> None:
        """Give what follows of the reply under way to another one."""
        self._reply = reply

    def feed(self, data: bytes) -> None:
        """Parse what came; look at `done` and `refused` afterwards."""
        try:
            self._llhttp.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse("switches to another protocol")
        except httptools.HttpParserError as error:
            self.keep = False
            if not self.done:
                self._refuse(f"is not HTTP ({error})")

    def release(self) -> None:
        """Let go of llhttp, which holds bound methods of ours: without this only the garbage collector could."""
        del self._llhttp
        self._reply = None

    # What llhttp calls.

    def on_message_begin(self) -> None:
        """A message begins: an interim one, the reply, or one too many."""
        if self.done:
            self.keep = False
        else:
            self._headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header, or a trailer (which is left out)."""
        self._head_bytes += len(name) + len(value)
        if len(self._headers) >= MAX_HEADERS or self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(f"has more than {MAX_HEADERS} headers, or over {MAX_HEAD_BYTES} bytes of them")
        else:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is there."""
        reply = self._reply
        if self.done or self.refused or reply is None:
            return
        status = self._llhttp.get_status_code()
        if status < 200:
            self._interim += 1
            if self._interim > MAX_INTERIM:
                self._refuse(f"begins with more than {MAX_INTERIM} interim messages")
            return
        headers = tuple([(str(name, "latin-1"), str(value, "latin-1")) for name, value in self._headers])
        length, chunked, self.refused = self._inspect(status, headers)
        if self.refused:
            return
        empty = self._bodiless or status in {204, 304}
        reply.eof_delimited = length < 0 and not chunked and not empty
        if self._bodiless or (empty and (length > 0 or chunked)):
            self.done = True  # llhttp waits for a body that never comes: this connection carries no other reply
        reply.start(Head(status, headers))

    def on_body(self, body: bytes) -> None:
        """A piece of the body, without chunk framing."""
        reply = self._reply
        if self.done:
            self.keep = False
        elif reply is not None and not self.refused:
            reply.feed(body)

    def on_message_complete(self) -> None:
        """A message is whole, be it an interim one; only here llhttp knows whether the connection stays usable."""
        reply = self._reply
        if not self.done and reply is not None and reply.started:
            self.done = True
            self.keep = self._llhttp.should_keep_alive()

    def _inspect(self, status: int, headers: tuple[tuple[str, str], ...]) -> tuple[int, bool, str]:
        """Return the length said (-1: none), whether the body is chunked, and why it must not be read ("": it may)."""
        length, chunked, refused = -1, False, ""
        for name, value in headers:
            key = name.lower()
            if key not in _TOLD:
                continue
            if key == "content-length":
                length = int(value)  # llhttp lets nothing but digits pass
            elif key == "transfer-encoding":
                chunked = value.strip().lower() == "chunked"
                if not chunked:
                    refused = "has an unknown transfer encoding"
            elif key == "content-encoding" and value.strip().lower() not in {"identity", ""}:
                refused = "is compressed though that was not asked for"
            elif key == "content-type" and status < 300 and value[:9].lower() == "text/html":
                refused = "is a web page, not an API's (a captive portal, a block page or a wrong address)"
            elif key == "keep-alive":
                self.keep_alive = _seconds(value)
        if 300 <= status < 400 and status != 304:
            refused = f"is a redirect (status {status}), which is never followed"
        return length, chunked, refused

    def _refuse(self, why: str) -> None:
        self.refused = self.refused or why


def _seconds(keep_alive: str) -> float:
    """Read "timeout=5, max=100"; a second less, since the provider's clock began earlier."""
    _, found, rest = keep_alive.lower().partition("timeout=")
    digits = rest.partition(",")[0].strip()
    return max(int(digits) - 1.0, 0.0) if found and digits.isdecimal() and len(digits) < 9 else inf
