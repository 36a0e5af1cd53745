"""The pages of docs: all are in the index, their configs are valid, and those of a task end with a next step."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hearth_config.load import load_text
from hearth_config.variables import Variables
from pictures import KEPT, MOST_BYTES
from source_tree import ROOT

DOCS = ROOT / "docs"
TASKS = ("stay-offline", "add-a-provider", "tray", "several-machines", "wsl-and-containers")
_TOML = re.compile(r"^```toml\n(.*?)^```", re.MULTILINE | re.DOTALL)
_OTHER = re.compile(r"^\[(?:project|quirks)\b", re.MULTILINE)
"""What stands in a package's metadata or in a preset, and in no hearth.toml."""
CONFIGS = [
    (page.stem, text)
    for page in sorted(DOCS.glob("*.md"))
    for text in _TOML.findall(page.read_text(encoding="utf-8"))
    if not _OTHER.search(text)
]
LONGEST = 90


def test_the_index_has_every_page() -> None:
    """Whoever opens docs finds each page from its index."""
    linked = set(re.findall(r"\]\(([\w/-]+\.md)\)", (DOCS / "README.md").read_text(encoding="utf-8")))

    pages = {file.relative_to(DOCS).as_posix() for file in DOCS.rglob("*.md")} - {"README.md"}
    assert pages <= linked, "give each a row in docs/README.md"


@pytest.mark.parametrize(("page", "text"), CONFIGS, ids=[page for page, _ in CONFIGS])
def test_every_config_in_the_pages_is_valid(page: str, text: str, tmp_path: Path) -> None:
    """A config copied from a page is accepted, without a warning, and all of it is heeded."""
    known = dict.fromkeys(re.findall(r"env:(\w+)", text), "an-invented-value")

    loaded = load_text(text, tmp_path / "hearth.toml", Variables(known, {}))

    assert page
    assert not loaded.warnings


@pytest.mark.parametrize("page", TASKS)
def test_a_task_fits_on_a_page_and_says_what_comes_next(page: str) -> None:
    """It can be read in two minutes, and its end leads on."""
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")

    assert len(text.splitlines()) <= LONGEST
    assert re.search(r"^Next: \S", text, re.MULTILINE)


def test_pictures_are_few_and_small() -> None:
    """A clone of the project stays small."""
    assert sum(file.stat().st_size for file in KEPT.iterdir()) <= MOST_BYTES
