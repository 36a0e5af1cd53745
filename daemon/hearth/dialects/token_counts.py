"""How many tokens a request has, as Anthropic, OpenAI and llama.cpp answer who asks: `{"input_tokens": 7}`."""

from __future__ import annotations

import msgspec

from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import BrokenReply


class _Counted(msgspec.Struct):
    input_tokens: int


_decode = msgspec.json.Decoder(_Counted).decode


def read_count(body: bytes) -> int:
    """Return the number of tokens. Raises `BrokenReply`."""
    try:
        return _decode(body).input_tokens
    except UNREADABLE:
        raise BrokenReply("The answer holds no count of tokens.", code="upstream_not_api") from None
