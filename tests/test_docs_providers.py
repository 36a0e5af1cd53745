"""docs/providers.md says what the presets' data say, and its examples work."""

import re
import tomllib
from pathlib import Path

import pytest

from hearth.cli.preset_table import markdown
from hearth_config.load import load
from hearth_config.paths import Paths
from hearth_config.words import DIALECT_GROUP
from source_tree import ROOT

PAGE = (ROOT / "docs" / "providers.md").read_text(encoding="utf-8")
EXAMPLES: list[str] = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_table_is_what_the_presets_say() -> None:
    """Name, dialect, address, key, what is carried and what is not verified: none of it is kept by hand."""
    table = PAGE.partition("<!-- presets -->\n")[2].partition("<!-- end of presets -->")[0]

    assert table == markdown(), "`hearth config presets --markdown` prints what belongs there"


@pytest.mark.parametrize("number", [0, 1])
def test_the_examples_are_accepted(number: int, tmp_path: Path) -> None:
    """A config copied from the page is valid without a warning, and so is the preset of one's own."""
    mine = tmp_path / "mine.toml"
    file = tmp_path / "hearth.toml"
    mine.write_text(EXAMPLES[1], encoding="utf-8")
    file.write_text('[providers.x]\npreset = "./mine.toml"\n' if number else EXAMPLES[0], encoding="utf-8")
    for each in (mine, file):
        each.chmod(0o600)

    loaded = load(Paths.find(str(tmp_path), {}), {})

    assert loaded.warnings == ()


def test_the_entry_point_group_is_the_one_that_is_read() -> None:
    """What a package is told to write is what Hearth looks for."""
    assert list(tomllib.loads(EXAMPLES[2])["project"]["entry-points"]) == [DIALECT_GROUP]
