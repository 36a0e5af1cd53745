"""The presets that come with Hearth, found by name: what is known of a provider, as data."""

import re
import tomllib
from functools import cache
from pathlib import Path as FilePath
from typing import Any, Final

from msgspec import Struct, structs

from hearth_config.errors import Problem, did_you_mean
from hearth_config.own_presets import OwnPresets

Table = dict[str, Any]  # a TOML table before it is checked

FOLDER: Final = FilePath(__file__).parent / "providers"
_PRESET_OF_DIALECT: Final = {"ollama": "ollama", "openai_chat": "generic"}
_TITLE: Final = re.compile(r"(.+?) \((https?://[^)\s]+)\)")
_UNVERIFIED: Final = "Unverified: "


class About(Struct, frozen=True):
    """What the comment at the head of a preset says: whose it is, its page, and what could not be confirmed."""

    title: str
    page: str
    unverified: str


@cache
def names() -> tuple[str, ...]:
    """The names of all presets, sorted."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.toml")))


@cache
def _text(preset: str) -> str:
    return (FOLDER / f"{preset}.toml").read_text("utf-8")


def read_preset(preset: str) -> Table:
    """The raw table of a preset, made anew on each call."""
    return tomllib.loads(_text(preset))


def about(preset: str) -> About:
    """What is said about a preset in the comment it begins with."""
    lines = []
    for line in _text(preset).splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.removeprefix("#").strip())
    said = " ".join(lines)
    title = _TITLE.match(said)
    unverified = said.partition(_UNVERIFIED)[2].rstrip(".")
    return About(title[1] if title else preset, title[2] if title else "", unverified)


class Row(Struct, frozen=True):
    """One preset for a list: its address as the user would write it, and where its key is looked for ("" for none)."""

    name: str
    dialect: str
    address: str
    key: str
    title: str
    page: str
    unverified: str


def overview(folder: FilePath | None = None) -> tuple[Row, ...]:
    """All presets, and those in the folder providers/ beside the hearth.toml of that folder.

    Raise ConfigError for a file of the user's own that cannot be used.
    """
    own = OwnPresets(folder)
    rows = [_row(name, read_preset(name), about(name)) for name in names()]
    mine = (name for name in own.names() if name not in names())
    rows += [_row(name, own.find(name, ()) or {}, About(f"your own, {own.file(name)}", "", "")) for name in mine]
    return tuple(rows)


def _row(name: str, table: Table, said: About) -> Row:
    address = str(table.get("address", table.get("address_form", "")))
    return Row(name, str(table.get("dialect", "")), address, str(table.get("key", "")), *structs.astuple(said))


def find_preset(name: str, table: Table, own: OwnPresets) -> tuple[str | None, Table]:
    """The preset a provider names, else the one of its own name, else what suits its dialect: its name and table.

    Raise Problem for one that is not there.
    """
    chosen = table.get("preset")
    if chosen is None and "dialect" not in table and (name in names() or name in own.names()):
        chosen = name
    if chosen is None:
        chosen = _PRESET_OF_DIALECT.get(str(table.get("dialect")))
    if chosen is None:
        return None, {}
    path = ("providers", name, "preset")
    if not isinstance(chosen, str):
        raise Problem(path, "is no text", 'Write the name of a preset, such as "openai"')
    if chosen in names():
        return chosen, read_preset(chosen)
    found = own.find(chosen, path)
    if found is None:
        raise _unknown(path, chosen, own)
    return chosen, found


def _unknown(path: tuple[str, ...], chosen: str, own: OwnPresets) -> Problem:
    hint = did_you_mean(chosen, (*names(), *own.names()))
    step = '`hearth config presets` lists them; one of your own is named by its file, such as "./mine.toml"'
    return Problem(path, f"there is no such preset{hint}", step)
