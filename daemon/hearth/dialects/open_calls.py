"""Which call of a tool a result answers, where the caller's dialect knows no ids and the provider's insists on them."""

from __future__ import annotations

from hearth.chat import ToolCall, ToolResult


class OpenCalls:
    """The calls of a conversation that still wait for their results, in the order in which they were made."""

    def __init__(self) -> None:
        """No turn has been written yet."""
        self._open: list[tuple[str, str]] = []
        self._count = 0

    def begin(self, call: ToolCall) -> str:
        """Note a call and return its id: its own, or one by its place in the conversation, so the same each time."""
        id = call.id or f"call_{self._count}"
        self._count += 1
        self._open.append((id, call.name))
        return id

    def claim(self, result: ToolResult) -> str:
        """Return the id of the call that is answered: the result's own, or an open call's, of that name if any."""
        found = next((entry for entry in self._open if entry[0] == result.call_id), None)
        if found is None and not result.call_id:
            found = next((entry for entry in self._open if entry[1] == result.name), None)
            found = found or next(iter(self._open), None)
        if found is None:
            return result.call_id or f"call_{self._count}"
        self._open.remove(found)
        return found[0]
