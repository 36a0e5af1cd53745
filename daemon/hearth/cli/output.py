"""What is printed: tables at a terminal, tab-separated lines in a pipe, JSON on request; never a control character."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

import click

_KEPT = "\n\t"


def clean(text: str) -> str:
    """Return text without control characters: names and messages come from servers, and a terminal obeys escapes."""
    if text.isprintable():
        return text
    return "".join(char for char in text if char in _KEPT or not _is_control(char))


def _is_control(char: str) -> bool:
    return char < " " or "\x7f" <= char <= "\x9f" or char in "\u2028\u2029\u202a\u202b\u202c\u202d\u202e"


def say(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print a line of text."""
    click.echo(clean(text), err=err, nl=nl)


def print_json(value: object) -> None:
    """Print a value as indented JSON."""
    import msgspec

    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def print_json_line(value: object) -> None:
    """Print a value as one line of JSON."""
    import msgspec

    click.echo(msgspec.json.encode(value).decode())


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows in aligned columns at a terminal; else with tabs between them, and "-" for what is empty."""
    cleaned = [[clean(cell).replace("\n", " ").replace("\t", " ") for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for row in [list(headings), *cleaned]:
            click.echo("\t".join(cell or "-" for cell in row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*headings, box=None, pad_edge=False, header_style="bold")
    for row in cleaned:
        table.add_row(*(Text(cell) for cell in row))
    Console(highlight=False).print(table)


def print_facts(facts: Iterable[tuple[str, str]]) -> None:
    """Print "label: text" lines, one fact each."""
    at_terminal = sys.stdout.isatty()
    for label, text in facts:
        shown = click.style(f"{label + ':':<11}", bold=True) if at_terminal else f"{label}:"
        click.echo(f"{shown} {clean(text)}")
