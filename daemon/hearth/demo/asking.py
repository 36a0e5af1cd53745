"""One chat request to the demo's daemon, as any OpenAI client would send it, and its streamed answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from msgspec import Struct

from hearth.cli.answers import pieces

if TYPE_CHECKING:
    from hearth.client import Client


class Head(Struct, frozen=True):
    """What the head of an answer says of it: its X-Hearth headers."""

    id: str
    target: str
    place: str
    reason: str

    def __str__(self) -> str:
        """Say it as the headers do."""
        return f"X-Hearth-Target: {self.target} · X-Hearth-Place: {self.place} · X-Hearth-Reason: {self.reason}"


@contextmanager
def asked(
    client: Client, model: str, question: str, max_tokens: int | None = None
) -> Iterator[tuple[Head, Iterator[str]]]:
    """Open the answer of `model`: its head, and its text piece by piece. Raises `Refused` and `DaemonAway`."""
    body: dict[str, object] = {"model": model, "stream": True, "messages": [{"role": "user", "content": question}]}
    if max_tokens is not None:
        body["max_tokens"] = max_tokens
    with client.stream("POST", "/v1/chat/completions", body) as response:
        found = [response.headers.get(f"X-Hearth-{name}", "") for name in ("Id", "Target", "Place", "Reason")]
        yield Head(*found), (piece.text for piece in pieces(response.iter_lines()))


def answer(client: Client, model: str, question: str, max_tokens: int | None = None) -> tuple[Head, str]:
    """Ask, and wait for the whole answer. Raises `Refused` (also for one that is cut) and `DaemonAway`."""
    with asked(client, model, question, max_tokens) as (head, text):
        return head, "".join(text)
