"""`hearth models`: everything that may be asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from hearth.cli.context import client, json_option
from hearth.cli.output import print_json, print_table
from hearth.cli.words import PLACES, number, size, span

if TYPE_CHECKING:
    from hearth.status import ModelsStatus, ModelStatus

_NEAREST_FIRST = ("machine", "lan", "cloud")


@click.command()
@json_option
def models(*, as_json: bool) -> None:
    """List the models and names that may be asked for."""
    found = client().models()
    if as_json:
        print_json(found)
    else:
        print_table(("NAME", "WHERE", "STATE", "SIZE", "WINDOW", "NOTE"), _rows(found))


def _rows(found: ModelsStatus) -> Iterator[tuple[str, ...]]:
    for alias in found.aliases:
        note = f"{' → '.join(alias.use)} ({alias.strategy})"
        yield alias.name, "alias", "", "", "", _marked(found.default == alias.name, note)
    for one in sorted(found.models, key=lambda one: (_NEAREST_FIRST.index(one.place), one.name)):
        marked = _marked(found.default in (one.name, one.model), one.note)
        yield one.name, PLACES[one.place], _state(one), size(one.size), number(one.window), marked


def _state(one: ModelStatus) -> str:
    if one.loading_s is not None:
        return f"loading {span(one.loading_s)}"
    return "loaded" if one.loaded else ""


def _marked(is_default: bool, note: str) -> str:  # noqa: FBT001 -- a fact about the row
    return "; ".join(part for part in ("default" if is_default else "", note) if part)
