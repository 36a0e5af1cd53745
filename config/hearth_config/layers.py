"""Lays a user's provider table over its preset, so that a provider is data and needs no code."""

import re
from collections.abc import Iterator
from typing import Final

from msgspec import structs

from hearth_config.addresses import TcpAddress, parse_address
from hearth_config.errors import Path, Problem, nearest
from hearth_config.own_presets import OwnPresets
from hearth_config.presets import Table, find_preset
from hearth_config.quirks import Quirks
from hearth_config.settings import Key, Provider
from hearth_config.shape import build, unknown_key

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
_PATHS: Final = ("chat_path", "completions_path", "embeddings_path", "models_path", "fim_path")
_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")
OF_PRESETS: Final = ("address_form", "when", "locations")
"""What a preset may say beside a provider's own settings: how an address that only its user knows is written, and
what else holds when an option is set: a table `when.OPTION` is laid over the rest. Options in braces are filled into
an `address_form`; `locations` has the forms of those places whose address is another."""


def build_provider(name: str, table: object, common: Table, own: OwnPresets | None = None) -> Provider:
    """One provider from its table in the file; `common` holds the file's own [timeouts] and [retry] tables.

    `own` are the presets of the user's own. Raise Problem for what does not fit.
    """
    path = ("providers", name)
    if not isinstance(table, dict):
        raise Problem(path, "is not a table", f"Write it as [providers.{name}]")
    if "name" in table:
        raise unknown_key((*path, "name"), (*Provider.__struct_fields__[1:], "key"))
    preset_name, raw = find_preset(name, table, own or OwnPresets())
    preset, form = _of_preset(raw, table, path)
    if "{" in form:
        form = _filled_form(form, table, path)
        preset |= {"address": form} if form else {}
    merged = _merge((common, preset, table), {**preset, **table})
    merged |= {"name": name, "keys": _keys(table, preset, path)}
    if preset_name:
        merged["preset"] = preset_name
    _complete(merged, form, path)
    provider = build(Provider, merged, path, also=("key",))
    provider = _with_prefix(_inherit(provider), str(preset.get("address", form)))
    return _with_headers(_with_fields(_with_paths(provider, path), path), path)


def _of_preset(raw: Table, table: Table, path: Path) -> tuple[Table, str]:
    """A preset's own settings under the options that the user has set, and how its address is written."""
    preset = dict(raw)
    layers = preset.pop("when", {})
    if not isinstance(layers, dict) or not all(isinstance(layer, dict) for layer in layers.values()):
        raise Problem((*path, "when"), "is no table of tables", "Write it as [when.OPTION]")
    for option, layer in layers.items():
        if option not in Provider.__struct_fields__:
            raise Problem((*path, "when", option), "is no option of a provider", "Correct its name")
        if option in table:
            preset = _merge((preset, layer), {**preset, **layer})
    locations = preset.pop("locations", {})
    form = locations.get(table.get("location"), preset.get("address_form", ""))
    preset.pop("address_form", None)
    if not isinstance(form, str):
        raise Problem((*path, "address_form"), "is no text", 'Write it like "https://RESOURCE.example.org/v1"')
    return preset, form


def _filled_form(form: str, table: Table, path: Path) -> str:
    """The form of an address with the options in it; "" where the user has an address and leaves options out."""
    wanted = _PLACEHOLDER.findall(form)
    missing = next((option for option in wanted if not isinstance(table.get(option), str)), None)
    if missing is not None:
        if "address" in table:
            return ""
        raise Problem((*path, missing), "is needed for the address", f"Add `{missing}`, or `address`")
    return _PLACEHOLDER.sub(lambda match: str(table[match[1]]), form)


def _complete(merged: Table, form: str, path: Path) -> None:
    for wanted in ("dialect", "address"):
        slip = next((key for key in merged if key not in Provider.__struct_fields__ and nearest(key, (wanted,))), None)
        if wanted not in merged and slip is not None:
            raise unknown_key((*path, slip), (wanted,))
    if "dialect" not in merged:
        step = "Add `dialect`, or a `preset`: `hearth config presets` lists them"
        raise Problem(path, "has no `dialect`", step)
    if "address" not in merged:
        step = f'Add address = "{form}", with what is yours in place of the capitals' if form else "Add `address`"
        raise Problem(path, "has no `address`", step)


