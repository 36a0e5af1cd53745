"""On which line of a TOML text a key stands: prefixes of the text are parsed until the key appears in one."""

import tomllib
from typing import Final

from hearth_config.errors import Path

_CLOSERS: Final = ("", "]", "]]", '"""', "'''")  # what an unfinished value at the end of a prefix may need


def find_line(text: str, path: Path) -> int | None:
    """The line (from 1) on which `path` is first there; of its parent if it stands nowhere; None if that fails too."""
    while path:
        name = next((part for part in reversed(path) if isinstance(part, str)), "")
        lines = text.splitlines(keepends=True)
        likely = [count for count, line in enumerate(lines, 1) if name in line]
        for count in likely or range(1, len(lines) + 1):
            if _has(lines[:count], path):
                return count
        path = path[:-1]
    return None


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
