"""Sources: what Google's search grounding and citations name, and what other providers cite in the same form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from hearth.events import Citation


class Source(Struct, gc=False):
    """A page, a document or a place."""

    uri: str | None = None
    title: str | None = None


class GroundingChunk(Struct, rename="camel", gc=False):
    """One source of a grounded answer, of whichever kind."""

    web: Source | None = None
    retrieved_context: Source | None = None
    maps: Source | None = None


class Grounding(Struct, rename="camel"):
    """`groundingMetadata`, as far as it names sources."""

    grounding_chunks: list[GroundingChunk] | None = None


class Citations(Struct):
    """`citationMetadata`."""

    citations: list[Source] | None = None


def read_sources(grounding: Grounding | None, cited: Citations | None, choice: int) -> Iterator[Citation]:
    """Yield what the metadata of one chunk name."""
    for chunk in (grounding.grounding_chunks or ()) if grounding is not None else ():
        source = chunk.web or chunk.retrieved_context or chunk.maps
        if source is not None:
            yield from _citation(source, choice)
    for source in (cited.citations or ()) if cited is not None else ():
        yield from _citation(source, choice)


def _citation(source: Source, choice: int) -> Iterator[Citation]:
    if source.uri or source.title:
        yield Citation(source.uri or "", source.title or "", choice=choice)


class Cited:
    """Gathers the citations of one candidate; places are bytes of its text, as Google counts them."""

    def __init__(self) -> None:
        """Nothing is cited yet."""
        self._sources: dict[tuple[str, str], int] = {}
        self._supports: list[dict[str, Any]] = []
        self._start = 0
        self._end = 0
        self._text: list[str] = []

    def said(self, text: str) -> None:
        """Take note of more text."""
        if self._supports and self._supports[-1]["segment"]["endIndex"] == self._end:
            self._start = self._end
            self._text.clear()
        self._text.append(text)
        self._end += len(text.encode())

    def add(self, citation: Citation) -> None:
        """Add a source for the text since the last one; several in a row share that text."""
        number = self._sources.setdefault((citation.url, citation.title), len(self._sources))
        last = self._supports[-1] if self._supports else None
        if last is not None and last["segment"]["endIndex"] == self._end:
            last["groundingChunkIndices"].append(number)
            return
        segment = {"startIndex": self._start, "endIndex": self._end, "text": "".join(self._text)}
        self._supports.append({"segment": segment, "groundingChunkIndices": [number]})

    def metadata(self) -> dict[str, Any] | None:
        """Return `groundingMetadata`; None where nothing was cited."""
        if not self._sources:
            return None
        chunks = [{"web": {"uri": url, "title": title}} for url, title in self._sources]
        return {"groundingChunks": chunks, "groundingSupports": self._supports}
