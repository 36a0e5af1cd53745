"""The run-time switches, on real files."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.call import MODES, Mode
from hearth.senses.switches import ModeTooLoose, Switches, SwitchNotKept
from hearth_config.settings import Settings

FILE = Settings(mode="prefer-local", default_model="fast")


def test_without_a_state_file_no_switch_holds(tmp_path: Path) -> None:
    """A first start finds nothing and complains about nothing; looking creates no file."""
    switches = Switches(tmp_path / "state.json")

    assert (switches.mode, switches.default_model(FILE), switches.warning) == (None, None, "")
    assert not list(tmp_path.iterdir())


def test_both_switches_survive_a_restart(tmp_path: Path) -> None:
    """What was chosen is there after a restart, in a file that only its owner may read."""
    path = tmp_path / "state" / "state.json"
    before = Switches(path)
    before.switch_mode("offline", FILE)
    before.use("ollama/qwen3:8b", FILE)

    after = Switches(path)

    assert (after.mode, after.default_model(FILE), after.warning) == ("offline", "ollama/qwen3:8b", "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [file.name for file in path.parent.iterdir()] == ["state.json"]


@given(ceiling=st.sampled_from(MODES), wanted=st.sampled_from(MODES))
def test_a_mode_only_tightens(tmp_path_factory: pytest.TempPathFactory, ceiling: Mode, wanted: Mode) -> None:
    """A mode looser than the file's is refused, naming both, and changes nothing; any other holds."""
    switches = Switches(tmp_path_factory.mktemp("state") / "state.json")
    settings = Settings(mode=ceiling)

    if MODES.index(wanted) <= MODES.index(ceiling):
        switches.switch_mode(wanted, settings)
        assert switches.mode == wanted
    else:
        with pytest.raises(ModeTooLoose) as refused:
            switches.switch_mode(wanted, settings, where="hearth.toml, line 3")
        assert f'mode {wanted} is looser than mode = "{ceiling}" in hearth.toml, line 3' in refused.value.text
        assert switches.mode is None
        assert not switches.path.exists()


def test_a_switch_can_be_taken_back(tmp_path: Path) -> None:
    """None leaves mode and model to the file again, after a restart too."""
    switches = Switches(tmp_path / "state.json")
    switches.switch_mode("offline", FILE)
    switches.use("other", FILE)

    switches.switch_mode(None, FILE)
    switches.use(None, FILE)

    assert (switches.mode, switches.default_model(FILE)) == (None, None)
    assert (Switches(switches.path).mode, Switches(switches.path).default_model(FILE)) == (None, None)


def test_use_wins_until_the_files_default_changes(tmp_path: Path) -> None:
    """An edit of default_model is newer than the choice and wins; any other edit leaves the choice alone."""
    switches = Switches(tmp_path / "state.json")
    switches.use("chosen", FILE)

    other_edit = Settings(mode="any", default_model="fast")
    its_edit = Settings(default_model="slow")

    assert switches.default_model(other_edit) == "chosen"
    assert switches.default_model(its_edit) is None
    assert switches.default_model(Settings()) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"null", b"\xff\xfe", b"\0" * 64, b"[" * 100_000])
def test_a_broken_file_means_offline_and_a_warning(tmp_path: Path, content: bytes) -> None:
    """A spoiled file may have held a tight mode.

    Nothing leaves until the next switch replaces it, and it is named (F46).
    """
    path = tmp_path / "state.json"
    path.write_bytes(content)

    switches = Switches(path)

    assert (switches.mode, switches.default_model(FILE)) == ("offline", None)
    assert str(path) in switches.warning
    switches.switch_mode("lan", FILE)
    assert switches.warning == ""
    assert Switches(path).mode == "lan"


@given(st.binary(max_size=200))
def test_no_content_of_the_file_stops_the_start(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """Whatever stands in the file, reading it raises nothing."""
    path = tmp_path_factory.mktemp("state") / "state.json"
    path.write_bytes(content)

    assert Switches(path).mode in (None, *MODES)


def test_what_is_wrong_with_one_switch_does_not_lose_the_other(tmp_path: Path) -> None:
    """An unreadable model choice must not loosen the mode; what a newer version wrote beside them is kept."""
    path = tmp_path / "state.json"
    path.write_text('{"mode": "offline", "use": 7, "later": [1, 2]}')

    switches = Switches(path)
    assert switches.mode == "offline"
    assert '"use"' in switches.warning
    switches.use("m", FILE)

    assert '"later"' in path.read_text()
    assert Switches(path).mode == "offline"


def test_a_switch_that_cannot_be_written_holds_all_the_same(tmp_path: Path) -> None:
    """A full or read-only disk does not keep the mode loose; the user is told that a restart will lose the switch."""
    blocker = tmp_path / "file"
    blocker.write_text("")
    switches = Switches(blocker / "state.json")

    with pytest.raises((SwitchNotKept, NotADirectoryError)) as told:
        switches.switch_mode("offline", FILE)

    assert isinstance(told.value, SwitchNotKept)
    assert "restart" in told.value.text
    assert switches.mode == "offline"


def test_a_draft_left_by_a_crash_is_in_nobodys_way(tmp_path: Path) -> None:
    """A draft from a process of the same id that died is replaced."""
    path = tmp_path / "state.json"
    (tmp_path / f".state.json.{os.getpid()}").write_text("half")

    Switches(path).switch_mode("lan", FILE)

    assert Switches(path).mode == "lan"
    assert [file.name for file in tmp_path.iterdir()] == ["state.json"]
