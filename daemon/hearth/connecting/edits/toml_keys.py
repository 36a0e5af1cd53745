"""Single keys of a TOML file, set and unset line by line so that comments stay; each result is read again."""

from __future__ import annotations

import copy
import json
import re
import tomllib
from typing import Any

from msgspec import Struct

from hearth.connecting.app import CannotEdit

Table = dict[str, Any]  # TOML as it is read
Path = tuple[str, ...]


class Key(Struct, frozen=True):
    """A key by its table and name, and what it shall say: a string or a list of strings, None for nothing."""

    table: Path
    name: str
    value: str | list[str] | None


class TomlKeys(Struct, frozen=True):
    """Several keys at once."""

    keys: tuple[Key, ...]

    def put(self, text: str) -> str:
        """Return the text with the keys set or unset."""
        for key in self.keys:
            text = _changed(text, key)
        return text

    def take_out(self, text: str, before: str) -> str:
        """Return the text with the keys as they were in `before`."""
        old = _read(before)
        for key in self.keys:
            text = _changed(text, Key(key.table, key.name, _at(old, key.table).get(key.name)))
        return text


def _changed(text: str, key: Key) -> str:
    now = _read(text)
    if _at(now, key.table).get(key.name) == key.value:
        return text
    wanted = _wanted(now, key)
    lines = text.splitlines(keepends=True)
    there = key.name in _at(now, key.table)
    done = _replaced(lines, key, wanted) if there else _added(lines, key)
    if done is None or _read(done) != wanted:
        raise CannotEdit(f"{'.'.join((*key.table, key.name))} is written in a way that only a person should change")
    return done


def _wanted(now: Table, key: Key) -> Table:
    wanted = copy.deepcopy(now)
    here = wanted
    for part in key.table:
        here = here.setdefault(part, {})
    if key.value is None:
        here.pop(key.name, None)
    else:
        here[key.name] = key.value
    return wanted


def _replaced(lines: list[str], key: Key, wanted: Table) -> str | None:
    """Return the text with one line changed: the first on which that makes the change that is wanted, and no other."""
    pattern = re.compile(
        rf"^(\s*(?:{re.escape(key.name)}|{re.escape(json.dumps(key.name))})\s*=\s*)(.*?)(\s*#[^\"']*)?$"
    )
    for at, line in enumerate(lines):
        found = pattern.match(line.rstrip("\r\n"))
        if found is None:
            continue
        new = "" if key.value is None else f"{found[1]}{_literal(key.value)}{found[3] or ''}\n"
        done = "".join((*lines[:at], new, *lines[at + 1 :]))
        if _read(done) == wanted:
            return done
    return None


def _added(lines: list[str], key: Key) -> str:
    """Return the text with one more line after the table's header, or with the table at its end."""
    new = f"{key.name} = {_literal(key.value or '')}\n"
    for at, line in enumerate(lines):
        if _header(line) == key.table:
            ended = line if line.endswith("\n") else line + "\n"
            return "".join((*lines[:at], ended, new, *lines[at + 1 :]))
    text = "".join(lines)
    gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
    return f"{text}{gap}[{'.'.join(_bare(part) for part in key.table)}]\n{new}"


def _header(line: str) -> Path | None:
    stripped = line.strip()
    if not stripped.startswith("[") or stripped.startswith("[["):
        return None
    try:
        here: Any = tomllib.loads(stripped)
    except tomllib.TOMLDecodeError:
        return None
    path: list[str] = []
    while here:
        name, here = next(iter(here.items()))
        path.append(name)
    return tuple(path)


def _at(table: Table, path: Path) -> Table:
    here: Any = table
    for part in path:
        here = here.get(part, {}) if isinstance(here, dict) else {}
    return here if isinstance(here, dict) else {}


def _read(text: str) -> Table:
    """Return what the text says; {"": text} for none of TOML, which equals nothing that is wanted."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {"": text}


def _literal(value: str | list[str]) -> str:
    return json.dumps(value, ensure_ascii=False)


def _bare(part: str) -> str:
    return part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else json.dumps(part)
