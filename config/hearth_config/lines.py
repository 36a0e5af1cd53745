"""On which line of a TOML text a key stands: prefixes of the text are parsed until the key appears in one."""

import tomllib
from collections.abc import Iterable
from typing import Final

from hearth_config.errors import Path

_CLOSERS: Final = ("", "]", "]]", '"""', "'''")  # what an unfinished value at the end of a prefix may need


def find_line(text: str, path: Path) -> int | None:
    """The line (from 1) on which `path` is first there; of its parent if it stands nowhere; None if that fails too."""
    lines = text.splitlines(keepends=True)
    while path:
        for count in _likely(lines, path):
            if _has(lines[:count], path):
                return count
        path = path[:-1]
    return None


def _likely(lines: list[str], path: Path) -> Iterable[int]:
    """The lines worth trying, since each try parses all before it: those that name the key, or follow its list."""
    last = path[-1]
    if isinstance(last, int):
        return range(find_line("".join(lines), path[:-1]) or 1, len(lines) + 1)
    return [count for count, line in enumerate(lines, 1) if last in line] or range(1, len(lines) + 1)


def _has(lines: list[str], path: Path) -> bool:
    text = "".join(lines)
    return any(_reaches(text + closer, path) for closer in _CLOSERS)


def _reaches(text: str, path: Path) -> bool:
    try:
        here: object = tomllib.loads(text)
    except (ValueError, RecursionError):
        return False
    for part in path:
        if isinstance(here, list) and isinstance(part, int):
            here = here[part] if part < len(here) else None
        else:
            here = here.get(part) if isinstance(here, dict) else None
    return here is not None
