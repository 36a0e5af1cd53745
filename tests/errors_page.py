"""The page `docs/errors.md`, made from the classes of problems: `python tests/errors_page.py` writes it anew."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from inspect import getdoc
from pathlib import Path
from typing import get_args

from hearth.conformance.served import kinds
from hearth.dialects import registry
from hearth.dialects.dialect import Head
from hearth.problems import ProviderProblem
from hearth.taxonomy import Category
from hearth_config.provider import Retry

PAGE = Path(__file__).resolve().parent.parent / "docs" / "errors.md"
STATUSES = (400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 529)
INTRODUCTION = """\
# Errors

Whatever goes wrong, in Hearth or at a provider, is one of the problems below, and each belongs to one of fourteen
categories. A provider's error is read into a problem, and the problem is written in the dialect of whoever called, with
`Retry-After` where the provider or Hearth knows how long to wait. `hearth log` and `hearth why` show a problem by its
name. This page is generated: `python tests/errors_page.py` writes it anew.

## Categories

*May be retried* says whether the same request may succeed later. Hearth itself repeats such a request as `[retry]` says
while nothing has been sent to the caller yet, and waits as long as the provider asks, up to 20 s.
"""
PROBLEMS = """
## Problems

*From* is who failed: Hearth, or a provider that was asked. Where a problem *falls back*, the next target is asked, if
the caller has none of the answer yet. A provider's refusal keeps the provider's own status where that is a 4xx, and its
words. An error that comes after a stream has begun ends it in the form the dialect has for that, never like an end.
"""
WRITTEN = """
## As callers see them

The status, and the words a client branches on: `type` and `code`, or Gemini's `status`. Ollama's errors are a sentence
and have no such words.
"""
READ = """
## As providers say them

What a status means where the body says nothing more. Where it does, it counts for more: an exhausted quota in a 429, a
prompt that is too long in a 400, a content filter, an overloaded server in a 500.
"""


def page() -> str:
    """Return the whole page."""
    lines = [INTRODUCTION, *_categories(), PROBLEMS, *_problems(), WRITTEN, *_written(), READ, *_read()]
    return "\n".join(lines) + "\n"


def _categories() -> Iterator[str]:
    named: dict[Category, list[str]] = {category: [] for category in get_args(Category)}
    for one in kinds():
        named[one.category].append(f"`{one.kind}`")
    rows = [(category, _yes(category in Retry().on), ", ".join(found)) for category, found in named.items()]
    return _table(("category", "may be retried", "problems"), rows)


def _problems() -> Iterator[str]:
    rows = [
        (
            f"`{one.kind}`",
            one.category,
            "a provider" if issubclass(one, ProviderProblem) else "Hearth",
            str(one.status),
            _yes(one.falls_back),
            (getdoc(one) or "").partition("\n")[0],
        )
        for one in kinds()
    ]
    return _table(("problem", "category", "from", "status", "falls back", "what it says"), rows)


def _written() -> Iterator[str]:
    """A row a problem; dialects that write all of them alike share a column."""
    columns: dict[tuple[str, ...], list[str]] = {}
    for name in registry.OURS:
        half = registry.served(name)
        if half is not None:
            rendered = [half.problem(one("It failed.", who="a provider")) for one in kinds()]
            columns.setdefault(tuple(_shown(one.status, one.body) for one in rendered), []).append(name)
    rows = [(f"`{one.kind}`", *cells) for one, *cells in zip(kinds(), *columns, strict=True)]
    return _table(("problem", *(", ".join(names) for names in columns.values())), rows)


def _read() -> Iterator[str]:
    columns: dict[tuple[str, ...], list[str]] = {}
    for name in registry.OURS:
        half = registry.called(name)
        if half is not None:
            found = tuple(f"`{half.problem(Head(status), b'{}', 'far').kind}`" for status in STATUSES)
            columns.setdefault(found, []).append(name)
    rows = [(str(status), *cells) for status, *cells in zip(STATUSES, *columns, strict=True)]
    return _table(("status", *(", ".join(names) for names in columns.values())), rows)


def _shown(status: int, body: bytes) -> str:
    error = json.loads(body).get("error")
    words = [error.get(name) for name in ("type", "code", "status")] if isinstance(error, dict) else []
    return " ".join([str(status), *(f"`{word}`" for word in words if isinstance(word, str))])


def _yes(fact: bool) -> str:
    return "yes" if fact else ""


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
