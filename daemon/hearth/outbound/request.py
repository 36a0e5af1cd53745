"""A request's bytes: the request line, the headers and the framing of the body, each checked once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from hearth import __version__

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_TARGET = re.compile(r"/[\x21-\x7e]*", re.ASCII)
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_OURS = frozenset({
    "host", "content-length", "transfer-encoding", "connection", "keep-alive", "accept-encoding", "te", "trailer",
    "upgrade", "expect", "proxy-connection", "proxy-authorization",
})  # fmt: skip
_BODILESS = frozenset({"GET", "HEAD", "DELETE"})
USER_AGENT = f"hearth/{__version__}"


def encode_headers(headers: Iterable[tuple[str, str]]) -> bytes:
    """The header lines of a request, to be built once per address and credential.

    Host, framing and connection headers belong to the client and are left out (T23). A User-Agent is added if there
    is none. Raises ValueError, naming the header but never its value, for one that cannot be sent.
    """
    lines: list[str] = []
    agent = f"User-Agent: {USER_AGENT}\r\n"
    for name, value in headers:
        lowered = name.lower()
        if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ValueError(f"the header {name!r} cannot be sent: control characters, or characters outside Latin-1")
        if lowered == "user-agent":
            agent = ""
        if lowered not in _OURS:
            lines.append(f"{name}: {value}\r\n")
    return (agent + "".join(lines)).encode("latin-1")


def encode_fixed(authority: str) -> bytes:
    """The header lines that are the same for every request to one address."""
    return f"Host: {authority}\r\nAccept-Encoding: identity\r\n".encode("latin-1")


@lru_cache(maxsize=256)
def request_line(method: str, path: str) -> bytes:
    """The first line; raises ValueError for a method or path that could be read as anything else."""
    if not _TOKEN.fullmatch(method) or not _TARGET.fullmatch(path):
        raise ValueError("a request path is plain ASCII without blanks and begins with a slash")
    return f"{method} {path} HTTP/1.1\r\n".encode("ascii")


def framing(method: str, length: int | None) -> bytes:
    """The header lines that frame a body of that many bytes (None: chunked), and the blank line."""
    if length is None:
        return b"Transfer-Encoding: chunked\r\n\r\n"
    if length == 0 and method in _BODILESS:
        return b"\r\n"
    return b"Content-Length: %d\r\n\r\n" % length
