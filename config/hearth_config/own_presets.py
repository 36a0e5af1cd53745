"""Presets of the user's own: TOML files, named by their path or by their place in the folder providers/."""

import tomllib
from copy import deepcopy
from pathlib import Path as FilePath
from typing import Any, Final

from msgspec import Struct

from hearth_config.errors import ConfigError, Path, Problem
from hearth_config.files import at_home, check_folder, is_there, read_private

FOLDER: Final = "providers"
"""Where presets that are called by a plain name lie: providers/NAME.toml beside hearth.toml."""


class OwnPreset(Struct, frozen=True):
    """One such file: where it is, what stands there, and what that means."""

    path: FilePath
    text: str
    table: dict[str, Any]
    warnings: tuple[str, ...] = ()


class OwnPresets:
    """The user's preset files of one hearth.toml, each read once, when a provider names it.

    A preset decides where prompts and keys go, so its file must be the user's own, as hearth.toml itself.
    """

    def __init__(self, base: FilePath | None = None) -> None:
        """`base` is the folder of hearth.toml; without one there are no presets but ours."""
        self._base = base
        self.read: dict[str, OwnPreset] = {}

    def file(self, name: str) -> FilePath | None:
        """Return where a preset of that name would lie; None for a name that is no file's."""
        if self._base is None or not name or name != name.strip():
            return None
        if is_path(name):
            return self._base / at_home(name)
        return self._base / FOLDER / f"{name}.toml"

    def find(self, name: str, path: Path) -> dict[str, Any] | None:
        """Return the table of a preset, made anew on each call; None where there is no such file.

        Raise ConfigError for a file that cannot be used, Problem (at `path`) for a path that leads nowhere.
        """
        found = self.read.get(name) or self._open(name)
        if found is not None:
            self.read[name] = found
            return deepcopy(found.table)
        if is_path(name):
            step = "Correct the path; it starts at the folder of hearth.toml"
            raise Problem(path, f'there is no file "{name}"', step)
        return None

    def _open(self, name: str) -> OwnPreset | None:
        file = self.file(name)
        if file is None or not is_there(file):
            return None
        check_folder(file)
        content = read_private(file)
        if content is None:
            return None
        try:
            table = tomllib.loads(content.text)
        except (ValueError, RecursionError) as error:
            step = 'Correct that line; texts stand in "quotes", and each key once'
            raise ConfigError(str(file), None, None, f"is not valid TOML: {error}", step) from None
        if "preset" in table:
            step = "Write out what the provider needs; docs/providers.md shows how"
            raise ConfigError(str(file), None, "preset", "a preset builds on no other", step)
        return OwnPreset(file, content.text, table, content.warnings)

    def names(self) -> tuple[str, ...]:
        """Return the names of the presets in the folder providers/."""
        folder = None if self._base is None else self._base / FOLDER
        return () if folder is None else tuple(sorted(file.stem for file in folder.glob("*.toml")))


def is_path(name: str) -> bool:
    """Whether a preset is named by its file: "./mine.toml", "presets/mine.toml"."""
    return name.endswith(".toml") or "/" in name or "\\" in name


def named_files(text: str, base: FilePath) -> tuple[FilePath, ...]:
    """Return the files that a hearth.toml may read its presets from, its own missing ones included.

    A text that is no TOML names none.
    """
    try:
        providers = tomllib.loads(text).get("providers")
    except (ValueError, RecursionError):
        return ()
    tables = providers.items() if isinstance(providers, dict) else ()
    named = [table.get("preset", name) for name, table in tables if isinstance(table, dict)]
    shelf = OwnPresets(base)
    files = (shelf.file(name) for name in named if isinstance(name, str))
    return tuple(file for file in files if file is not None)
