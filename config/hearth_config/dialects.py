"""Which wire formats a provider may speak: Hearth's own, and those of packages installed beside it."""

from typing import Final

from hearth_config.errors import did_you_mean, one_of
from hearth_config.words import DIALECT_GROUP, DIALECTS

DIALECT_FORM: Final = (
    f"{one_of(DIALECTS)}; a package that brings another must be installed where Hearth is, with an entry point of the "
    f'group "{DIALECT_GROUP}"'
)


def check_dialect(name: str) -> str:
    """Return the name of a dialect that is there. Raise ValueError for any other.

    What is installed is looked through only for a name that is not ours.
    """
    if name in DIALECTS:
        return name
    from importlib.metadata import entry_points

    if entry_points(group=DIALECT_GROUP, name=name):
        return name
    hint = did_you_mean(name, (*DIALECTS, *entry_points(group=DIALECT_GROUP).names))
    raise ValueError(f"is no dialect that is installed{hint}")
