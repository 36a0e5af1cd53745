"""The shelf beside the event loop: what the disk does is a note, and nobody waits for it."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

from hearth.cache.answer import Answer, Form
from hearth.cache.shelf import MOST_WAITING, PATIENCE_S, Shelf
from hearth.cache.store import Room, Store
from hearth.events import Done, Finished, Frame, TextDelta
from hearth.side_file import Unusable
from promised_times import held_once_of

ROOM = Room(10_000_000, 3600.0)
ANSWER = Answer(
    "ollama/m", "machine", b"", Form(stream=False, usage=False), passthrough=False, content_type="",
    frames=(Frame(b"", (TextDelta("Hi"), Finished("stop"), Done())),),
)  # fmt: skip


def shelf(folder: Path) -> Shelf:
    """A shelf on a disk that may be as slow as the machine is busy."""
    one = Shelf(folder / "answers.db", folder / "answers.key", ROOM)
    one.patience_s = 20.0
    return one


def test_what_was_kept_is_found_after_a_restart(tmp_path: Path) -> None:
    """`close` writes what waits; the next run finds it."""

    async def scene() -> Answer | None:
        first = shelf(tmp_path)
        name, nothing = await first.find(b"question")
        assert nothing is None
        first.keep(name, ANSWER)
        await first.close()
        second = shelf(tmp_path)
        _, found = await second.find(b"question")
        await second.close()
        return found

    assert asyncio.run(scene()) == ANSWER


def test_a_disk_that_cannot_be_used_is_left_alone(tmp_path: Path) -> None:
    """The first failure is noted, later questions are not even asked; `clear` tries again at once."""
    (tmp_path / "answers.db").mkdir()

    async def scene() -> tuple[str, bool, str]:
        one = shelf(tmp_path)
        name, found = await one.find(b"question")
        assert (name, found) == (b"", None)
        noted, rests = one.note, one.rests
        (tmp_path / "answers.db").rmdir()
        await one.clear()
        await one.find(b"question")
        await one.close()
        return noted, rests, one.note

    noted, rests, later = asyncio.run(scene())

    assert "answers.db" in noted
    assert rests
    assert later == ""


def test_a_slow_disk_keeps_nobody_waiting(tmp_path: Path) -> None:
    """A call waits for the disk for a second at most, and the loop not at all."""
    free = threading.Event()

    class Slow(Store):
        def find(self, name: bytes) -> bytes | None:
            free.wait(20)
            return super().find(name)

    async def scene() -> tuple[float, tuple[bytes, Answer | None], str]:
        free.clear()
        one = Shelf(tmp_path / "answers.db", tmp_path / "answers.key", ROOM, Slow)
        began = time.monotonic()
        found = await one.find(b"question")
        took = time.monotonic() - began
        free.set()
        await one.close()
        return took, found, one.note

    took, found, note = held_once_of(3, lambda: asyncio.run(scene()), lambda seen: seen[0] < PATIENCE_S + 1)

    assert took < PATIENCE_S + 1
    assert found == (b"", None)
    assert "too long" in note


def test_a_disk_that_lags_behind_is_given_no_more(tmp_path: Path) -> None:
    """So many answers may wait to be written; more are not kept, instead of filling the memory."""
    free, written = threading.Event(), []

    class Slow(Store):
        def keep(self, name: bytes, body: bytes) -> None:
            free.wait(20)
            written.append(name)
            super().keep(name, body)

    async def scene() -> None:
        one = Shelf(tmp_path / "answers.db", tmp_path / "answers.key", ROOM, Slow)
        for number in range(MOST_WAITING + 20):
            one.keep(b"%d" % number, ANSWER)
        free.set()
        await one.close()

    asyncio.run(scene())

    assert len(written) == MOST_WAITING


def test_a_full_disk_turns_it_off_for_a_while(tmp_path: Path) -> None:
    """F42: what cannot be written is a note, and the next answers are not tried."""

    class Full(Store):
        def keep(self, name: bytes, body: bytes) -> None:
            raise Unusable("the disk is full")

    async def scene() -> tuple[str, bool]:
        one = Shelf(tmp_path / "answers.db", tmp_path / "answers.key", ROOM, Full)
        one.keep(b"x", ANSWER)
        await one.close()
        await asyncio.sleep(0)
        return one.note, one.rests

    assert asyncio.run(scene()) == ("the disk is full", True)


def test_half_a_surrogate_pair_is_not_kept(tmp_path: Path) -> None:
    """A model may say what is no text (F30); such an answer is given, not kept, and nothing is wrong with the disk."""
    frames = (Frame(b"", (TextDelta("\ud83d"),)),)
    strange = Answer(
        "m", "machine", b"", Form(stream=False, usage=False), passthrough=False, content_type="", frames=frames
    )

    async def scene() -> tuple[Answer | None, str]:
        one = shelf(tmp_path)
        name, _ = await one.find(b"question")
        one.keep(name, strange)
        _, found = await one.find(b"question")
        await one.close()
        return found, one.note

    assert asyncio.run(scene()) == (None, "")
