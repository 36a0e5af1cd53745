"""Tool calls that arrive in pieces: Ollama's clients take each one whole, its arguments an object."""

from __future__ import annotations

import msgspec
from msgspec import Raw

from hearth.dialects.ollama.json_text import one_line, quoted
from hearth.dialects.unreadable import UNREADABLE
from hearth.events import ToolCallDelta
from hearth.problems import BrokenReply

_object = msgspec.json.Decoder(dict[str, Raw])


class CallBuffer:
    """Holds the pieces of each call until it is whole.

    A call whose arguments are no JSON object is an error, in the words of Ollama (recording `chat-tool-broken`): it is
    neither repaired nor left out. The one exception is the last call of a reply that was cut at its token limit, which
    is left out, because `done_reason` "length" says so.
    """

    def __init__(self) -> None:
        self._done = 0
        self._index: int | None = None
        self._id = ""
        self._name = ""
        self._arguments: list[str] = []

    def add(self, piece: ToolCallDelta) -> list[bytes]:
        """Take a piece; return the calls that are whole now, as JSON. Raises `BrokenReply`."""
        whole = self.close() if self._index is not None and piece.index != self._index else []
        self._index = piece.index
        self._id = self._id or piece.id
        self._name = self._name or piece.name
        self._arguments.append(piece.arguments)
        return [*whole, *self.close()] if piece.whole else whole

    def close(self, *, cut: bool = False) -> list[bytes]:
        """Return the call that is still open, if any; `cut` says that the token limit ended the reply."""
        if self._index is None:
            return []
        name, arguments, id = self._name, "".join(self._arguments) or "{}", self._id
        self._index, self._id, self._name, self._arguments = None, "", "", []
        try:
            _object.decode(arguments)
        except UNREADABLE:
            if cut:
                return []
            raise BrokenReply(f'The model sent invalid tool call arguments for "{name}".') from None
        index = self._done
        self._done += 1
        head = b'"id":%b,' % quoted(id) if id else b""
        return [
            b'{%b"function":{"index":%d,"name":%b,"arguments":%b}}'
            % (head, index, quoted(name), one_line(arguments.encode()))
        ]
