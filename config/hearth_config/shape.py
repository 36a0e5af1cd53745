"""Lays a raw TOML tree over the typed settings and says exactly which key does not fit, and what would."""

import math
from functools import cache
from typing import Final, TypeVar

from msgspec import NODEFAULT, Struct, inspect

from hearth_config.errors import Path, Problem, did_you_mean, dotted, nearest, one_of
from hearth_config.forms import FORMS, Form

S = TypeVar("S", bound=Struct)
T = TypeVar("T")

_FAR: Final = 10**15
_KINDS: Final[dict[type, str]] = {
    dict: "a table", list: "a list", str: "a string", bool: "true or false", int: "a whole number", float: "a number",
}  # fmt: skip


def build(cls: type[S], table: object, path: Path = (), also: tuple[str, ...] = ()) -> S:
    """Make a `cls` from a raw table; `also` names keys that are known but read elsewhere. Raise Problem."""
    if not isinstance(table, dict):
        raise Problem(path, f"is {_kind(table)}, not a table", f"Write it as [{dotted(path)}]")
    known = {spec.encode_name: spec for spec in _fields(cls)}
    for key in table:
        if key not in known and key not in also:
            raise unknown_key((*path, key), (*known, *also))
    values = {}
    for name, spec in known.items():
        if name in table:
            values[name] = _value(table[name], spec.type, (*path, name))
        elif spec.default is NODEFAULT and spec.default_factory is NODEFAULT:
            raise Problem(path, f"has no `{name}`", f"Add `{name}` to it")
    return cls(**values)


def unknown_key(path: Path, known: tuple[str, ...]) -> Problem:
    """The refusal of a key that nobody reads, with the nearest one that somebody does."""
    written = str(path[-1])
    near = nearest(written, known) or next((name for name in known if name.startswith(f"{written}_")), None)
    if near:
        return Problem(path, "is no known setting", f"Write `{near}` if you meant that, or remove it")
    return Problem(path, "is no known setting", f"Remove it; known here: {', '.join(sorted(known))}")


@cache
def _fields(cls: type[Struct]) -> tuple[inspect.Field, ...]:
    info = inspect.type_info(cls)
    assert isinstance(info, inspect.StructType)  # noqa: S101
    return info.fields


def _value(value: object, kind: inspect.Type, path: Path) -> object:
    if isinstance(kind, inspect.Metadata):
        form = (kind.extra or {}).get("form")
        return _formed(value, FORMS[form], path) if form else _value(value, kind.type, path)
    if isinstance(kind, inspect.UnionType):
        return _value(value, next(t for t in kind.types if not isinstance(t, inspect.NoneType)), path)
    if isinstance(kind, inspect.StructType):
        return build(kind.cls, value, path)
    if isinstance(kind, inspect.DictType):
        return _table(value, kind, path)
    if isinstance(kind, inspect.VarTupleType):
        items = _expect(value, list, path)
        return tuple(_value(item, kind.item_type, (*path, index)) for index, item in enumerate(items))
    if isinstance(kind, inspect.LiteralType):
        return _choice(value, tuple(str(word) for word in kind.values), path)
    return _plain(value, kind, path)


def _table(value: object, kind: inspect.DictType, path: Path) -> dict[str, object]:
    table = _expect(value, dict, path)
    return {key: _value(item, kind.value_type, (*path, key)) for key, item in table.items()}


def _plain(value: object, kind: inspect.Type, path: Path) -> object:
    if isinstance(kind, inspect.StrType):
        text: str = _expect(value, str, path)
        if not text.strip() or not text.isprintable():
            raise Problem(path, "is empty or holds control characters", "Write a text, or remove the key")
        return text
    if isinstance(kind, inspect.BoolType):
        return _expect(value, bool, path)
    if isinstance(kind, (inspect.IntType, inspect.FloatType)):
        return _number(value, kind, path)
    return _free(value, path)


def _number(value: object, kind: inspect.IntType | inspect.FloatType, path: Path) -> int | float:
    whole = isinstance(kind, inspect.IntType)
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        raise _wrong_type(value, int if whole else float, path)
    if not -_FAR <= value <= _FAR:  # infinities and nan too
        raise Problem(path, f"is {value}"[:40], "Write an ordinary number")
    if broken := _broken_bound(value, kind):
        raise Problem(path, f"is {value}", f"Write a number that is {broken}")
    return value if whole else float(value)


def _broken_bound(value: float, kind: inspect.IntType | inspect.FloatType) -> str | None:
    """The bound of a setting that a number does not keep, in words; None if it keeps them all."""
    if kind.ge is not None and value < kind.ge:
        return f"at least {kind.ge}"
    if kind.gt is not None and value <= kind.gt:
        return f"more than {kind.gt}"
    if kind.le is not None and value > kind.le:
        return f"at most {kind.le}"
    return None


def _free(value: object, path: Path) -> object:
    """A value that is passed on as JSON: anything but dates and infinities."""
    if isinstance(value, dict):
        return {key: _free(item, (*path, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_free(item, (*path, index)) for index, item in enumerate(value)]
    if isinstance(value, (str, bool, int)) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise Problem(path, f"is {_kind(value)}, which JSON cannot carry", "Write it as a string")


def _choice(value: object, words: tuple[str, ...], path: Path) -> str:
    text: str = _expect(value, str, path)
    if text in words:
        return text
    reason = f"{_shown(text)} is not allowed{did_you_mean(text, words)}"
    raise Problem(path, reason, f"Allowed: {one_of(words)}")


def _formed(value: object, form: Form, path: Path) -> object:
    if not isinstance(value, str):
        raise Problem(path, f"is {_kind(value)}", f"Write {form.allowed}")
    try:
        return form.read(value)
    except ValueError as error:
        shown = f"{_shown(value)} " if form.shown else ""
        raise Problem(path, f"{shown}{error}", f"Write {form.allowed}") from None


def _expect(value: object, kind: type[T], path: Path) -> T:
    if not isinstance(value, kind):
        raise _wrong_type(value, kind, path)
    return value


def _wrong_type(value: object, kind: type, path: Path) -> Problem:
    return Problem(path, f"is {_kind(value)}", f"Write {_KINDS[kind]}")


def _kind(value: object) -> str:
    return _KINDS.get(type(value), "a date or time")


def _shown(text: str) -> str:
    return f'"{text[:40]}…"' if len(text) > 40 else f'"{text}"'
