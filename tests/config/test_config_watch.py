"""Hot reload against real files: every way in which editors and tools save, and what must not be noticed."""

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pytest

from config.edits import (
    SAVE_STYLES,
    Edits,
    atomic,
    seconds,
    watching,
)
from hearth_config.load import Loaded
from hearth_config.watch import Outcome
from promised_times import held_once_of


@pytest.mark.parametrize("save", SAVE_STYLES)
def test_every_save_style_is_seen_and_the_next_one_too(tmp_path: Path, save: Callable[[Path, str], object]) -> None:
    """F51: each of the six save styles takes effect, twice in a row, and nothing but the final text is reported."""
    (tmp_path / "hearth.toml").write_text(seconds(1))

    async def scenario(edits: Edits) -> None:
        save(edits.file, seconds(2))
        assert await edits.patience() == 2

        save(edits.file, seconds(3))
        assert await edits.patience() == 3

    watching(tmp_path, scenario)


def test_a_save_takes_effect_within_a_second(tmp_path: Path) -> None:
    """From the save to the new settings it takes at most a second (the median of five, as the machine may be busy)."""

    def scene() -> float:
        (tmp_path / "hearth.toml").write_text(seconds(1))
        took = []

        async def scenario(edits: Edits) -> None:
            for number in range(2, 7):
                started = time.monotonic()
                atomic(edits.file, seconds(number))
                assert await edits.patience() == number
                took.append(time.monotonic() - started)

        watching(tmp_path, scenario)
        return median(took)

    assert held_once_of(3, scene, lambda took: took <= 1.0) <= 1.0


def test_editing_the_target_of_a_link_is_seen(tmp_path: Path) -> None:
    """F51: hearth.toml is a link into a dotfiles folder; an edit of its target there takes effect."""
    dotfiles, home = tmp_path / "dotfiles", tmp_path / "home"
    dotfiles.mkdir()
    home.mkdir()
    (dotfiles / "hearth.toml").write_text(seconds(1))
    (home / "hearth.toml").symlink_to("../dotfiles/hearth.toml")

    async def scenario(edits: Edits) -> None:
        atomic(dotfiles / "hearth.toml", seconds(2))
        assert await edits.patience() == 2

        (dotfiles / "hearth.toml").write_text(seconds(3))
        assert await edits.patience() == 3

    watching(home, scenario)


def test_a_swapped_folder_link_is_seen_and_the_new_target_is_watched(tmp_path: Path) -> None:
    """F51: the file is reached through a linked folder (as Kubernetes mounts it); the swap and later edits are seen."""
    home = tmp_path / "home"
    for name, number in (("one", 1), ("two", 2)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "hearth.toml").write_text(seconds(number))
    home.mkdir()
    (home / "..data").symlink_to(tmp_path / "one")
    (home / "hearth.toml").symlink_to("..data/hearth.toml")

    async def scenario(edits: Edits) -> None:
        (home / "..next").symlink_to(tmp_path / "two")
        (home / "..next").rename(home / "..data")
        assert await edits.patience() == 2

        (tmp_path / "two" / "hearth.toml").write_text(seconds(3))
        assert await edits.patience() == 3

        (tmp_path / "one" / "hearth.toml").write_text(seconds(4))
        await edits.nothing()

    watching(home, scenario)


@pytest.mark.parametrize(
    ("spoil", "said"), [(Path.unlink, "does not exist"), (lambda file: file.write_text("\n"), "is empty")]
)
def test_a_missing_or_blank_file_is_an_error(tmp_path: Path, spoil: Callable[[Path], object], said: str) -> None:
    """F51: at a reload neither means the defaults; the same file back again takes the error back."""
    (tmp_path / "hearth.toml").write_text(seconds(1))

    async def scenario(edits: Edits) -> None:
        spoil(edits.file)
        assert said in await edits.error()

        edits.file.write_text(seconds(1))
        assert await edits.patience() == 1

    watching(tmp_path, scenario)


