"""Where the files of a Hearth lie, and that the working directory has no say (T13)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hearth_config.paths import Paths

SHOW = """
import os
from hearth_config.paths import Paths
paths = Paths.find(None, os.environ)
print(*(getattr(paths, name) for name in paths.__struct_fields__), sep="\\n")
"""
LINUX = pytest.mark.skipif(
    sys.platform != "linux", reason="the folders of macOS and Windows are fixed by those systems"
)


def test_a_home_holds_everything(tmp_path: Path) -> None:
    """--home DIR: the names in it are a contract, and several daemons live side by side."""
    paths = Paths.find(str(tmp_path), {"HEARTH_HOME": "/elsewhere"})

    assert paths.config_file == tmp_path / "hearth.toml"
    assert paths.database == tmp_path / "usage.db"
    assert paths.socket == tmp_path / "hearth.sock"
    assert paths.state_file == tmp_path / "state.json"
    assert paths.token_file == tmp_path / "token"
    assert list(tmp_path.iterdir()) == []


def test_hearth_home_is_the_same_by_variable(tmp_path: Path) -> None:
    """HEARTH_HOME stands for --home; set to nothing it is not set."""
    assert Paths.find(None, {"HEARTH_HOME": str(tmp_path)}) == Paths.find(str(tmp_path), {})
    assert Paths.find(None, {"HEARTH_HOME": ""}) == Paths.find(None, {})


def test_a_relative_hearth_home_is_refused() -> None:
    """T13: a variable may not lead into whatever folder a program was started in."""
    with pytest.raises(ValueError, match="not an absolute path"):
        Paths.find(None, {"HEARTH_HOME": "project"})


@LINUX
def test_without_a_home_the_folders_of_the_system_are_used(tmp_path: Path) -> None:
    """T13: XDG folders decide; a hearth.toml in the working directory or above it is not looked at."""
    project = tmp_path / "project"
    project.mkdir()
    for folder in (project, tmp_path):
        (folder / "hearth.toml").write_text('mode = "any"\n')
    (tmp_path / "run").mkdir()
    folders = {f"XDG_{kind}_HOME": str(tmp_path / kind) for kind in ("CONFIG", "DATA", "STATE", "CACHE")}
    env = {**folders, "XDG_RUNTIME_DIR": str(tmp_path / "run"), "HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    env["PYTHONPATH"] = str(Path(sys.modules["hearth_config"].__path__[0]).parent)

    done = subprocess.run(
        [sys.executable, "-c", SHOW], cwd=project, env=env, check=True, capture_output=True, text=True, timeout=30
    )

    assert done.stdout.splitlines()[:3] == [
        str(tmp_path / "CONFIG/hearth/hearth.toml"),
        str(tmp_path / "CONFIG/hearth/hearth.env"),
        str(tmp_path / "DATA/hearth"),
    ]
    assert str(tmp_path / "run/hearth/hearth.sock") in done.stdout


@LINUX
def test_without_a_runtime_folder_the_socket_lies_in_the_state_folder() -> None:
    """A folder of /tmp could be another user's; a machine without XDG_RUNTIME_DIR gets a socket all the same."""
    paths = Paths.find(None, {"XDG_RUNTIME_DIR": "/not/there"})

    assert paths.socket.name == "hearth.sock"
    assert paths.socket.parent in (paths.state_dir / "run", Path(f"/run/user/{os.getuid()}/hearth"))
