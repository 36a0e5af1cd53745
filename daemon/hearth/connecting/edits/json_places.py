"""Several values in one file of JSON with comments, which belong together."""

from __future__ import annotations

from msgspec import Struct

from hearth.connecting.edits.json_place import JsonPlace
from hearth.connecting.edits.jsonc import value_of


class JsonPlaces(Struct, frozen=True):
    """Values put there in this order, and taken out the other way round. `fresh` is what a new file begins with."""

    places: tuple[JsonPlace, ...]
    fresh: str = ""

    def put(self, text: str) -> str:
        """Return the text with every value in its place. Raises `CannotEdit`."""
        text = text if text.strip() else self.fresh
        for place in self.places:
            text = place.put(text)
        return text

    def take_out(self, text: str, before: str) -> str:
        """Return the text without them, with what `before` had in their places. Raises `CannotEdit`.

        What a new file began with stays as long as the app has written more into it.
        """
        before = before if before.strip() else self.fresh
        for place in reversed(self.places):
            text = place.take_out(text, before)
        ours = before == self.fresh and text.strip() and value_of(text) == value_of(self.fresh or "{}")
        return "" if ours else text
