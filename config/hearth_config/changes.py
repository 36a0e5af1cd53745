"""What an edit has changed, by the names of settings: their values may be keys."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from hearth_config.settings import Settings

MOST = 12
_NOTHING = object()


def changed(before: Settings, after: Settings) -> tuple[str, ...]:
    """Return the dotted names of settings that differ, sorted; of very many the first, and how many more there are."""
    found = sorted(set(_differences(before, after, ())))
    if len(found) <= MOST:
        return tuple(found)
    return (*found[:MOST], f"and {len(found) - MOST} more")


def _differences(before: object, after: object, path: tuple[str, ...]) -> Iterator[str]:
    if before == after:
        return
    if isinstance(before, Struct) and type(before) is type(after):
        for name in before.__struct_fields__:
            yield from _differences(getattr(before, name), getattr(after, name), (*path, name))
    elif isinstance(before, dict) and isinstance(after, dict):
        for name in before.keys() | after.keys():
            yield from _differences(before.get(name, _NOTHING), after.get(name, _NOTHING), (*path, str(name)))
    else:
        yield ".".join(path)
