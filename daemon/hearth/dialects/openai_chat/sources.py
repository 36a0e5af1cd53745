"""Sources that an answer leans on: annotations as OpenAI writes them, and the lists that Perplexity puts beside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hearth.events import Citation


def read_annotations(annotations: object, choice: int) -> Iterator[Citation]:
    """Yield the citations among a message's `annotations` (`url_citation`; OpenAI, OpenRouter)."""
    for one in annotations if isinstance(annotations, list) else ():
        cited = one.get("url_citation") if isinstance(one, dict) else None
        if isinstance(cited, dict):
            yield from _citation(cited.get("url"), cited.get("title"), cited.get("content"), choice)


def read_sources(citations: object, results: object) -> tuple[Citation, ...]:
    """Return the sources named beside the choices: `search_results` say more than the bare addresses in `citations`.

    Source: Perplexity's API reference, chat completions.
    """
    found = [one for one in results if isinstance(one, dict)] if isinstance(results, list) else []
    if found:
        return tuple(
            source for one in found for source in _citation(one.get("url"), one.get("title"), one.get("snippet"), 0)
        )
    urls = citations if isinstance(citations, list) else []
    return tuple(source for url in urls for source in _citation(url, "", "", 0))


def _citation(url: object, title: object, quote: object, choice: int) -> Iterator[Citation]:
    address, name, words = (said if isinstance(said, str) else "" for said in (url, title, quote))
    if address or name:
        yield Citation(address, name, words, choice)


def annotation(citation: Citation, place: int) -> dict[str, Any]:
    """Return a citation as OpenAI's `url_citation`, at a place in the text counted in characters."""
    cited: dict[str, Any] = {
        "url": citation.url,
        "title": citation.title,
        "start_index": place,
        "end_index": place,
    }
    if citation.quote:
        cited["content"] = citation.quote
    return {"type": "url_citation", "url_citation": cited}
