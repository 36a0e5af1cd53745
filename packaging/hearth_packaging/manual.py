"""The man page `hearth(1)`, written from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator

import hearth
from hearth_packaging.commands import Entry, entries

_FILES = (
    ("~/.config/hearth/hearth.toml", "what you want of Hearth; `hearth config path` says where it is on this system"),
    ("~/.config/hearth/hearth.env", "NAME=value lines that env:NAME also reads"),
    ("~/.local/share/hearth/usage.db", "the usage log: counts, names, times and reasons, never what was said"),
    ("~/.local/share/hearth/bodies.db", "prompts and answers, only while usage.bodies = true keeps them"),
    ("$XDG_RUNTIME_DIR/hearth/hearth.sock", "the Unix socket, for you alone"),
)
_VARIABLES = (("HEARTH_HOME", "keep config, data, state and socket under this folder, as --home does"),)


def page() -> str:
    """Return the page in the man macros, as `man -l` reads it."""
    whole, *commands = entries()
    return "\n".join([*_head(whole), *_commands(commands), *_tail(whole)]) + "\n"


def _head(whole: Entry) -> Iterator[str]:
    yield f'.TH HEARTH 1 "" "hearth {hearth.__version__}" "User commands"'
    yield ".SH NAME"
    yield "hearth \\- a local\\-first LLM daemon and its commands"
    yield ".SH SYNOPSIS"
    yield f".B {roff(whole.usage)}"
    yield ".SH DESCRIPTION"
    yield roff(whole.help)
    yield "Requests are taken on http://127.0.0.1:11430 and on a Unix socket,"
    yield "in the dialects that editors and agents speak."
    yield ".SH OPTIONS"
    yield from _options(whole)


def _commands(commands: list[Entry]) -> Iterator[str]:
    yield ".SH COMMANDS"
    for one in commands:
        yield f'.SS "{roff(one.usage)}"'
        yield roff(one.help)
        yield from _options(one)
        if one.note:
            yield ".PP"
            yield roff(one.note)


def _options(one: Entry) -> Iterator[str]:
    for option in one.options:
        yield ".TP"
        yield f".B {roff(option.written)}"
        yield roff(option.help)


def _tail(whole: Entry) -> Iterator[str]:
    yield from _table("FILES", _FILES)
    yield from _table("ENVIRONMENT", _VARIABLES)
    yield ".SH EXIT STATUS"
    yield roff(whole.note.removeprefix("Exit codes: ").capitalize())


def _table(title: str, rows: tuple[tuple[str, str], ...]) -> Iterator[str]:
    yield f".SH {title}"
    for name, said in rows:
        yield ".TP"
        yield f".I {roff(name)}"
        yield roff(said)


def roff(text: str) -> str:
    """Return text that troff prints as it stands: no escape and no macro in it, one line a paragraph."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq").replace("'", "\\(aq")
    lines = (" ".join(part.split()) for part in escaped.split("\n\n"))
    return "\n.PP\n".join(f"\\&{line}" if line.startswith(".") else line for line in lines if line)
