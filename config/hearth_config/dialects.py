"""Which wire formats a provider may speak: Hearth's own, and those of packages installed beside it."""

from typing import Final

from hearth_config.errors import did_you_mean, one_of

OURS: Final = ("ollama", "openai_chat", "openai_responses", "anthropic", "gemini", "cohere", "replicate")
GROUP: Final = "hearth.dialects"
"""The entry points by which a package says that it brings a dialect: its name, and the module of it."""

DIALECT_FORM: Final = (
    f"{one_of(OURS)}; a package that brings another must be installed where Hearth is, with an entry point of the "
    f'group "{GROUP}"'
)


def check_dialect(name: str) -> str:
    """Return the name of a dialect that is there. Raise ValueError for any other.

    What is installed is looked through only for a name that is not ours.
    """
    if name in OURS:
        return name
    from importlib.metadata import entry_points

    if entry_points(group=GROUP, name=name):
        return name
    hint = did_you_mean(name, (*OURS, *entry_points(group=GROUP).names))
    raise ValueError(f"is no dialect that is installed{hint}")
