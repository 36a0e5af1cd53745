"""What Hearth itself asks an engine that speaks OpenAI's dialect: one token, as a sign of life."""

from __future__ import annotations

from hearth.dialects.body import join, raw
from hearth.dialects.dialect import Destination, HttpRequest

_JSON = ("Content-Type", "application/json")


def one_token(to: Destination) -> HttpRequest:
    """Ask a model for one token."""
    members = {
        "model": raw(to.model),
        "messages": raw([{"role": "user", "content": "ok"}]),
        "max_tokens": raw(1),
        "stream": raw(False),
    }
    return HttpRequest("POST", f"{to.prefix}/{to.quirks.chat_path}", (_JSON, *to.headers), join(members))
