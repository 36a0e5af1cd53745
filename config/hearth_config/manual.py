"""The reference manual: example.toml, every setting explained at its default."""

from pathlib import Path
from typing import Final

EXAMPLE_FILE: Final = Path(__file__).parent / "example.toml"


def example() -> str:
    """The text of example.toml: itself a valid configuration that says what holds anyway."""
    return EXAMPLE_FILE.read_text("utf-8")
