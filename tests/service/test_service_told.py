"""What `hearth service`, `stop` and `restart` tell a service manager: a stand-in for systemctl writes it down."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it stands in for systemd")
STAND_IN = """#!/bin/sh
shift
echo "$*" >> {told}
case "$1" in
    is-active) test -e {active} ;;
    stop|disable) rm -f {active} ;;
    restart) touch {active} ;;
    enable) if test "$2" = --now; then touch {active}; fi ;;
esac
"""


class Seat:
    """A user with a systemd of their own, and a Hearth that listens on a socket in their folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told_in, self.programs = folder / "told", folder / "bin"
        self.home = self.new_home("home")
        self.programs.mkdir()
        stand_in = self.programs / "systemctl"
        stand_in.write_text(STAND_IN.format(told=self.told_in, active=folder / "active"), encoding="utf-8")
        stand_in.chmod(0o755)

    def new_home(self, name: str, listen: str = 'tcp = "off"') -> Path:
        """A folder for a Hearth, or another config for the one that is there."""
        home = self.folder / name
        home.mkdir(exist_ok=True)
        (home / "hearth.toml").write_text(f"[listen]\n{listen}\n", encoding="utf-8")
        (home / "hearth.toml").chmod(0o600)
        return home

    def hearth(self, *words: str, home: Path | None = None, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run a command."""
        environ = {"XDG_CONFIG_HOME": str(self.folder / "config"), "PYTHONPATH": os.pathsep.join(sys.path)}
        return subprocess.run(
            [sys.executable, "-m", "hearth", "--home", str(home or self.home), *words],
            env={**os.environ, **environ, "PATH": f"{self.programs}:/usr/bin:/bin", **variables},
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    def told(self) -> list[str]:
        """What the manager was told since the last look, questions left out."""
        lines = self.told_in.read_text("utf-8").splitlines() if self.told_in.exists() else []
        self.told_in.unlink(missing_ok=True)
        return [line for line in lines if not line.startswith("is-active")]


@pytest.fixture
def seat(tmp_path: Path) -> Iterator[Seat]:
    """A seat; what was started by hand there is ended."""
    made = Seat(tmp_path)
    yield made
    (tmp_path / "active").unlink(missing_ok=True)
    for home in (made.home, tmp_path / "other"):
        made.hearth("stop", home=home)


def test_what_changes_under_a_running_service_is_taken_over(seat: Seat) -> None:
    """Only the command: the sockets stay open, and no connection is refused; other addresses: the sockets too."""
    seat.hearth("service", "install")
    first = seat.told()
    seat.hearth("service", "install")
    again = seat.told()
    unit = next(seat.folder.glob("config/**/hearth.service"))
    unit.write_text(unit.read_text("utf-8").replace("RestartSec=1", "RestartSec=5"), encoding="utf-8")
    seat.hearth("service", "install")
    changed = seat.told()
    seat.new_home("home", 'tcp = "127.0.0.1:21439"')
    seat.hearth("service", "install")

    assert first == again == ["daemon-reload", "enable --now hearth.socket hearth.service"]
    assert changed == ["daemon-reload", "enable hearth.socket hearth.service", "restart hearth.service"]
    assert seat.told()[-1] == "restart hearth.socket hearth.service"


def test_the_icon_is_started_with_it(seat: Seat) -> None:
    """At each login by the desktop, and now; without a display there is nothing to start."""
    shown = seat.hearth("service", "install", "--tray", DISPLAY=":nowhere")
    blind = seat.hearth("service", "install", "--tray", DISPLAY="", WAYLAND_DISPLAY="")

    assert "The icon is started too." in shown.stdout
    assert "icon" not in blind.stdout
    assert (seat.folder / "config/autostart/hearth-tray.desktop").exists()


def test_a_stop_lasts_although_clients_go_on_asking(seat: Seat) -> None:
    """Systemd would start it for the next client at its sockets: so they are stopped too, until a restart."""
    seat.hearth("service", "install")
    seat.told()

    stopped = seat.hearth("stop")
    ended = seat.told()
    begun = seat.hearth("restart")

    assert "until the next login" in stopped.stdout
    assert ended == ["stop hearth.socket hearth.service"]
    assert "systemd has started Hearth anew" in begun.stdout
    assert seat.told() == ["restart hearth.service"]


def test_a_restart_is_the_managers_and_never_a_second_daemon(seat: Seat) -> None:
    """A daemon started beside it could not have its addresses."""
    seat.hearth("service", "install")
    seat.told()

    done = seat.hearth("restart")

    assert done.returncode == 0
    assert seat.told() == ["restart hearth.service"]
    assert not (seat.home / "hearth.lock").exists()


def test_another_home_is_no_business_of_the_manager(seat: Seat) -> None:
    """The service that runs is of one home; a daemon of another one is started and stopped by hand."""
    seat.hearth("service", "install")
    seat.told()
    other = seat.new_home("other")

    begun = seat.hearth("restart", home=other)
    ended = seat.hearth("stop", home=other)

    assert "Hearth runs again" in begun.stdout
    assert "has stopped" in ended.stdout
    assert seat.told() == []


def test_a_daemon_that_was_started_by_hand_makes_room_for_the_service(seat: Seat) -> None:
    """Two could not have the same addresses: it finishes its calls and ends before the manager starts."""
    seat.hearth("restart")

    done = seat.hearth("service", "install")

    assert "which was started by hand, has stopped" in done.stdout
    assert seat.told() == ["daemon-reload", "enable --now hearth.socket hearth.service"]
    assert "not running" in seat.hearth("status").stderr


def test_a_manager_that_fails_leaves_the_daemon_as_it_was(seat: Seat) -> None:
    """What was ended for its sake is started again."""
    seat.hearth("restart")
    (seat.programs / "systemctl").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")

    done = seat.hearth("service", "install")

    assert done.returncode == 1
    assert "`hearth service uninstall` takes back" in done.stderr
    assert seat.hearth("status").returncode == 0
