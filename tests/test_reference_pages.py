"""What is made from the code for people and packages is what the code says now."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hearth.server.control import TABLE
from hearth_config.settings import Settings
from hearth_packaging.commands import entries
from notices_page import runtime_pins
from reference_pages import PAGES, control
from source_tree import ROOT


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_each_generated_file_is_current(path: Path) -> None:
    """`make docs` writes it anew."""
    assert path.read_text(encoding="utf-8") == PAGES[path](), "run `make docs`"


def test_the_page_of_the_control_api_names_every_route() -> None:
    """Each route has a row that says what it does."""
    rows = re.findall(r"^\| `([A-Z]+) (/\S+)` \| \S.+ \|$", control(), re.MULTILINE)

    known = [(method, path) for path, methods in TABLE.items() for method, route in methods.items() if route.handler]
    assert len(rows) == len(known)
    assert all(path.startswith(("/hearth/v1/", "/metrics")) for _, path in rows)


def test_the_page_of_settings_has_every_section() -> None:
    """Nothing that hearth.toml may hold is missing from its page."""
    text = (ROOT / "docs/config.md").read_text(encoding="utf-8")

    missing = [
        name for name in Settings.__struct_encode_fields__ if not re.search(rf"^#?\[?{name}\b", text, re.MULTILINE)
    ]

    assert not missing


def test_the_manual_has_every_command_and_every_option() -> None:
    """What `--help` knows, `man hearth` knows."""
    text = (ROOT / "packaging/share/man/man1/hearth.1").read_text(encoding="utf-8").replace("\\-", "-")

    missing = [one.name for one in entries() if one.usage not in text]
    missing += [option.written for one in entries() for option in one.options if option.written.split()[0] not in text]

    assert not missing


def test_every_library_that_is_pinned_for_run_time_is_credited() -> None:
    """Its name, its version and a licence stand in the notices."""
    text = (ROOT / "docs/third-party.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\w.-]+) \| (\S+) \| ([^|]+) \|", text, re.MULTILINE)

    credited = {(re.sub(r"[._-]+", "-", name).lower(), version) for name, version, _ in rows}

    assert set(runtime_pins().items()) <= credited
    assert not [name for name, _, licence in rows if not licence.strip()]