def _merge(layers: tuple[Table, ...], merged: Table) -> Table:
    """The tables of a provider's settings joined key by key, a later layer's over an earlier one's."""
    for part in _LAID_OVER:
        found = [layer.get(part, {}) for layer in layers]
        if all(isinstance(layer, dict) for layer in found) and any(found):
            merged[part] = {key: value for layer in found for key, value in layer.items()}
    return merged


def _keys(table: Table, preset: Table, path: Path) -> object:
    if "key" in table and "keys" in table:
        raise Problem((*path, "key"), "stands beside `keys`", "Keep one of the two")
    if "keys" in table:
        return table["keys"]
    value = table.get("key", None if "credentials" in table else preset.get("key"))
    return [] if value is None else [{"id": "default", "value": value}]


def _inherit(provider: Provider) -> Provider:
    """Keys take their provider's price and limits where they have none of their own."""
    keys = tuple(_inherit_key(key, provider) for key in provider.keys)
    return structs.replace(provider, keys=keys)


def _inherit_key(key: Key, provider: Provider) -> Key:
    missing = {name: getattr(provider, name) for name in _INHERITED if getattr(key, name) is None}
    return structs.replace(key, **missing)


def _with_prefix(provider: Provider, usual: str) -> Provider:
    """An address without a path gets the preset's: "http://box:8000" of a vLLM means "http://box:8000/v1"."""
    address = provider.address
    if address.prefix or not usual or not isinstance(address, TcpAddress):
        return provider
    return structs.replace(provider, address=structs.replace(address, prefix=parse_address(usual).prefix))


def _with_headers(provider: Provider, path: Path) -> Provider:
    """Options that are plain headers (site_url, organization, …) become headers; the user's own headers win."""
    found = dict(_options(provider, provider.quirks.option_headers, (*path, "quirks", "option_headers")))
    return structs.replace(provider, headers={**found, **provider.headers}) if found else provider


def _with_fields(provider: Provider, path: Path) -> Provider:
    """Options that are fields of the body (a deployment that stands for the model) become `extra`; the user's win."""
    found = dict(_options(provider, provider.quirks.option_fields, (*path, "quirks", "option_fields")))
    return structs.replace(provider, extra={**found, **provider.extra}) if found else provider


def _options(provider: Provider, named: dict[str, str], path: Path) -> Iterator[tuple[str, str]]:
    for option, where in named.items():
        value = _option(provider, option, path)
        if value is not None:
            yield where, value


def _with_paths(provider: Provider, path: Path) -> Provider:
    """Paths with the provider's options filled in; a deployment that is not set is the model's own name."""
    quirks = provider.quirks
    filled = {
        name: _filled(text, provider, (*path, "quirks", name))
        for name in _PATHS
        if (text := getattr(quirks, name)) is not None and "{" in text
    }
    return structs.replace(provider, quirks=structs.replace(quirks, **filled)) if filled else provider


def _filled(text: str, provider: Provider, path: Path) -> str:
    def value(match: re.Match[str]) -> str:
        if match[1] == "model":
            return match[0]
        found = _option(provider, match[1], path)
        if found is None and match[1] != "deployment":
            raise Problem((*path[:2], match[1]), "is needed for the address of each request", f"Add `{match[1]}`")
        return "{model}" if found is None else found

    return _PLACEHOLDER.sub(value, text)


def _option(provider: Provider, option: str, path: Path) -> str | None:
    if option not in Provider.__struct_fields__:
        raise Problem(path, f"{option} is no option of a provider", "Correct its name")
    found = getattr(provider, option)
    return None if found is None else str(found)


def uses(quirks: Quirks, option: str) -> bool:
    """Whether a provider's data make use of an option."""
    return option in quirks.option_headers or option in quirks.option_fields or option in quirks.options
