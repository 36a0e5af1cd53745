"""The families we know, from the files beside this module, and which of them a model's name belongs to."""

from __future__ import annotations

import tomllib
from fnmatch import translate
from functools import cache, lru_cache
from pathlib import Path
from re import Pattern
from re import compile as compile_pattern

import msgspec
from msgspec import convert

from hearth.fim.family import Family

HINTS = (b"fim", b"SUF")
"""Each family's token of the suffix holds one of these, however a client escapes it."""


@cache
def families() -> tuple[Family, ...]:
    """Return all families, by name; read once, when somebody first needs one."""
    found = sorted((Path(__file__).parent / "families").glob("*.toml"))
    return tuple(_read(file.name, file.read_text(encoding="utf-8")) for file in found)


@lru_cache(maxsize=4096)
def family_of(model: str) -> Family | None:
    """Return the family of a model by its name, whoever publishes it: "org/Qwen2.5-Coder-7B-GGUF:Q4_K_M"."""
    name = model.lower().rpartition("/")[2]
    for family, fits, never in _patterns():
        if fits.match(name) and not (never and never.match(name)):
            return family
    return None


def is_written(text: str) -> bool:
    """Say whether a prompt holds the tokens of some family already, as an editor's plugin writes them."""
    return any(before in text and after in text for before, after in _marks())


def holds_tokens(prompt: msgspec.Raw | None) -> bool:
    """Say the same of a prompt's JSON, without decoding one that cannot hold any. Anything but a text holds none."""
    if prompt is None or not any(hint in bytes(prompt) for hint in HINTS):
        return False
    try:
        return is_written(msgspec.json.decode(prompt, type=str))
    except msgspec.DecodeError:
        return False


def _read(file: str, text: str) -> Family:
    return convert({"name": file.removesuffix(".toml"), **tomllib.loads(text)}, Family)


@cache
def _patterns() -> tuple[tuple[Family, Pattern[str], Pattern[str] | None], ...]:
    return tuple((one, _any_of(one.names), _any_of(one.never) if one.never else None) for one in families())


@cache
def _marks() -> frozenset[tuple[str, str]]:
    return frozenset(one.marks for one in families())


def _any_of(globs: tuple[str, ...]) -> Pattern[str]:
    return compile_pattern("|".join(translate(glob) for glob in globs))
