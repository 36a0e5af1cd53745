"""Names for people: one as a caller sent it, and those like one that nobody knows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from itertools import islice

_LONGEST = 100
_MOST = 500
_SHOWN = 80


def shown(name: str) -> str:
    """Return a name a caller sent, fit to be shown: at most 80 characters, all of them printable."""
    cut = name if len(name) <= _SHOWN else f"{name[: _SHOWN - 1]}…"
    return cut if cut.isprintable() else "".join(char if char.isprintable() else "�" for char in cut)


def names_like(near: Sequence[str], otherwise: str = "See `hearth models`.") -> str:
    """Return the next step of who named what nobody knows."""
    return f"Names like it: {', '.join(near)}." if near else otherwise


def nearest(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return up to three known names that look like `name`, the likeliest first.

    A name that begins with its provider's looks like both, itself and what follows.
    """
    if not name or len(name) > _LONGEST:
        return ()
    pool: dict[str, str] = {}
    for one in islice(known, _MOST):
        for form in (one, one.partition("/")[2]):
            if form:
                pool.setdefault(form.lower(), one)
    wanted = name.lower()
    starts = [one for one in pool if one.startswith(wanted) or wanted.startswith(one.partition(":")[0])]
    close = get_close_matches(wanted, pool, n=6, cutoff=0.55)
    return tuple(dict.fromkeys(pool[one] for one in [*close, *starts]))[:3]
