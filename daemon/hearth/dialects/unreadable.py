"""What reading somebody else's JSON can end in, wherever bytes or a text are decoded."""

from __future__ import annotations

import msgspec

UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)
"""No JSON, or JSON of another shape; bytes that are no UTF-8, or half a surrogate in a text; nested without end."""
