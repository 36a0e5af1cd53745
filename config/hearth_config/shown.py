"""What holds and where it comes from: each setting as written, with its line, its preset, or "default"; no keys."""

import json
import tomllib
from collections.abc import Iterator

from msgspec import Struct

from hearth_config import presets
from hearth_config.errors import Path, dotted
from hearth_config.files import read_private
from hearth_config.layers import OF_PRESETS
from hearth_config.lines import find_line
from hearth_config.load import Loaded
from hearth_config.manual import example
from hearth_config.secrets import is_literal

_SECRET: tuple[str, ...] = ("key", "token", "proxy_login")


class Shown(Struct, frozen=True):
    """One setting for people: its dotted key, its value as TOML writes it, and where that comes from."""

    key: str
    value: str
    source: str  # "hearth.toml:12", "preset openrouter" or "default"


def shown(loaded: Loaded) -> tuple[Shown, ...]:
    """Every setting that has a value, the user's own with its line; a key that stands in the file is masked.

    Reads the file again; raise ConfigError if it cannot be read any more.
    """
    file = read_private(loaded.path)
    text = file.text if file else ""
    own = dict(_leaves(tomllib.loads(text), ()))
    rows = {path: (value, "default") for path, value in _leaves(tomllib.loads(example()), ()) if path[0] != "providers"}
    for name, provider in loaded.settings.providers.items():
        if provider.preset:
            preset = _preset(provider.preset, loaded)
            rows |= {("providers", name, *path): (value, f"preset {provider.preset}") for path, value in preset}
    rows |= {path: (value, f"{loaded.path.name}:{find_line(text, path)}") for path, value in own.items()}
    return tuple(Shown(dotted(path), _value(path, value), source) for path, (value, source) in rows.items())


def _preset(name: str, loaded: Loaded) -> Iterator[tuple[Path, object]]:
    """The settings of a preset, without what is a preset's alone."""
    own = loaded.presets.get(name)
    table = own.table if own is not None else presets.read_preset(name)
    return _leaves({key: value for key, value in table.items() if key not in OF_PRESETS}, ())


def _leaves(value: object, path: Path) -> Iterator[tuple[Path, object]]:
    if isinstance(value, dict) and (value or not path):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index))
    else:
        yield path, value


def _value(path: Path, value: object) -> str:
    if isinstance(value, str) and _holds_key(path) and is_literal(value):
        return '"…"'
    return json.dumps(value, ensure_ascii=False, default=str)


def _holds_key(path: Path) -> bool:
    return path[-1] in _SECRET or "headers" in path or (path[-1] == "value" and "keys" in path)
