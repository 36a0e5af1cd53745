"""The database of answers: bounded, private, healed when damaged, and never a reason for more than a note."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.cache.store import Room, Store
from hearth.side_file import Unusable

SECRET = b"a question that nobody else should read"


_opened: list[Store] = []


def store(folder: Path, size: int = 1_000_000, ttl: float = 3600.0) -> Store:
    """A store that is closed when its test has ended."""
    _opened.append(Store(folder / "cache" / "answers.db", folder / "state" / "answers.key", Room(size, ttl)))
    return _opened[-1]


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while _opened:
        _opened.pop().close()


def test_what_is_kept_is_found_by_another_run(tmp_path: Path) -> None:
    """Name and answer are the same after a restart."""
    one = store(tmp_path)
    one.keep(one.name(SECRET), b"answer")
    one.close()

    other = store(tmp_path)

    assert other.find(other.name(SECRET)) == b"answer"
    assert other.find(other.name(b"something else")) is None
    assert other.sums().answers == 1


def test_its_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    """0600 for database and key, 0700 for their folders; rights that were widened are narrowed again."""
    one = store(tmp_path)
    one.keep(one.name(SECRET), b"answer")
    one.close()
    one.path.chmod(0o644)
    one.find(b"x")

    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.rglob("*")}

    assert {modes.pop("cache"), modes.pop("state")} == {0o700}
    assert set(modes.values()) == {0o600}


def test_nothing_of_a_question_is_on_disk(tmp_path: Path) -> None:
    """Neither the question nor a plain hash of it: without the key file nobody can test a guess."""
    one, other = store(tmp_path / "a"), store(tmp_path / "b")
    one.keep(one.name(SECRET), b"answer")

    content = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())

    assert SECRET not in content
    assert one.name(SECRET) != other.name(SECRET)


@given(st.lists(st.integers(1, 4000), min_size=1, max_size=30))
def test_it_never_holds_more_than_its_size(sizes: list[int]) -> None:
    """Whatever comes, the answers together stay within the limit, and the latest that fits is there."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        one = store(Path(folder), size=8000)
        for number, size in enumerate(sizes):
            one.keep(b"%d" % number, os.urandom(size))
            assert one.sums().size <= 8000
            assert (one.find(b"%d" % number) is None) == (size + 13 > 2000) or 1980 < size < 2010
        one.close()


def test_what_was_used_last_stays(tmp_path: Path) -> None:
    """The answer nobody wanted for the longest time makes room."""
    one = store(tmp_path, size=5000)
    for number in range(4):
        one.keep(b"%d" % number, os.urandom(1100))
        one.find(b"0")

    one.keep(b"new", os.urandom(1100))

    assert one.find(b"0") is not None
    assert one.find(b"new") is not None
    assert one.find(b"1") is None


def test_an_answer_grows_too_old(tmp_path: Path) -> None:
    """Past its time an answer is not given, and is gone."""
    one = store(tmp_path)
    one.keep(b"x", b"answer")

    one.room = Room(1_000_000, 0.0)

    assert one.find(b"x") is None
    assert one.sums().answers == 0


def test_a_damaged_file_is_begun_anew(tmp_path: Path) -> None:
    """It is a cache: what is no database is deleted, and answers are kept again."""
    one = store(tmp_path)
    one.keep(b"x", b"answer")
    one.close()
    one.path.write_bytes(b"this is no database" * 100)

    one.keep(b"y", b"another")

    assert one.find(b"x") is None
    assert one.find(b"y") == b"another"


def test_a_damaged_page_is_begun_anew(tmp_path: Path) -> None:
    """Damage found while reading counts as much as damage found at the start (F46)."""
    one = store(tmp_path)
    for number in range(40):
        one.keep(b"%d" % number, os.urandom(3000))
    one.close()
    content = bytearray(one.path.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    one.path.write_bytes(content)

    found = [one.find(b"%d" % number) for number in range(40)]
    one.keep(b"y", b"another")

    assert not any(found)
    assert one.find(b"y") == b"another"


def test_a_full_disk_is_a_note(tmp_path: Path) -> None:
    """A database that can grow no more says so in words for a person, and is usable again later (F42)."""

    class Small(Store):
        opening = (*Store.opening, "PRAGMA max_page_count = 20")

    one = Small(tmp_path / "answers.db", tmp_path / "answers.key", Room(100_000_000, 3600.0))

    def fill() -> None:
        for number in range(50):
            one.keep(b"%d" % number, os.urandom(5000))

    with pytest.raises(Unusable, match="disk is full"):
        fill()

    assert one.find(b"0") is not None


def test_a_place_that_cannot_be_written_is_a_note(tmp_path: Path) -> None:
    """A folder that is a file is no reason for anything but a note."""
    (tmp_path / "cache").write_text("in the way")

    with pytest.raises(Unusable, match="cannot be used"):
        store(tmp_path).find(b"x")


def test_clear_leaves_nothing(tmp_path: Path) -> None:
    """After `clear` answers, key and files are gone; the next answer begins anew."""
    one = store(tmp_path)
    name = one.name(SECRET)
    one.keep(name, b"answer")

    before = one.clear()

    assert before.answers == 1
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert one.name(SECRET) != name
    assert one.sums().answers == 0


def test_another_version_of_the_file_is_begun_anew(tmp_path: Path) -> None:
    """A file of an older or newer Hearth is not guessed at."""
    one = store(tmp_path)
    one.keep(b"x", b"answer")
    one.close()
    with sqlite3.connect(one.path) as db:
        db.execute("PRAGMA user_version = 99")
        db.execute("DROP TABLE answers")
        db.execute("CREATE TABLE answers (other TEXT)")
    db.close()

    assert one.find(b"x") is None
    one.keep(b"x", b"again")
    assert one.find(b"x") == b"again"
