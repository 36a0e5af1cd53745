"""The first fields of a form (multipart/form-data, RFC 7578), found without reading what follows them."""

from __future__ import annotations

import re
from email.message import Message
from typing import Literal

Search = tuple[int, int] | Literal["absent", "more"]
"""Where a field's value begins and ends; "absent" when it does not come before a file; "more" when that is not yet
clear from these bytes."""

_NAME = re.compile(rb'\bname="([^"]*)"')
_FILE = re.compile(rb"\bfilename\*?=")
_LONGEST_BOUNDARY = 70


def boundary_of(content_type: str) -> bytes:
    """Return the boundary that a Content-Type names, b"" for anything that is no form."""
    message = Message()
    message["Content-Type"] = content_type
    if message.get_content_type() != "multipart/form-data":
        return b""
    found = message.get_param("boundary", "")
    boundary = found if isinstance(found, str) else ""
    return boundary.encode("ascii", "replace") if len(boundary) <= _LONGEST_BOUNDARY else b""


def find_field(start: bytes, boundary: bytes, name: bytes) -> Search:
    """Seek a field among those at the start of a form. A file ends the search: it may be as long as it likes."""
    delimiter = b"--" + boundary
    if not start.startswith(delimiter):
        return "more" if delimiter.startswith(start) else "absent"
    at = len(delimiter)
    while True:
        if start[at : at + 2] != b"\r\n":
            return "absent" if len(start) >= at + 2 else "more"
        head_end = start.find(b"\r\n\r\n", at)
        if head_end < 0:
            return "more"
        head = start[at:head_end]
        if _FILE.search(head):
            return "absent"
        value = head_end + 4
        end = start.find(b"\r\n" + delimiter, value)
        if end < 0:
            return "more"
        found = _NAME.search(head)
        if found is not None and found[1] == name:
            return value, end
        at = end + 2 + len(delimiter)
