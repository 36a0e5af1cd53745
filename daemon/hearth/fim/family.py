"""One family of models: the tokens it was trained to fill gaps with, and a gap written in them."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from hearth.chat import CompleteRequest, SourceFile
from hearth.problems import Unsupported


class Family(Struct, frozen=True, forbid_unknown_fields=True):
    """What `families/NAME.toml` says: tokens as text, exactly as they stand in a prompt, blanks included.

    `order` is PSM (prefix, suffix, middle) or SPM (suffix, prefix, middle). `names` are globs over the last part of a
    model's name, in lower case; `never` are exceptions. A family that reads other files along has `file` (written for
    each, with {name} and {text}), and what stands before all of them and before the gap's own file.
    """

    name: str
    source: str
    """Where the tokens are documented."""
    names: tuple[str, ...]
    prefix: str
    suffix: str
    middle: str
    never: tuple[str, ...] = ()
    order: Literal["PSM", "SPM"] = "PSM"
    stop: tuple[str, ...] = ()
    """Tokens that end the middle, for servers that do not know them as ends."""
    before_files: str = ""
    file: str = ""
    before_gap: str = ""

    @property
    def marks(self) -> tuple[str, str]:
        """The tokens of prefix and suffix, without blanks: a text that holds both is written for this family."""
        return self.prefix.strip(), self.suffix.strip()


def templated(request: CompleteRequest, family: Family) -> CompleteRequest:
    """Return a gap as the raw completion it is for this family.

    Raises `Unsupported` for files where the family has no form for them, for a system text or pictures, and for a text
    that holds one of the family's own tokens: it would be read as the token.
    """
    if request.context and not family.file:
        raise Unsupported(f"{family.name} models read no other files along.", param="input_extra")
    if request.system or request.images:
        raise Unsupported(
            f"A gap is written in the tokens of {family.name}, which have no place for a system text or pictures.",
            param="system" if request.system else "images",
        )
    _refuse_tokens(request, family)
    return replace(
        request,
        prompt=_files(request, family) + _gap(request, family),
        suffix=None,
        begun="",
        context=(),
        templated=False,
        verbatim=True,
        knobs=replace(request.knobs, stop=tuple(dict.fromkeys((*(request.knobs.stop or ()), *family.stop)))),
    )


def _gap(request: CompleteRequest, family: Family) -> str:
    before, after = family.prefix + request.prompt, family.suffix + (request.suffix or "")
    parts = (before, after) if family.order == "PSM" else (after, before)
    return "".join(parts) + family.middle + request.begun


def _files(request: CompleteRequest, family: Family) -> str:
    if not request.context:
        return ""
    return family.before_files + "".join(_file(family, file) for file in request.context) + family.before_gap


def _file(family: Family, file: SourceFile) -> str:
    """Return one file in the family's form; a file without a name has no line for it."""
    form = family.file if file.name else family.file.replace("{name}\n", "")
    before, _, after = form.partition("{text}")
    return before.replace("{name}", file.name) + file.text + after


def _refuse_tokens(request: CompleteRequest, family: Family) -> None:
    tokens = {token for token in (*family.marks, family.middle.strip()) if token}
    texts = (request.prompt, request.suffix or "", request.begun, *(file.text for file in request.context))
    if any(token in text for token in tokens for text in texts):
        raise Unsupported(
            f"The text itself holds a token of {family.name}'s form for gaps, and would be read as one.",
            next_step="Leave it out, or ask for a model whose provider fills gaps by itself.",
            param="prompt",
        )
