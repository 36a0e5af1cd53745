"""The two tokens of this Hearth, kept in one private file: one to ask for answers, one to give orders too (T6, T22)."""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from hearth.server.guard import ALL, INFER, Scope
from hearth_config.files import replace_private
from hearth_config.secrets import TOKEN_PREFIX

log = logging.getLogger("hearth.tokens")


def read_tokens(path: Path) -> dict[str, str]:
    """Return the tokens of the file by their name ("infer", "admin"); none where there is no file."""
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    pairs = (line.split() for line in lines)
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2 and pair[1].startswith(TOKEN_PREFIX)}


def ensure_tokens(path: Path) -> dict[str, str]:
    """Return the tokens, made at the first start. The file is for its owner alone.

    One that others could read is shut; one that somebody else owns holds what they know, and is replaced. Raises
    `OSError` when new tokens cannot be written.
    """
    found = read_tokens(path) if _is_ours(path) else {}
    return found if {"infer", "admin"} <= found.keys() else new_tokens(path)


def tokens_for_now(path: Path) -> dict[str, str]:
    """Return the tokens; where new ones cannot be written they hold until the next start: calls go on (F42, F45)."""
    try:
        return ensure_tokens(path)
    except OSError as error:
        log.warning("%s cannot be written (%s): new tokens hold until the next start.", path, error.strerror)
        return _made()


def new_tokens(path: Path) -> dict[str, str]:
    """Make new tokens; the old ones are refused as soon as the daemon has read the file again.

    Raises `OSError` when they cannot be written.
    """
    made = _made()
    replace_private(path, "".join(f"{name} {token}\n" for name, token in made.items()).encode("ascii"))
    return made


def _made() -> dict[str, str]:
    return {name: TOKEN_PREFIX + secrets.token_urlsafe(32) for name in ("infer", "admin")}


def _is_ours(path: Path) -> bool:
    """Whether the file is the user's own, or there is none; what others may do with it is taken away (T6, T35)."""
    if os.name != "posix" or not path.exists():
        return True
    found = path.stat()
    if found.st_uid != os.getuid():
        log.warning("%s belonged to another user: new tokens were made.", path)
        return False
    if found.st_mode & 0o077:
        path.chmod(0o600)
        log.warning("%s could be read by other users. If any may have, make new ones with `hearth token --new`.", path)
    return True


def known_tokens(ours: Mapping[str, str], apps: Mapping[str, str]) -> dict[str, tuple[str, frozenset[Scope]]]:
    """Return every token that is accepted, with the name it is known by and what it may do."""
    known: dict[str, tuple[str, frozenset[Scope]]] = {
        token: ("", ALL if name == "admin" else INFER) for name, token in ours.items()
    }
    return known | {token: (app, INFER) for token, app in apps.items()}
