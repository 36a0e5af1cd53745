"""What packages bring besides code: a manual that man reads, completions that shells read, notices with their texts."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth_packaging import completions, manual
from hearth_packaging.closure import DESKTOP, MissingError, needed
from hearth_packaging.commands import entries
from hearth_packaging.notices import licence_files, notice, texts
from hearth_packaging.staging import copy


@given(st.text())
def test_the_manual_prints_any_text_as_it_stands(text: str) -> None:
    """No word of a command's help becomes a macro or an escape, and each paragraph is one line."""
    lines = manual.roff(text).split("\n")

    assert all(line == ".PP" or not line.startswith((".", "'")) for line in lines)
    assert all(re.fullmatch(r"(?:[^\\]|\\e|\\-|\\&|\\\((?:dq|aq))*", line) for line in lines)


@pytest.mark.skipif(shutil.which("man") is None, reason="man is not installed here")
def test_man_reads_the_manual_without_a_warning(tmp_path: Path) -> None:
    """Every command stands in the rendered page."""
    page = tmp_path / "hearth.1"
    page.write_text(manual.page(), encoding="utf-8")
    command = ["man", "--warnings", "--local-file", str(page)]
    environ = {"PATH": "/usr/bin:/bin", "MANWIDTH": "200", "LC_ALL": "C.UTF-8"}

    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100, env=environ)

    assert not done.stderr
    assert not [one.name for one in entries() if one.name not in done.stdout]


@pytest.mark.parametrize("shell", completions.PLACES)
def test_each_shell_reads_its_completion(shell: str, tmp_path: Path) -> None:
    """The shell itself finds no fault with the script's syntax."""
    script = tmp_path / "script"
    script.write_text(completions.script(shell), encoding="utf-8")
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed here")

    subprocess.run([shell, "-n", str(script)], check=True, timeout=100)


def test_a_bundle_holds_what_is_needed_and_no_test_tools() -> None:
    """T29: the libraries of Hearth and theirs, without what only the tests use; extras add theirs."""
    plain = {one.name.lower() for one in needed()}
    desktop = {one.name.lower() for one in needed(DESKTOP)}

    assert {"aiohttp", "httptools", "msgspec", "yarl"} <= plain < desktop
    assert {"pystray", "pillow", "keyring", "google-auth"} <= desktop - plain
    assert not desktop & {"pytest", "hypothesis", "mypy", "ruff", "openai", "hatchling", "hearthd"}


def test_what_is_not_installed_is_named_with_the_next_step() -> None:
    """A build without all libraries stops at once."""
    with pytest.raises(MissingError, match=r"no-such-thing is not installed here\. Run `make install`"):
        needed(by="no-such-thing")


def test_every_library_of_a_bundle_brings_its_licence() -> None:
    """Each has a licence that its metadata names, or files that say it, and the notice holds their texts."""
    libraries = needed(DESKTOP)

    said = texts(libraries)

    assert not [one.name for one in libraries if notice(one).licence == "see its files" and not licence_files(one)]
    assert all(f"{one.name} {one.version}" in said for one in libraries)
    assert "Permission is hereby granted" in said
    assert "Apache License" in said


def test_a_copied_library_brings_no_scripts_and_no_caches(tmp_path: Path) -> None:
    """What an installer left behind on this machine stays on this machine."""
    for one in needed():
        copy(one, tmp_path)

    names = {file.name for file in tmp_path.rglob("*")}

    assert "aiohttp" in names
    assert not names & {"__pycache__", "RECORD", "INSTALLER", "direct_url.json", "bin"}
