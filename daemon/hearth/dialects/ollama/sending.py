"""What every request to an Ollama has in common: path, headers, and the members Hearth owns."""

from __future__ import annotations

from hearth.chat import Members
from hearth.dialects.body import join
from hearth.dialects.dialect import Destination, HttpRequest

PATHS = {"chat": "/api/chat", "generate": "/api/generate", "embed": "/api/embed", "embeddings": "/api/embeddings"}
JSON = ("Content-Type", "application/json")


def post(route: str, members: Members, to: Destination) -> HttpRequest:
    """Return a request with these members; the provider's own extra ones are added where they are absent."""
    for name, value in to.extra.items():
        members.setdefault(name, value)
    return HttpRequest("POST", to.prefix + PATHS[route], (JSON, *to.headers), join(members))


def get(path: str, to: Destination) -> HttpRequest:
    """Return a request without a body."""
    return HttpRequest("GET", to.prefix + path, to.headers, b"")
