"""Reading what providers count: nonsense in their counts is as good as no counts, and breaks no answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import msgspec

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Path = tuple[str, ...]


class Decoder(Protocol[T_co]):
    """Reads JSON into one type, as `msgspec.json.Decoder`."""

    def decode(self, buf: bytes | str, /) -> T_co:
        """Return what the JSON says; raises `msgspec.ValidationError` where it does not fit the type."""
        ...


def forgiving(decoder: Decoder[T], *counts: Path) -> Callable[[bytes | str], T]:
    """Return a way to decode that does without what stands at these paths when a record does not fit otherwise.

    "*" in a path is every item of a list. Raises what the decoder does where that is not enough.
    """
    plain = decoder.decode

    def decode(data: bytes | str, /) -> T:
        try:
            return plain(data)
        except msgspec.ValidationError:
            tree = msgspec.json.decode(data)
            dropped = [_dropped(tree, path) for path in counts]
            if not any(dropped):
                raise
            return plain(msgspec.json.encode(tree))

    return decode


def _dropped(tree: Any, path: Path) -> bool:  # noqa: ANN401 -- any JSON
    """Take out what stands at a path; returns whether anything did."""
    name, *rest = path
    if name == "*":
        dropped = [_dropped(item, tuple(rest)) for item in tree] if isinstance(tree, list) else []
        return any(dropped)
    if not isinstance(tree, dict) or name not in tree:
        return False
    if rest:
        return _dropped(tree[name], tuple(rest))
    del tree[name]
    return True
