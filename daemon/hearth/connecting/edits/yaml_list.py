"""One more item in a list at the top level of a YAML file, put there line by line so that comments stay."""

from __future__ import annotations

import re

from msgspec import Struct

from hearth.connecting.app import CannotEdit
from hearth.connecting.edits.block import fenced, without


class YamlItem(Struct, frozen=True):
    """An item, its lines with the first beginning by "- ", of the list `key`; `fresh` is the head of a new file."""

    key: str
    lines: tuple[str, ...]
    fresh: tuple[str, ...] = ()

    def put(self, text: str) -> str:
        """Return the text with our item as the first of the list."""
        rest = without(text)
        if not rest.strip():
            head = "".join(f"{line}\n" for line in (*self.fresh, f"{self.key}:"))
            return head + fenced(self.lines, "#", "  ")
        lines = rest.splitlines(keepends=True)
        heads = [at for at, line in enumerate(lines) if re.match(rf"{re.escape(self.key)}\s*:", line)]
        if not heads:
            return _ended(rest) + fenced((f"{self.key}:", *(f"  {line}" for line in self.lines)), "#")
        at = heads[0]
        if not re.fullmatch(rf"{re.escape(self.key)}\s*:\s*(#.*)?", lines[at].rstrip()):
            raise CannotEdit(f"{self.key} in line {at + 1} is not written one item a line")
        lines[at] = _ended(lines[at])
        return "".join(lines[: at + 1]) + fenced(self.lines, "#", _indent(lines[at + 1 :])) + "".join(lines[at + 1 :])

    def take_out(self, text: str, before: str) -> str:
        """Return the text without our item."""
        rest = without(text)
        made_by_us = "".join(f"{line}\n" for line in (*self.fresh, f"{self.key}:"))
        return before if rest == made_by_us or rest.rstrip("\n") == before.rstrip("\n") else rest


def _ended(text: str) -> str:
    return text if text.endswith("\n") else text + "\n"


def _indent(after: list[str]) -> str:
    """Return the indent of the list's first item, since all must have the same; two spaces where there is none."""
    for line in after:
        if line.lstrip().startswith("- "):
            return line[: len(line) - len(line.lstrip())]
        if line.strip() and not line.lstrip().startswith("#"):
            break
    return "  "
