"""Dialects with one thing wrong each: our own for Ollama, broken on purpose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from conformance.our_examples import EXAMPLES
from hearth.conformance.subject import Subject
from hearth.dialects import ollama
from hearth.dialects.dialect import HttpRequest, Rendered
from hearth.events import Done, Event, Failed, Finished, Frame, TextDelta
from hearth.problems import Problem, ProviderFault


class Bent:
    """A half, a reader or a writer that is another one but for these methods."""

    def __init__(self, half: object, **bent: object) -> None:
        self._half = half
        self.__dict__.update(bent)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- whatever the other has
        return getattr(self._half, name)


def called(**bent: object) -> Subject:
    """Ollama's called half with these methods."""
    half: Any = Bent(ollama.CALLED, **bent)
    return Subject("ollama", "hearth.dialects.ollama", ollama.SERVED, half, EXAMPLES["ollama"])


def served(**bent: object) -> Subject:
    """Ollama's served half with these methods."""
    half: Any = Bent(ollama.SERVED, **bent)
    return Subject("ollama", "hearth.dialects.ollama", half, ollama.CALLED, EXAMPLES["ollama"])


def without(*members: str) -> Subject:
    """Requests that leave these members out without a word."""

    def request(request: Any, to: Any, *, stream: bool) -> HttpRequest:  # noqa: ANN401 -- as the half it bends
        written = ollama.CALLED.request(request, to, stream=stream)
        body: dict[str, Any] = msgspec.json.decode(written.body)
        kept = {name: value for name, value in body.items() if name not in members}
        return msgspec.structs.replace(written, body=msgspec.json.encode(kept))

    return called(request=request)


def reading(**bent: object) -> Subject:
    """A reader with these methods; each is given the sound reader first."""

    def reader(operation: Any, outline: Any, to: Any, head: Any) -> Any:  # noqa: ANN401 -- as the half it bends
        sound = ollama.CALLED.reader(operation, outline, to, head)
        return Bent(sound, **{name: _bound(method, sound) for name, method in bent.items()})

    return called(reader=reader)


def writing(**bent: object) -> Subject:
    """A writer with these methods; each is given the sound writer first."""

    def writer(outline: Any, stamp: Any) -> Any:  # noqa: ANN401 -- as the half it bends
        sound = ollama.SERVED.writer(outline, stamp)
        return Bent(sound, **{name: _bound(method, sound) for name, method in bent.items()})

    return served(writer=writer)


def _bound(method: Any, sound: object) -> Any:  # noqa: ANN401 -- a method, or a plain value
    return (lambda *given: method(sound, *given)) if callable(method) else method


def ends_well(sound: Any) -> list[Frame]:  # noqa: ANN401 -- a reader
    """Close a cut stream as if it were whole."""
    frames: list[Frame] = sound.close()
    return [] if frames and any(isinstance(event, Failed) for event in frames[-1].events) else frames


def line_by_packet(sound: Any, data: bytes) -> list[Frame]:  # noqa: ANN401 -- a reader
    """Take each packet for a whole record."""
    try:
        said = msgspec.json.decode(data)["message"]["content"]
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError):
        return [Frame(data)]
    return [Frame(data, (TextDelta(said),))]


def forgets_bytes(sound: Any, data: bytes) -> list[Frame]:  # noqa: ANN401 -- a reader
    """Keep what a record means and not how it came."""
    return [Frame(frame.raw.strip(), frame.events) for frame in sound.feed(data)]


def no_retry(problem: Problem, *, route: str = "") -> Rendered:
    """Show a problem without the pause that is known."""
    rendered = ollama.SERVED.problem(problem, route=route)
    kept = tuple((name, value) for name, value in rendered.headers if name.lower() != "retry-after")
    return msgspec.structs.replace(rendered, headers=kept)


def says_done(sound: Any, problem: Problem) -> bytes:  # noqa: ANN401 -- a writer
    """End a failed stream as a finished one."""
    written: bytes = sound.stream([Done()])
    return written


def swallows(sound: Any, events: Sequence[Event]) -> bytes:  # noqa: ANN401 -- a writer
    """Write a reply that failed as one that did not."""
    said = [event for event in events if not isinstance(event, Failed)]
    written: bytes = sound.whole([*said, Finished("stop"), Done()])
    return written


def holds_back(sound: Any, events: Sequence[Event]) -> bytes:  # noqa: ANN401 -- a writer
    """Wait with the words."""
    written: bytes = sound.stream([event for event in events if not isinstance(event, TextDelta)])
    return written


def one_class(head: object, body: bytes, provider: str) -> Problem:
    """Take each error for the same."""
    return ProviderFault("It failed.", who=provider)


def crashes(body: bytes) -> tuple[Any, ...]:
    """Read a list of models and trust it."""
    return tuple(msgspec.json.decode(body)["models"])


def trusting(route: str, members: Mapping[str, msgspec.Raw]) -> Any:  # noqa: ANN401 -- never returned
    """Read a request and trust it."""
    return msgspec.json.decode(members["messages"])[0]["content"] and ollama.SERVED.outline(route, dict(members))
