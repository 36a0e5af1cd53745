"""hearth.toml as `hearth connect ollama --front` needs it: read, changed and restored, with its comments."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from hearth.cli.context import paths
from hearth.cli.output import say
from hearth.connecting.app import CannotEdit
from hearth.connecting.doing import connect, disconnect
from hearth.connecting.edits.toml_keys import Key, TomlKeys
from hearth.connecting.files import read
from hearth.connecting.notebook import Notebook
from hearth_config.addresses import Endpoint, TcpAddress, place_of
from hearth_config.load import load, load_text

if TYPE_CHECKING:
    from hearth_config.load import Loaded

_NAME = "ollama-front"
_USUAL = 11434


class Ground(Struct, frozen=True):
    """How things stand by hearth.toml: the provider, the port it is asked at, and where Hearth listens besides."""

    provider: str
    port: int
    also: tuple[Endpoint, ...]

    def owns(self, port: int) -> bool:
        """Whether Hearth is to listen on that port of loopback."""
        return any(one.port == port and one.host == "127.0.0.1" for one in self.also)


def ground_here() -> Ground:
    """Return how things stand. Raises `ConfigError`, and `ClickException` where there is no Ollama of this machine."""
    settings = _loaded().settings
    for name, provider in settings.providers.items():
        address = provider.address
        if not isinstance(address, TcpAddress) or provider.dialect != "ollama":
            continue
        if (provider.place or place_of(address.host)) == "machine":
            return Ground(name, address.port, settings.listen.also)
    raise click.ClickException("hearth.toml names no Ollama on this machine. Add one under [providers] first.")


def _loaded() -> Loaded:
    return load(paths(), os.environ, allow_missing=True)


def moved_in(ground: Ground, front: int, port: int) -> TomlKeys:
    """Return the change that puts Hearth on port `front`, and asks Ollama at `port`."""
    listen = [str(one) for one in ground.also]
    also = Key(("listen",), "also", [*listen, f"127.0.0.1:{front}"])
    table = ("providers", ground.provider)
    keys = [also, Key(table, "address", f"http://127.0.0.1:{port}")]
    if not _has_table(ground.provider):
        keys.append(Key(table, "preset", "ollama"))
    return TomlKeys(tuple(keys))


def letting_go(ground: Ground, front: int) -> TomlKeys:
    """Return the change that takes port `front` away from Hearth, and leaves all else."""
    rest = [str(one) for one in ground.also if one.port != front]
    return TomlKeys((Key(("listen",), "also", rest),))


def _has_table(provider: str) -> bool:
    return provider in tomllib.loads(read(paths().config_file)).get("providers", {})


def check_config(edit: TomlKeys) -> None:
    """Refuse before anything has moved if hearth.toml could not follow."""
    file = paths().config_file
    try:
        load_text(edit.put(read(file)), file, _loaded().variables)
    except CannotEdit as error:
        raise click.ClickException(f"{file}: {error}. Nothing was changed.") from None


def write_config(edit: TomlKeys) -> None:
    """Change hearth.toml; the first change keeps a copy."""
    done = connect(_NAME, paths().config_file, edit, Notebook(paths().state_dir))
    if done.changed:
        say(f"Wrote {done.file}{f'; what it was is in {done.backup}' if done.backup else ''}.")


def restore_config(ground: Ground, front: int) -> None:
    """Make hearth.toml what it was before, and if it cannot be that, have it name port `front` again."""
    notebook = Notebook(paths().state_dir)
    if notebook.find(_NAME) is not None:
        disconnect(_NAME, paths().config_file, moved_in(ground, front, ground.port), notebook)
    if ground_here().port != front:
        address = Key(("providers", ground.provider), "address", f"http://127.0.0.1:{front}")
        write_config(TomlKeys((address,)))
        notebook.note(_NAME, None)


def front_before(ground: Ground) -> int:
    """Return the port Ollama had before: that of the copy of hearth.toml, else the usual one."""
    known = Notebook(paths().state_dir).find(_NAME)
    if known is None or not known.backup or not Path(known.backup).exists():
        return _USUAL
    before = load_text(read(Path(known.backup)), paths().config_file, _loaded().variables)
    provider = before.settings.providers.get(ground.provider)
    address = provider.address if provider else None
    return address.port if isinstance(address, TcpAddress) else _USUAL
