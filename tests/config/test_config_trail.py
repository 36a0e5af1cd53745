"""Which folders are watched, and that nothing falls between loading and watching."""

import asyncio
from pathlib import Path

from hearth_config.load import Loaded, load
from hearth_config.paths import Paths
from hearth_config.trail import find_trail
from hearth_config.watch import watch


def test_a_plain_file_needs_its_folder_only(tmp_path: Path) -> None:
    """One folder is watched, and strangers in it are of no concern."""
    trail = find_trail([tmp_path / "hearth.toml", tmp_path / "hearth.env"])

    assert trail.folder_paths == [str(tmp_path)]
    assert trail.concerns(str(tmp_path / "hearth.toml"))
    assert not trail.concerns(str(tmp_path / "usage.db"))


def test_every_link_and_the_target_are_on_the_trail(tmp_path: Path) -> None:
    """A link to a link in a linked folder: each place where a swap could happen is watched."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "file.toml").touch()
    (tmp_path / "linked").symlink_to("real")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "middle").symlink_to("../linked/file.toml")
    (tmp_path / "home" / "hearth.toml").symlink_to(tmp_path / "home" / "middle")

    trail = find_trail([tmp_path / "home" / "hearth.toml"])

    assert trail.folder_paths == [str(tmp_path), str(tmp_path / "home"), str(tmp_path / "real")]
    for step in ("home/hearth.toml", "home/middle", "linked", "real/file.toml"):
        assert trail.concerns(str(tmp_path / step))


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    """A link that leads to itself is followed only so far."""
    (tmp_path / "hearth.toml").symlink_to("hearth.toml")

    assert str(tmp_path) in find_trail([tmp_path / "hearth.toml"]).folder_paths


def test_of_missing_folders_the_nearest_there_is_watched(tmp_path: Path) -> None:
    """So that their making is seen."""
    trail = find_trail([tmp_path / "not" / "yet" / "hearth.toml"])

    assert trail.folder_paths == [str(tmp_path)]
    assert trail.concerns(str(tmp_path / "not"))


def test_an_edit_between_loading_and_watching_is_not_lost(tmp_path: Path) -> None:
    """A save that falls between the first load and the arming of the watch is found when the watch starts."""
    (tmp_path / "hearth.toml").write_text("[busy]\npatience = '1s'\n")

    async def run() -> float:
        paths = Paths.find(str(tmp_path), {})
        current = load(paths, {})
        paths.config_file.write_text("[busy]\npatience = '2s'\n")
        stream = watch(paths, {}, current)
        outcome = await asyncio.wait_for(anext(stream), 20)
        await stream.aclose()
        assert isinstance(outcome, Loaded)
        return outcome.settings.busy.patience

    assert asyncio.run(run()) == 2
