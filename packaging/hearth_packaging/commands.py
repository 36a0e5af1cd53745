"""Every command of Hearth with what click knows about it: the source of the man page and of docs/commands.md."""

from __future__ import annotations

from collections.abc import Iterator

from click import Command, Context, Group, Option
from msgspec import Struct

from hearth.cli import EXIT_CODES, command_line


class Choice(Struct, frozen=True):
    """One option: how it is written ("-f, --follow", "--app NAME"), and what it does."""

    written: str
    help: str


class Entry(Struct, frozen=True):
    """One command: what one types, what may follow, and what it says about itself."""

    name: str
    usage: str
    help: str
    options: tuple[Choice, ...]
    note: str = ""


def entries() -> list[Entry]:
    """Return Hearth itself, then every command and subcommand in the order in which `hearth --help` lists them."""
    return [_entry("hearth", command_line, EXIT_CODES), *_below("hearth", command_line)]


def _below(name: str, group: Group) -> Iterator[Entry]:
    context = Context(group, info_name=name)
    for word in group.list_commands(context):
        command = group.get_command(context, word)
        if command is not None and not command.hidden:
            full = f"{name} {word}"
            yield _entry(full, command, command.epilog or "")
            if isinstance(command, Group):
                yield from _below(full, command)


def _entry(name: str, command: Command, note: str) -> Entry:
    context = Context(command, info_name=name)
    pieces = " ".join([name, *command.collect_usage_pieces(context)])
    options = tuple(_choice(one, context) for one in command.params if isinstance(one, Option) and not one.hidden)
    return Entry(name=name, usage=pieces, help=_text(command.help), options=options, note=_text(note))


def _choice(option: Option, context: Context) -> Choice:
    record = option.get_help_record(context)
    written, said = record or (", ".join(option.opts), option.help or "")
    return Choice(written=written, help=_text(said))


def _text(said: str | None) -> str:
    """Return click's text as paragraphs: a form feed ends what `--help` shows."""
    whole = (said or "").partition("\f")[0].replace("\b\n", "")
    return "\n\n".join(" ".join(part.split()) for part in whole.split("\n\n")).strip()
