"""Lines of ours between two marks, in files whose comments run to the end of the line."""

from __future__ import annotations

import re

from msgspec import Struct

from hearth.connecting.app import CannotEdit

BEGIN = "hearth: begin (`hearth disconnect` takes these lines out)"
END = "hearth: end"


def fenced(lines: tuple[str, ...], comment: str, indent: str = "") -> str:
    """Return the lines between marks, each line indented, with a line break at the end."""
    return "".join(f"{indent}{line}\n" for line in (f"{comment} {BEGIN}", *lines, f"{comment} {END}"))


def without(text: str) -> str:
    """Return the text without what stands between marks. Raises `CannotEdit` where a mark has lost its other half."""
    kept: list[str] = []
    inside = False
    for line in text.splitlines(keepends=True):
        begins, ends = line.rstrip().endswith(BEGIN), line.rstrip().endswith(END)
        if (begins and inside) or (ends and not inside):
            raise CannotEdit("the marks around Hearth's lines have been changed")
        if not (inside or begins):
            kept.append(line)
        inside = (inside or begins) and not ends
    if inside:
        raise CannotEdit("the mark at the end of Hearth's lines is gone")
    return "".join(kept)


class Block(Struct, frozen=True):
    """Lines at the end of a file; `keys` are what may not be set there twice, and `assigned` finds one."""

    lines: tuple[str, ...]
    comment: str = "#"
    keys: tuple[str, ...] = ()
    assigned: str = r"^{}\s*:"

    def put(self, text: str) -> str:
        """Return the text with our lines at its end."""
        rest = without(text)
        for key in self.keys:
            found = re.search(self.assigned.format(re.escape(key)), rest, re.MULTILINE)
            if found:
                line = rest.count("\n", 0, found.start()) + 1
                raise CannotEdit(f"{key} is set in line {line} already")
        if rest and not rest.endswith("\n"):
            rest += "\n"
        return rest + fenced(self.lines, self.comment)

    def take_out(self, text: str, before: str) -> str:
        """Return the text without our lines."""
        rest = without(text)
        return before if rest.rstrip("\n") == before.rstrip("\n") else rest
