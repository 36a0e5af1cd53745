"""`hearth service` as it is typed, with a service manager that is not there; and with systemd itself where it runs."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from hearth.connecting.notebook import Connection, Notebook
from hearth_tray.programs import Programs


def hearth(home: Path, *words: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    """Run a command for a Hearth of that folder, whose service files belong below it."""
    return subprocess.run(
        [sys.executable, "-m", "hearth", "--home", str(home), *words],
        env={**os.environ, "XDG_CONFIG_HOME": str(home / "config"), "PYTHONPATH": os.pathsep.join(sys.path), **environ},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="other managers cannot be told of another folder")
def test_a_manager_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The command that failed and the way back; uninstalling leaves nothing but what the user wrote."""
    (tmp_path / "hearth.toml").write_text('mode = "offline"\n', encoding="utf-8")
    (tmp_path / "hearth.toml").chmod(0o600)

    refused = hearth(tmp_path, "service", "install", PATH="/nowhere")
    seen = hearth(tmp_path, "service", "status", PATH="/nowhere")
    gone = hearth(tmp_path, "service", "uninstall", "--all", "--yes", PATH="/nowhere")

    assert refused.returncode == 1
    assert "systemctl is not there" in refused.stderr
    assert seen.stdout.startswith("Started at login by systemd: yes; runs: no")
    assert gone.returncode == 0
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["hearth.toml"]


def test_apps_that_would_go_on_asking_are_named_first(tmp_path: Path) -> None:
    """Nothing is deleted while an app's settings still lead here."""
    Notebook(tmp_path).note("zed", Connection("/x", "", ""))

    refused = hearth(tmp_path, "service", "uninstall", "--all", "--yes", PATH="/nowhere")

    assert refused.returncode == 1
    assert "hearth disconnect zed" in refused.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="other managers cannot be told of another folder")
def test_the_tray_is_told_whether_hearth_starts_at_login(tmp_path: Path) -> None:
    """As JSON: not installed, installed, and with a file that has gone since."""
    programs = Programs(str(tmp_path))

    before = json.loads(hearth(tmp_path, "service", "status", "--json", PATH="/nowhere").stdout)
    hearth(tmp_path, "service", "install", PATH="/nowhere")
    after = json.loads(hearth(tmp_path, "service", "status", "--json", PATH="/nowhere").stdout)
    unit = next(tmp_path.glob("config/**/hearth.socket"))
    unit.unlink()
    damaged = json.loads(hearth(tmp_path, "service", "status", "--json", PATH="/nowhere").stdout)

    assert (before["installed"], after["installed"], damaged["installed"]) == (False, True, True)
    assert str(unit) in before["missing"]
    assert (after["missing"], damaged["missing"]) == ([], [str(unit)])
    assert programs.runs_at_login() is not None


def test_an_icon_that_cannot_be_shown_is_not_promised(tmp_path: Path) -> None:
    """Without the extra it would fail at each login, where nobody reads why."""
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "sitecustomize.py").write_text("import sys; sys.modules['pystray'] = None\n", "utf-8")
    path = os.pathsep.join((str(tmp_path / "without"), *sys.path))

    refused = hearth(tmp_path, "service", "install", "--tray", PATH="/nowhere", PYTHONPATH=path)

    assert refused.returncode == 1
    assert 'The icon needs the extra "tray"' in refused.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="other managers cannot be told of another folder")
def test_a_daemon_that_was_started_by_hand_is_not_left_behind(tmp_path: Path) -> None:
    """Uninstalling with --all ends it before its files go; old logs go too."""
    (tmp_path / "hearth.toml").write_text('[listen]\ntcp = "off"\n', encoding="utf-8")
    (tmp_path / "hearth.toml").chmod(0o600)
    started = hearth(tmp_path, "restart")
    (tmp_path / "hearth.log.1").write_text("the log before", encoding="utf-8")

    gone = hearth(tmp_path, "service", "uninstall", "--all", "--yes", PATH="/nowhere")

    assert started.returncode == 0, started.stderr
    assert "has stopped" in gone.stdout
    assert "not running" in hearth(tmp_path, "status").stderr
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["hearth.toml"]


def _systemd_runs() -> bool:
    if shutil.which("systemctl") is None:
        return False
    asked = subprocess.run(["systemctl", "--user", "is-system-running"], capture_output=True, text=True, check=False)
    return asked.stdout.strip() in ("running", "degraded")


@pytest.mark.skipif(not _systemd_runs(), reason="no systemd runs for this user here")
@pytest.mark.skipif(bool(os.environ.get("CI")), reason="CI leaves the user's own units alone")
def test_systemd_itself_starts_and_ends_it(tmp_path: Path) -> None:
    """Install, ask, uninstall: the units of this user are as they were afterwards."""
    config = tmp_path / "hearth.toml"
    config.write_text('[listen]\ntcp = "127.0.0.1:21437"\n', encoding="utf-8")
    config.chmod(0o600)
    theirs = Path.home() / ".config" / "systemd" / "user" / "hearth.service"
    if theirs.exists():
        pytest.skip("Hearth is installed for this user already")
    environ = {"XDG_CONFIG_HOME": str(Path.home() / ".config")}
    try:
        installed = hearth(tmp_path, "service", "install", **environ)
        assert installed.returncode == 0, installed.stderr
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if httpx.get("http://127.0.0.1:21437/api/version", timeout=20).status_code == 200:
                break
        assert "runs: yes" in hearth(tmp_path, "service", "status", **environ).stdout
    finally:
        hearth(tmp_path, "service", "uninstall", **environ)
    assert not theirs.exists()
