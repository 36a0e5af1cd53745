"""A user's file is replaced whole or not at all, and copied before the first change."""

import os
from pathlib import Path

import pytest

from hearth.connecting.app import CannotEdit
from hearth.connecting.files import BACKUP, back_up, read, write


def test_a_link_stays_a_link_and_rights_stay(tmp_path: Path) -> None:
    """Settings kept elsewhere, as dotfiles are, are written where they lie, as readable as they were."""
    kept, link = tmp_path / "dotfiles" / "settings.json", tmp_path / "settings.json"
    kept.parent.mkdir()
    kept.write_text("{}")
    kept.chmod(0o644)
    link.symlink_to(kept)

    write(link, '{"a": 1}')

    assert link.is_symlink()
    assert kept.read_text() == '{"a": 1}'
    if os.name == "posix":
        assert kept.stat().st_mode & 0o777 == 0o644


def test_a_new_file_is_its_users_alone(tmp_path: Path) -> None:
    """Where there was none, nobody else may read it; an empty text takes it away again."""
    file = tmp_path / "app" / "settings.json"

    write(file, "{}")
    mode = file.stat().st_mode & 0o777
    write(file, "")

    assert mode == 0o600 or os.name != "posix"
    assert not file.exists()


def test_nothing_is_left_of_a_write_that_failed(tmp_path: Path) -> None:
    """What cannot be put in its place is not left beside it."""
    in_the_way = tmp_path / "settings.json"
    (in_the_way / "kept").mkdir(parents=True)

    with pytest.raises(OSError, match="settings"):
        write(in_the_way, "{}")

    assert [found.name for found in tmp_path.iterdir()] == ["settings.json"]


def test_no_copy_is_replaced(tmp_path: Path) -> None:
    """A second copy stands beside the first, and a file that is not there has none."""
    file = tmp_path / "settings.json"
    file.write_text("one")

    first = back_up(file)
    file.write_text("two")
    second = back_up(file)

    assert first == tmp_path / f"settings.json{BACKUP}"
    assert second == tmp_path / f"settings.json{BACKUP}-2"
    assert (first.read_text(), second.read_text()) == ("one", "two")
    assert back_up(tmp_path / "none.json") is None


@pytest.mark.parametrize("content", [b"\xff\xfe{}", b"x" * 4_000_001], ids=["no text", "too large"])
def test_what_is_no_settings_file_is_left_alone(tmp_path: Path, content: bytes) -> None:
    """Another encoding, or megabytes, is refused before anything is changed."""
    file = tmp_path / "settings.json"
    file.write_bytes(content)

    with pytest.raises(CannotEdit):
        read(file)
