"""A file that is Hearth's alone: written where there is none, and deleted again."""

from __future__ import annotations

from msgspec import Struct

from hearth.connecting.app import CannotEdit


class Whole(Struct, frozen=True):
    """The whole text of a file of our own. An empty text means that there is no file."""

    text: str

    def put(self, text: str) -> str:
        """Return our text; refused where somebody else wrote another one."""
        if text.strip() and text != self.text and not text.startswith(self._mark):
            raise CannotEdit("a file of that name is there already, and it is not Hearth's")
        return self.text

    def take_out(self, text: str, before: str) -> str:
        """Return what was there before; refused where the file is no longer ours."""
        if text.strip() and not text.startswith(self._mark):
            raise CannotEdit("it has been replaced by a file that is not Hearth's")
        return before

    @property
    def _mark(self) -> str:
        """The first line, by which a file of ours is known."""
        return self.text.partition("\n")[0]
