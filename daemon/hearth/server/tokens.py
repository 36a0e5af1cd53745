"""The two tokens of this Hearth, kept in one private file: one to ask for answers, one to give orders too (T6, T22)."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from hearth.server.guard import ALL, INFER, TOKEN_PREFIX, Scope


def read_tokens(path: Path) -> dict[str, str]:
    """Return the tokens of the file by their name ("infer", "admin"); none where there is no file."""
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    pairs = (line.split() for line in lines)
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2 and pair[1].startswith(TOKEN_PREFIX)}


def ensure_tokens(path: Path) -> dict[str, str]:
    """Return the tokens, made at the first start. The file is for its owner alone."""
    found = read_tokens(path)
    return found if {"infer", "admin"} <= found.keys() else new_tokens(path)


def new_tokens(path: Path) -> dict[str, str]:
    """Make new tokens; the old ones are refused as soon as the daemon has read the file again."""
    made = {name: TOKEN_PREFIX + secrets.token_urlsafe(32) for name in ("infer", "admin")}
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.writelines(f"{name} {token}\n" for name, token in made.items())
    draft.replace(path)
    return made


def known_tokens(ours: Mapping[str, str], apps: Mapping[str, str]) -> dict[str, tuple[str, frozenset[Scope]]]:
    """Return every token that is accepted, with the name it is known by and what it may do."""
    known: dict[str, tuple[str, frozenset[Scope]]] = {
        token: ("", ALL if name == "admin" else INFER) for name, token in ours.items()
    }
    return known | {token: (app, INFER) for token, app in apps.items()}
