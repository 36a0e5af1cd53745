"""`hearth cache`: what the answer cache holds and has saved, and emptying it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from hearth.cli.context import client, json_option, yes_option
from hearth.cli.output import print_facts, print_json, say
from hearth.cli.words import clock, counted, number, size, span

if TYPE_CHECKING:
    from hearth.status_cache import CacheStatus


@click.group()
def cache() -> None:
    """Look at the answers that are kept, or delete them."""


@cache.command()
@json_option
def stats(*, as_json: bool) -> None:
    """Show what is kept, and what that has saved since start."""
    found = client().cache()
    if as_json:
        print_json(found)
    else:
        print_facts(_facts(found))


@cache.command()
@yes_option
@json_option
def clear(*, yes: bool, as_json: bool) -> None:
    """Delete every answer that is kept."""
    daemon = client()
    if not yes:
        click.confirm("Delete every answer that is kept?", abort=True, err=True)
    gone = daemon.clear_cache()
    if as_json:
        print_json(gone)
        return
    say(f"{counted(gone.answers, 'answer')} ({size(gone.size)}) deleted.")


def _facts(found: CacheStatus) -> Iterator[tuple[str, str]]:
    yield "answers", _switch(found.answers)
    yield "embeddings", _switch(found.embeddings)
    kept = counted(found.kept or 0, "answer")
    yield "kept", f"{kept}, {size(found.size or 0)} of {size(found.limit)}, each for {span(found.ttl)}, in {found.path}"
    if found.oldest is not None:
        yield "oldest", clock(found.oldest)
    yield "hits", f"{number(found.hits)} answered from disk, {number(found.misses)} not there"
    yield "shared", f"{number(found.shared)} answered together with the same request of somebody else"
    yield "batched", f"{number(found.batched)} embeddings sent together with others that waited"
    yield "saved", f"{counted(found.saved_tokens, 'token')} since start"
    if found.note:
        yield "note", f"nothing is kept now: {found.note}"


def _switch(switch: str) -> str:
    return "off" if switch == "off" else "identical requests are answered from the cache"