def test_a_bad_edit_is_reported_once_and_a_good_one_heals_it(tmp_path: Path) -> None:
    """A bad edit comes once with its line, touching it repeats nothing, and the next good one is taken over."""
    (tmp_path / "hearth.toml").write_text(seconds(1))

    async def scenario(edits: Edits) -> None:
        edits.file.write_text('[busy]\npatience = "soon"\n')
        assert "hearth.toml:2: busy.patience" in await edits.error()

        edits.file.touch()
        await asyncio.sleep(1)
        edits.file.write_text(seconds(2))
        assert await edits.patience() == 2

    watching(tmp_path, scenario)


def _is_the_second(heard: list[Outcome]) -> bool:
    return isinstance(heard[0], Loaded) and heard[0].settings.busy.patience == 2


def test_a_half_written_file_is_not_reported_while_it_grows(tmp_path: Path) -> None:
    """F51: a writer that pauses within the file causes no error and no half of the settings."""

    def scene() -> list[Outcome]:
        (tmp_path / "hearth.toml").write_text(seconds(1))
        heard = []

        async def scenario(edits: Edits) -> None:
            with edits.file.open("w") as out:
                for part in ("[bu", "sy]\n", "patience", ' = "2', 's"\n'):
                    out.write(part)
                    out.flush()
                    await asyncio.sleep(0.12)
            heard.append(await edits.next())

        watching(tmp_path, scenario)
        return heard

    (heard,) = held_once_of(3, scene, _is_the_second)

    assert isinstance(heard, Loaded)
    assert heard.settings.busy.patience == 2


def test_touching_without_change_yields_nothing(tmp_path: Path) -> None:
    """A touched file, a rewritten equal one and a stranger in the folder are no edits."""
    (tmp_path / "hearth.toml").write_text(seconds(1))

    async def scenario(edits: Edits) -> None:
        edits.file.touch()
        atomic(edits.file, seconds(1))
        (tmp_path / "usage.db-wal").write_bytes(os.urandom(64))
        await edits.nothing()

    watching(tmp_path, scenario)


def test_a_file_that_appears_later_is_seen(tmp_path: Path) -> None:
    """With no file and not even its folder at start, both may come later."""
    home = tmp_path / "not" / "yet"

    async def scenario(edits: Edits) -> None:
        home.mkdir(parents=True)
        edits.file.write_text(seconds(2))
        assert await edits.patience() == 2

        edits.file.write_text(seconds(3))
        assert await edits.patience() == 3

    watching(home, scenario)


def test_a_folder_that_is_replaced_stays_watched(tmp_path: Path) -> None:
    """The whole folder is moved away and made anew: its new file counts, and further edits of it."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "hearth.toml").write_text(seconds(1))

    async def scenario(edits: Edits) -> None:
        home.rename(tmp_path / "old")
        home.mkdir()
        edits.file.write_text(seconds(2))
        assert await edits.patience() == 2

        edits.file.write_text(seconds(3))
        assert await edits.patience() == 3

    watching(home, scenario)


def test_hearth_env_is_watched_too(tmp_path: Path) -> None:
    """A key changed in hearth.env is a change, though hearth.toml stays as it is."""
    (tmp_path / "hearth.toml").write_text(seconds(1))
    env = tmp_path / "hearth.env"
    env.touch(mode=0o600)

    async def scenario(edits: Edits) -> None:
        env.write_text("EXAMPLE_KEY=one\n")
        outcome = await edits.next()
        assert isinstance(outcome, Loaded)
        assert outcome.variables["EXAMPLE_KEY"] == "one"

    watching(tmp_path, scenario)


def test_two_hundred_edits_end_with_the_last(tmp_path: Path) -> None:
    """A burst of edits may be taken together, but the last one always comes."""
    (tmp_path / "hearth.toml").write_text(seconds(1))

    async def scenario(edits: Edits) -> None:
        for number in range(2, 202):
            atomic(edits.file, seconds(number))
        latest = 0.0
        while latest != 201:
            latest = await edits.patience()

    watching(tmp_path, scenario)
