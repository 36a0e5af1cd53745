"""How the user's own files are replaced: as a whole, for their owner alone (T6)."""

import os
from pathlib import Path

import pytest

from hearth_config.files import replace_private


def test_a_file_is_its_owners_alone(tmp_path: Path) -> None:
    """A file that others could read, and the folder that is not there yet, are made anew for the user alone."""
    file = tmp_path / "state" / "token"

    replace_private(file, b"new\n")

    assert file.read_bytes() == b"new\n"
    if os.name == "posix":
        assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_what_others_could_read_is_shut(tmp_path: Path) -> None:
    """The file of before gives way to a new one: its rights and its links go with it, whoever holds it open."""
    old, elsewhere = tmp_path / "token", tmp_path / "elsewhere"
    elsewhere.write_bytes(b"mine")
    old.symlink_to(elsewhere)

    replace_private(old, b"new")

    assert old.read_bytes() == b"new"
    assert elsewhere.read_bytes() == b"mine"
    assert not old.is_symlink()


def test_a_file_that_cannot_be_replaced_stays(tmp_path: Path) -> None:
    """Where the last step fails the old content is there, and no draft beside it."""
    in_the_way = tmp_path / "state.json"
    (in_the_way / "kept").mkdir(parents=True)

    with pytest.raises(OSError, match=r"state\.json"):
        replace_private(in_the_way, b"{}")

    assert [found.name for found in tmp_path.iterdir()] == ["state.json"]
    assert (in_the_way / "kept").is_dir()
