"""Where "env:" looks: the process's environment, then hearth.env beside hearth.toml (a service has no shell)."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

_LINE: Final = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)", re.ASCII)


class Variables(Mapping[str, str]):
    """A read-only view on both; it shows names only and is never exported to a child."""

    def __init__(self, environ: Mapping[str, str], from_file: Mapping[str, str] | None = None) -> None:
        self._environ = environ
        self._from_file = dict(from_file or {})

    def __getitem__(self, name: str) -> str:
        if value := self._environ.get(name):
            return value
        return self._from_file[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def __repr__(self) -> str:
        return f"Variables({len(self._environ)} of the process, {sorted(self._from_file)} of hearth.env)"

    def source(self, name: str) -> str | None:
        """Where a variable comes from: "environment", "hearth.env", or None if it is not set."""
        if self._environ.get(name):
            return "environment"
        return "hearth.env" if name in self._from_file else None

    def _names(self) -> dict[str, None]:
        """A variable that is set to nothing counts as not set."""
        set_names = (name for name, value in self._environ.items() if value)
        return dict.fromkeys([*set_names, *self._from_file])


def parse_env_file(text: str) -> dict[str, str]:
    """Read NAME=value lines (comments, `export`, one pair of quotes allowed; nothing is expanded).

    Raise BadLine with the number of the first line that is neither.
    """
    found = {}
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise BadLine(number)
        found[match[1]] = _unquoted(match[2], number)
    return found


class BadLine(Exception):
    """A line of hearth.env that is no NAME=value; the line itself is not repeated, it may hold a key."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def _unquoted(value: str, number: int) -> str:
    quote = value[:1]
    if quote in {'"', "'"}:
        end = value.find(quote, 1)
        rest = value[end + 1 :].strip()
        if end < 0 or (rest and not rest.startswith("#")):
            raise BadLine(number)
        return value[1:end]
    return value.partition(" #")[0].rstrip()
