"""Who sealed what is known after a restart, in a file that tells nobody anything and never grows for ever."""

import asyncio
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.server.seal_makers import KEY_BYTES, MOST_SEALS, SealMakers
from hearth.server.seals_kept import MOST_BYTES, NAME, RECORD, SealsKept


async def run(folder: Path, *noted: tuple[str, str]) -> SealMakers:
    """One run of a daemon in which these seals go by."""
    makers = SealMakers()
    chore = asyncio.create_task(SealsKept(folder, makers).run())
    await asyncio.sleep(0)
    for seal, maker in noted:
        makers.note(seal, maker)
    chore.cancel()
    await asyncio.wait({chore})
    return makers


def _wait_for(file: Path) -> None:
    until = time.monotonic() + 10
    while not file.exists() and time.monotonic() < until:
        time.sleep(0.02)


def after(folder: Path) -> SealMakers:
    """What the next run knows."""
    makers = SealMakers()
    SealsKept(folder, makers)
    return makers


def test_a_maker_is_known_after_a_restart(tmp_path: Path) -> None:
    """And the file names neither seal nor maker; nobody else may read it."""
    asyncio.run(run(tmp_path, ("seal-1", "anthropic one"), ("seal-2", "anthropic two")))
    foreign = after(tmp_path).foreign_to("anthropic two")

    assert foreign is not None
    assert ("seal-1" in foreign, "seal-2" in foreign) == (True, False)
    file = tmp_path / NAME
    assert b"seal" not in file.read_bytes()
    assert b"anthropic" not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0


def test_each_run_adds_to_what_earlier_ones_knew(tmp_path: Path) -> None:
    """One key for all of them; what was known already is not written again."""
    for number in range(3):
        asyncio.run(run(tmp_path, (f"seal-{number}", "one"), ("seal-0", "one")))

    assert (tmp_path / NAME).stat().st_size == KEY_BYTES + 3 * RECORD
    assert len(after(tmp_path)) == 3


def test_what_is_heard_is_written_while_the_daemon_runs(tmp_path: Path) -> None:
    """A kill loses what came in the last moment, and no more."""

    async def scene() -> None:
        makers = SealMakers()
        chore = asyncio.create_task(SealsKept(tmp_path, makers).run())
        makers.note("seal", "one")
        await asyncio.to_thread(_wait_for, tmp_path / NAME)
        chore.cancel()
        await asyncio.wait({chore})

    asyncio.run(scene())

    assert len(after(tmp_path)) == 1


@given(st.binary(max_size=3 * RECORD + KEY_BYTES))
def test_a_spoiled_file_costs_what_was_in_it_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, spoiled: bytes
) -> None:
    """Broken off in a record, or before its key is whole: the next run goes on from there."""
    folder = tmp_path_factory.mktemp("spoiled")
    (folder / NAME).write_bytes(spoiled)

    asyncio.run(run(folder, ("seal", "one")))

    foreign = after(folder).foreign_to("two")
    assert foreign is not None
    assert "seal" in foreign
    assert ((folder / NAME).stat().st_size - KEY_BYTES) % RECORD == 0


def test_a_long_file_is_written_anew_with_the_younger_half(tmp_path: Path) -> None:
    """The oldest seals are those of conversations that nobody goes on with."""
    (tmp_path / NAME).write_bytes(bytes(MOST_BYTES))

    asyncio.run(run(tmp_path, ("seal", "one")))

    assert (tmp_path / NAME).stat().st_size == KEY_BYTES + MOST_SEALS * RECORD
    foreign = after(tmp_path).foreign_to("two")
    assert foreign is not None
    assert "seal" in foreign


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    """Then seals are known until the end of the run, as if there were no file."""
    (tmp_path / "state").write_text("in the way")

    makers = asyncio.run(run(tmp_path / "state", ("seal", "one")))

    assert len(makers) == 1
    assert len(after(tmp_path / "state")) == 0
