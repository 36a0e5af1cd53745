"""What service managers read: each file as it was looked at once by a person, and accepted by its reader."""

import plistlib
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth_service import autostart, launchd, systemd, windows
from hearth_service.install import ServiceError, Told, install, state, uninstall
from hearth_service.plan import Command, File, Installation, Wanted

GOLDEN = Path(__file__).with_name("golden")
ODD = ("/opt/py thon/bin/python3", "-P", "-m", "hearth", "--home", '/home/a b/$x%y"z', "run")
WANTED = Wanted(
    hearth=ODD,
    tray=("/usr/bin/python3", "-m", "hearth_tray", "--home", "/home/a b"),
    tcp=("127.0.0.1:11430", "[::1]:11430"),
    socket=Path("/run/user/1000/hearth/hearth.sock"),
    log=Path("/home/a b/hearth <1>.log"),
    isolated=True,
    writes=(Path("/home/a b/data"), Path("/home/a/state")),
)
PLANS = {
    "systemd": systemd.plan(WANTED, Path("/config")),
    "launchd": launchd.plan(WANTED, Path("/Users/a"), 501),
    "windows": windows.plan(WANTED, Path("/data"), "HOME\\a & b"),
}
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=12)


@pytest.mark.parametrize("name", PLANS)
def test_files_are_those_that_were_looked_at(name: str) -> None:
    """One golden file for each; a change of a template shows in the diff."""
    for file in PLANS[name].files:
        golden = GOLDEN / name / file.path.name
        assert file.text == golden.read_text(encoding="utf-8"), f"{golden} says something else"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze: apt-get install systemd")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    """`systemd-analyze verify` finds nothing to complain about."""
    plain = Wanted(("/bin/true", "run"), tcp=WANTED.tcp, socket=WANTED.socket, isolated=True, writes=(tmp_path,))
    install(systemd.plan(plain, tmp_path), lambda _: Told(0))
    units = [str(tmp_path / "systemd" / "user" / name) for name in (systemd.SERVICE, systemd.SOCKETS)]

    done = subprocess.run(
        ["systemd-analyze", "--user", "--man=no", "verify", *units],
        env={"PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")


def test_launchd_reads_the_command_as_it_was_given() -> None:
    """Apple's own format, read by the standard library."""
    daemon, tray = (plistlib.loads(file.text.encode()) for file in PLANS["launchd"].files)

    assert daemon["ProgramArguments"] == list(ODD)
    assert daemon["StandardErrorPath"] == "/home/a b/hearth <1>.log"
    assert daemon["KeepAlive"] == {"SuccessfulExit": False}
    assert tray["ProgramArguments"] == list(WANTED.tray)


def test_windows_reads_the_command_as_it_was_given() -> None:
    """The task's XML holds program and arguments apart, quoted as Windows takes them apart again."""
    task = ET.fromstring(PLANS["windows"].files[0].text.encode("utf-16"))  # noqa: S314 -- our own text
    space = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"

    assert task.findtext(f".//{space}Command") == ODD[0]
    assert task.findtext(f".//{space}Arguments") == '-P -m hearth --home "/home/a b/$x%y\\"z" run'
    assert task.findtext(f".//{space}UserId") == "HOME\\a & b"


@given(st.lists(WORDS, min_size=1, max_size=4))
def test_systemd_words_survive_their_quotes(words: list[str]) -> None:
    """Quotes and backslashes, percents and dollars: unquoted by systemd's rules they are what they were."""
    assert unquoted(systemd.quoted(tuple(words)).replace("%%", "%").replace("$$", "$")) == words


@given(st.lists(WORDS, min_size=1, max_size=4))
def test_desktop_words_survive_their_quotes(words: list[str]) -> None:
    """The same for Exec= of a desktop entry, whose values have one more layer of backslashes."""
    line = autostart.quoted(tuple(words)).replace("\\\\", "\\")

    assert unquoted(line.replace("%%", "%")) == words


def unquoted(line: str) -> list[str]:
    """Take a line of quoted words apart: blanks part words, a backslash in quotes keeps the next character."""
    words: list[str] = []
    word, quoted, begun, kept = "", False, False, False
    for char in line:
        if kept:
            word, kept = word + char, False
        elif char == "\\" and quoted:
            kept = True
        elif char == '"':
            quoted, begun = not quoted, True
        elif char == " " and not quoted:
            words.append(word)
            word, begun = "", False
        else:
            word, begun = word + char, True
    return [*words, word] if begun else words


class Manager:
    """A service manager that writes down what it is told."""

    def __init__(self, *, fails: str = "") -> None:
        self.told: list[Command] = []
        self.fails = fails

    def __call__(self, command: Command) -> Told:
        self.told.append(command)
        return Told(1, "no bus") if self.fails and self.fails in command else Told(0)


def test_installing_writes_what_differs_and_uninstalling_leaves_nothing(tmp_path: Path) -> None:
    """Twice is as good as once; what somebody else put beside it stays."""
    plan = systemd.plan(WANTED, tmp_path)
    plan = Installation(plan.manager, plan.files, plan.start, plan.stop, plan.after_stop)
    (tmp_path / "systemd").mkdir()
    (tmp_path / "systemd" / "theirs.conf").touch()
    manager = Manager()

    first, second = install(plan, manager), install(plan, manager)
    found = state(plan, manager)
    gone = uninstall(plan, manager)

    assert sorted(first) == sorted(gone) == sorted(file.path for file in plan.files)
    assert second == ()
    assert (found.installed, found.missing, found.changed) == (True, (), ())
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / "systemd" / "theirs.conf"]
    assert ("systemctl", "--user", "daemon-reload") in manager.told


def test_a_manager_that_refuses_is_named_with_its_words(tmp_path: Path) -> None:
    """And what was written can be taken back."""
    plan = Installation("x", (File(tmp_path / "a", "text"),), (("start", "it"),), (("stop", "it"),))

    with pytest.raises(ServiceError, match="`start it` failed: no bus"):
        install(plan, Manager(fails="start"))
    assert uninstall(plan, Manager(fails="stop")) == (tmp_path / "a",)


def test_a_file_that_was_edited_is_seen(tmp_path: Path) -> None:
    """`hearth service status` says so."""
    plan = systemd.plan(Wanted(("hearth",)), tmp_path)
    install(plan, Manager())
    plan.files[0].path.write_text("edited")

    assert state(plan, Manager()).changed == (plan.files[0].path,)
