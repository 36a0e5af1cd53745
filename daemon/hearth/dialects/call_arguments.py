"""The arguments of an earlier call, for providers that take an object and no text of one."""

from __future__ import annotations

import msgspec
from msgspec import Raw

from hearth.chat import ToolCall
from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import Unsupported

_decode = msgspec.json.Decoder(dict[str, Raw]).decode


def object_of(call: ToolCall) -> Raw:
    """Return the arguments as the JSON object they must be, {} for none. Raises `Unsupported` for anything else."""
    text = call.arguments.strip() or "{}"
    try:
        _decode(text)
    except UNREADABLE:
        raise Unsupported(
            f"The arguments of the earlier call {call.name[:80]!r} are not a JSON object.",
            next_step="Leave that call out.",
            param="messages",
        ) from None
    return Raw(text.encode())
