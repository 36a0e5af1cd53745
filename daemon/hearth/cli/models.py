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
_OLD_S = 60.0
"""From here on the age of a list is shown."""
_SHORT = {"parallel_tools": "parallel", "json_schema": "schema", "embeddings": "embed", "fine_tuned": "tuned"}


@click.command()
@click.option("-a", "--all", "everything", is_flag=True, help="Show what each model can do: yes, no, or ? for unknown.")
@json_option
def models(*, everything: bool, as_json: bool) -> None:
    """List the models and names that may be asked for."""
    found = client().models(abilities=everything)
    if as_json:
        print_json(found)
    elif everything:
        print_table(_features(found), _matrix(found))
    else:
        print_table(("NAME", "WHERE", "STATE", "SIZE", "WINDOW", "NOTE"), _rows(found))


def _rows(found: ModelsStatus) -> Iterator[tuple[str, ...]]:
    for alias in found.aliases:
        note = f"{' → '.join(alias.use)} ({alias.strategy})"
        yield alias.name, "alias", "", "", "", _marked(found.default == alias.name, note)
    for one in _nearest_first(found):
        notes = "; ".join(part for part in (one.note, _aged(one)) if part)
        marked = _marked(found.default in (one.name, one.model), notes)
        yield one.name, PLACES[one.place], _state(one), size(one.size), number(one.window), marked


def _nearest_first(found: ModelsStatus) -> list[ModelStatus]:
    return sorted(found.models, key=lambda one: (_NEAREST_FIRST.index(one.place), one.name))


def _features(found: ModelsStatus) -> tuple[str, ...]:
    first = next(iter(found.models), None)
    names = first.abilities if first is not None and first.abilities is not None else {}
    return "NAME", "WINDOW", "OUTPUT", *(_SHORT.get(name, name).upper() for name in names)


def _matrix(found: ModelsStatus) -> Iterator[tuple[str, ...]]:
    """A row a model; whose word each answer is stands in the JSON."""
    for one in _nearest_first(found):
        said = ("?" if answer.said == "unknown" else answer.said for answer in (one.abilities or {}).values())
        yield (one.name, number(one.window), number(one.output_limit), *said)


def _state(one: ModelStatus) -> str:
    if one.loading_s is not None:
        return f"loading {span(one.loading_s)}"
    return "loaded" if one.loaded else ""


def _aged(one: ModelStatus) -> str:
    """Say how old the list is that a model stands in, where that is worth a word."""
    old = one.listed_s is not None and one.listed_s >= _OLD_S
    return f"listed {span(one.listed_s)} ago" if old else ""


def _marked(is_default: bool, note: str) -> str:  # noqa: FBT001 -- a fact about the row
    return "; ".join(part for part in ("default" if is_default else "", note) if part)
