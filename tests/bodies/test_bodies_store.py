"""The bodies on disk: what is kept is found as it was, within its bounds, for its owner alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from hashlib import shake_256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.bodies.kept import MOST_ANSWERED, MOST_ASKED, Kept, kept
from hearth.bodies.store import Store
from hearth.side_file import Unusable

ROOM = 1_000_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Return a store whose file nobody has made yet."""
    made = Store(tmp_path / "data" / "bodies.db")
    yield made
    made.close()


def said(call: str, time: float = 100.0, request: bytes = b"question", answer: bytes = b"answer") -> Kept:
    return Kept(call, time, request, len(request), answer, len(answer))


@given(request=st.binary(max_size=2000), answer=st.binary(max_size=2000))
def test_what_is_kept_is_found_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, request: bytes, answer: bytes
) -> None:
    """Any bytes: a prompt need not be text."""
    store = Store(tmp_path_factory.getbasetemp() / "any.db")
    one = said("a", 1.5, request, answer)

    store.keep([one], ROOM)
    found = store.find("a")
    store.close()

    assert found == one


def test_nothing_is_made_on_disk_for_the_asking(store: Store) -> None:
    """To look, to expire and to purge where nothing was kept leaves no file behind."""
    found = store.find("a")
    store.expire(1e9)
    purged = store.purge()

    assert (found, purged) == (None, 0)
    assert not store.path.exists()


def test_the_file_is_its_owners_alone(store: Store) -> None:
    """Nobody else on this machine reads what was said: 0600 in a folder of 0700."""
    store.keep([said("a")], ROOM)

    files = [store.path, *store.path.parent.glob("bodies.db-*")]
    assert {one.stat().st_mode & 0o777 for one in files} == {0o600}
    assert store.path.parent.stat().st_mode & 0o777 == 0o700


def test_the_oldest_make_room(store: Store) -> None:
    """Within its bound; what is newest stays."""
    noise = [shake_256(bytes([seed])).digest(3000) for seed in range(40)]

    for number, body in enumerate(noise):
        store.keep([said(f"{number:03}", float(number), body, b"")], 20_000)
    with closing(sqlite3.connect(store.path)) as db:
        total, oldest = db.execute("SELECT sum(size), min(call) FROM said").fetchone()

    assert total <= 20_000
    assert oldest > "000"
    assert store.find("039") is not None


def test_what_is_too_old_goes(store: Store) -> None:
    """By the time of the call."""
    store.keep([said("old", 10.0), said("new", 20.0)], ROOM)

    store.expire(15.0, close=True)

    assert store.find("old") is None
    assert store.find("new") is not None


def test_a_purge_leaves_nothing(store: Store) -> None:
    """No file of it stays, a damaged copy included, and what comes next is kept again."""
    store.keep([said("a", request=b"the secret question")], ROOM)
    store.path.with_name("bodies.db.damaged").write_bytes(b"an earlier secret")

    purged = store.purge()
    left = list(store.path.parent.iterdir())
    store.keep([said("b")], ROOM)

    assert (purged, left) == (1, [])
    assert store.find("a") is None
    assert store.find("b") is not None


def test_what_was_deleted_is_overwritten(store: Store) -> None:
    """The words of a call that grew too old are not in the file any more."""
    secret = bytes(range(256)) * 3
    store.keep([said("a", 1.0, secret, b"")], ROOM)

    store.expire(50.0, close=True)

    assert secret[40:90] not in store.path.read_bytes()


def test_a_damaged_file_is_set_aside_and_another_begun(store: Store) -> None:
    """F46: what cannot be read is kept under another name, and the next call is kept."""
    store.keep([said("a")], ROOM)
    store.close()
    store.path.write_bytes(b"no database at all, but long enough to be looked at" * 40)

    store.keep([said("b")], ROOM)

    assert store.find("b") is not None
    assert store.path.with_name("bodies.db.damaged").read_bytes().startswith(b"no database")


def test_a_file_of_a_newer_hearth_is_left_alone(store: Store) -> None:
    """It is neither read nor written, and the words say why."""
    store.keep([said("a")], ROOM)
    store.close()
    with closing(sqlite3.connect(store.path)) as db:
        db.execute("PRAGMA user_version = 99")

    with pytest.raises(Unusable, match="newer Hearth"):
        store.keep([said("b")], ROOM)


def test_a_file_deleted_by_hand_is_begun_anew(store: Store) -> None:
    """What is kept from then on is found at its path."""
    store.keep([said("a")], ROOM)
    store.path.unlink()

    store.keep([said("b")], ROOM)

    assert store.path.exists()
    assert (store.find("a"), store.find("b")) == (None, said("b"))


def test_what_is_too_long_is_kept_in_part() -> None:
    """Its size tells how much there was."""
    one = kept("a", 1.0, b"q" * (MOST_ASKED + 5), b"a" * MOST_ANSWERED, MOST_ANSWERED + 7)

    assert (len(one.request), one.request_size) == (MOST_ASKED, MOST_ASKED + 5)
    assert (len(one.answer), one.answer_size) == (MOST_ANSWERED, MOST_ANSWERED + 7)
