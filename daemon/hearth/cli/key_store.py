"""A key's way into the system's keyring: asked for without echo, never an argument, never shown (T17)."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hearth_config.paths import Paths

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)
_ELSEWHERE = 'Or keep the key in a file that only you can read (chmod 600): key = "file:NAME.key".'


def entry_of(paths: Paths, provider: str, key_id: str) -> tuple[str, bool]:
    """Return the name under which a key is stored, and whether the config names it already.

    Raises click.UsageError for a name that no provider or key can have, `ConfigError` for a config with a fault.
    """
    for name in (provider, key_id):
        if not _NAME.fullmatch(name):
            raise click.UsageError(f"{name!r} is no name: letters, digits, hyphens, dots and underscores.")
    from hearth_config.load import load

    found = load(paths, os.environ, allow_missing=True).settings.providers.get(provider)
    for key in found.keys if found is not None else ():
        if key.id == key_id and key.value.startswith("keyring:"):
            return key.value.partition(":")[2].strip(), True
    return (provider if key_id == "default" else f"{provider}-{key_id}"), False


def read_key(name: str) -> str:
    """Ask for a key, or read it from a pipe. Raises click.ClickException for what no header can carry."""
    if sys.stdin.isatty():
        value = click.prompt(f"The key of {name} (it is not shown)", hide_input=True, err=True)
    else:
        value = sys.stdin.readline()
    value = value.strip()
    if not value:
        raise click.ClickException("The key is empty; nothing was stored.")
    if not value.isascii() or not value.isprintable():
        raise click.ClickException("The key holds characters that no header can carry; nothing was stored.")
    return str(value)


def keep(entry: str, value: str) -> None:
    """Put a key into the keyring. Raises click.ClickException that says what is missing and what to do."""
    from hearth_config.secrets import SecretError, store

    try:
        store(entry, value)
    except SecretError as error:
        raise click.ClickException(f"{error} {_ELSEWHERE}") from None
