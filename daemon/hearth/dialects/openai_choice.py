"""Whether a request in one of OpenAI's dialects demands that a tool be called."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hearth.chat import Members


def forces_a_tool(members: Members) -> bool:
    """Say whether `tool_choice` (or `function_call`, its forerunner) names a tool or wants any; told by its bytes."""
    for name in ("tool_choice", "function_call"):
        if name in members:
            choice = bytes(members[name])
            if choice == b'"required"' or (choice[:1] == b"{" and b'"auto"' not in choice):
                return True
    return False
