"""How a target fills gaps: natively, or by its family's tokens in a raw completion; never as a plain completion."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from hearth.chat import CompleteRequest
from hearth.fim.family import Family, templated
from hearth.problems import Unsupported


class Filling(Struct, frozen=True):
    """What a target can do with a prefix and a suffix.

    `native`: its API takes both. `files`: that API takes other files along. `needs_suffix`: it takes an empty suffix
    for none, and would write a plain completion. `family`: the tokens of its model, where they are known and it takes
    raw text.
    """

    native: bool = False
    files: bool = False
    family: Family | None = None
    needs_suffix: bool = False

    @property
    def possible(self) -> bool:
        """Whether it can fill a gap at all."""
        return self.native or self.family is not None

    @property
    def takes_files(self) -> bool:
        """Whether it can fill a gap with other files in sight."""
        return self.files or (self.family is not None and bool(self.family.file))

    def by_template(self, *, with_files: bool) -> bool:
        """Say whether a gap goes out in the family's tokens: where the API has no form for it."""
        return self.family is not None and (not self.native or (with_files and not self.files))


NATIVE = Filling(native=True)


def prepared(request: CompleteRequest, filling: Filling) -> CompleteRequest:
    """Return a request as this target takes it: written in its tokens, or for its own form of gaps.

    What is no gap comes back as it is. Raises `Unsupported` where the gap, or the files beside it, cannot be carried.
    """
    if request.suffix is None:
        return request
    unsaid = filling.needs_suffix and not request.suffix
    if filling.family is not None and (unsaid or filling.by_template(with_files=bool(request.context))):
        return templated(request, filling.family)
    if unsaid:
        raise Unsupported(
            "This target takes an empty suffix for none, and would not fill a gap.",
            next_step="Send the text after the gap, or ask for a model whose family is known.",
            param="suffix",
        )
    if request.context and not filling.files:
        raise Unsupported("This target fills gaps, but reads no other files along.", param="input_extra")
    if request.begun and not filling.files:
        return replace(request, prompt=request.prompt + request.begun, begun="")
    return request
