"""Lays a user's provider table over its preset, so that a provider is data and needs no code."""

import tomllib
from functools import cache
from pathlib import Path as FilePath
from typing import Any, Final

from msgspec import structs

from hearth_config.addresses import TcpAddress, parse_address
from hearth_config.errors import Path, Problem, nearest, one_of
from hearth_config.settings import Key, Provider
from hearth_config.shape import build, unknown_key

Table = dict[str, Any]  # a TOML table before it is checked

FOLDER: Final = FilePath(__file__).parent / "providers"
_PRESET_OF_DIALECT: Final = {"ollama": "ollama", "openai_chat": "generic"}
_LAID_OVER: Final = ("timeouts", "retry", "quirks", "headers", "extra", "defaults")
_INHERITED: Final = (
    "price",
    "daily_limit",
    "monthly_limit",
    "requests_per_minute",
    "tokens_per_minute",
    "requests_per_day",
    "tokens_per_day",
)


@cache
def names() -> tuple[str, ...]:
    """The names of all presets, sorted."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.toml")))


def build_provider(name: str, table: object, common: Table) -> Provider:
    """One provider from its table in the file; `common` holds the file's own [timeouts] and [retry] tables.

    Raise Problem for what does not fit.
    """
    path = ("providers", name)
    if not isinstance(table, dict):
        raise Problem(path, "is not a table", f"Write it as [providers.{name}]")
    if "name" in table:
        raise unknown_key((*path, "name"), (*Provider.__struct_fields__[1:], "key"))
    preset_name, preset = _preset(name, table)
    merged = _merge(common, preset, table)
    merged |= {"name": name, "keys": _keys(table, preset, path)}
    if preset_name:
        merged["preset"] = preset_name
    for key in ("dialect", "address"):
        if key not in merged:
            raise Problem(path, f"has no `{key}`", f"Add `{key}`, or a `preset`: {one_of(names())}")
    provider = build(Provider, merged, path, also=("key",))
    return _with_headers(_with_prefix(_inherit(provider), preset), path)


def _preset(name: str, table: Table) -> tuple[str | None, Table]:
    """The preset named, else the one of the provider's own name, else what suits the dialect."""
    chosen = table.get("preset")
    if chosen is None and "dialect" not in table and name in names():
        chosen = name
    if chosen is None:
        chosen = _PRESET_OF_DIALECT.get(str(table.get("dialect")))
    if chosen is None:
        return None, {}
    if chosen not in names():
        near = nearest(str(chosen), names())
        hint = f'; did you mean "{near}"' if near else ""
        raise Problem(("providers", name, "preset"), f"there is no such preset{hint}", f"Allowed: {one_of(names())}")
    return str(chosen), read_preset(str(chosen))


@cache
def _text(preset: str) -> str:
    return (FOLDER / f"{preset}.toml").read_text("utf-8")


def read_preset(preset: str) -> Table:
    """The raw table of a preset, made anew on each call."""
    return tomllib.loads(_text(preset))


def _merge(common: Table, preset: Table, table: Table) -> Table:
    """The provider's own settings over its preset's over the file's common ones."""
    merged = {**preset, **table}
    for part in _LAID_OVER:
        layers = [layer.get(part, {}) for layer in (common, preset, table)]
        if all(isinstance(layer, dict) for layer in layers) and any(layers):
            merged[part] = {**layers[0], **layers[1], **layers[2]}
    return merged


def _keys(table: Table, preset: Table, path: Path) -> object:
    if "key" in table and "keys" in table:
        raise Problem((*path, "key"), "stands beside `keys`", "Keep one of the two")
    if "keys" in table:
        return table["keys"]
    value = table.get("key", preset.get("key"))
    return [] if value is None else [{"id": "default", "value": value}]


def _inherit(provider: Provider) -> Provider:
    """Keys take their provider's price and limits where they have none of their own."""
    keys = tuple(_inherit_key(key, provider) for key in provider.keys)
    return structs.replace(provider, keys=keys)


def _inherit_key(key: Key, provider: Provider) -> Key:
    missing = {name: getattr(provider, name) for name in _INHERITED if getattr(key, name) is None}
    return structs.replace(key, **missing)


def _with_prefix(provider: Provider, preset: Table) -> Provider:
    """An address without a path gets the preset's: "http://box:8000" of a vLLM means "http://box:8000/v1"."""
    address = provider.address
    usual = parse_address(preset["address"]).prefix if "address" in preset else ""
    if address.prefix or not isinstance(address, TcpAddress):
        return provider
    return structs.replace(provider, address=structs.replace(address, prefix=usual))


def _with_headers(provider: Provider, path: Path) -> Provider:
    """Options that are plain headers (site_url, organization, …) become headers; the user's own headers win."""
    found = {}
    for option, header in provider.quirks.option_headers.items():
        if option not in Provider.__struct_fields__:
            raise Problem(
                (*path, "quirks", "option_headers"), f"{option} is no option of a provider", "Correct its name"
            )
        if (value := getattr(provider, option)) is not None:
            found[header] = str(value)
    return structs.replace(provider, headers={**found, **provider.headers}) if found else provider
