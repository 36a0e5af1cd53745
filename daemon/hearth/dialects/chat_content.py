"""The content of messages as OpenAI's chat has it and Cohere's after it: a lone text, or an array of parts."""

from __future__ import annotations

from typing import Any

Parts = list[dict[str, Any]]


def as_content(parts: Parts) -> str | Parts:
    """Return a single text as text, which every server understands, and anything else as an array."""
    if not parts:
        return ""
    if len(parts) == 1 and parts[0]["type"] == "text":
        text: str = parts[0]["text"]
        return text
    return parts


def result_text(texts: list[str], *, pictures: bool) -> str:
    """Return what a tool said, and that its pictures follow in a turn of the user: a tool's answer is text there."""
    if not pictures:
        return "\n".join(texts)
    return "\n".join([*texts, "(See also what follows.)" if texts else "(See what follows.)"])
