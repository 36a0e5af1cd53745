"""What is worth a notification, which editor opens a line, and which kind of tray there is."""

import importlib.machinery
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.told import Happening
from hearth_tray.backends import BACKENDS, NoTray, borrow_gi, choose, has_display, has_session_bus
from hearth_tray.bar import is_dark
from hearth_tray.editors import opening
from hearth_tray.notices import MOST, Announcer

JSON = st.none() | st.booleans() | st.integers() | st.text()


def told(*happenings: tuple[str, dict[str, Any]]) -> list[str]:
    """The titles of what is told of these events, in order."""
    announcer = Announcer()
    notices = [announcer.hear(Happening(0.0, kind, facts)) for kind, facts in happenings]
    return [notice.title for notice in notices if notice is not None]


def fallback(reason: str, place: str = "cloud") -> tuple[str, dict[str, Any]]:
    """A call that was answered at that place for that reason."""
    return "call", {"place": place, "reason": reason, "target": "openai/gpt-5.9"}


def test_the_first_fallback_of_a_session_is_told_and_no_other() -> None:
    """A person hears once that their words have left the machine, not each time."""
    assert told(fallback("busy"), fallback("missing"), fallback("busy")) == ["A call went to the cloud"]


@pytest.mark.parametrize("call", [fallback("local", "machine"), fallback("asked"), fallback("busy", "machine")])
def test_ordinary_answers_are_no_news(call: tuple[str, dict[str, Any]]) -> None:
    """Local ones, and cloud ones that were asked for by name."""
    assert told(call) == []


@pytest.mark.parametrize(
    "reason",
    ["refused:context_window", "refused:ability", "refused:busy", "fallback", "unsure", "rate_limited", "no_key"],
)
def test_every_kind_of_fallback_is_told(reason: str) -> None:
    """Not only a busy engine sends words away: so does a prompt that is too long for the model at home."""
    assert told(fallback(reason)) == ["A call went to the cloud"]


def test_a_budget_that_is_spent_again_tomorrow_is_told_again() -> None:
    """The tray runs for weeks, and the same sentence is news on another day."""
    facts = {"scope": "all", "period": "day", "spent": 1.0, "limit": 1.0, "currency": "USD"}
    announcer = Announcer()

    heard = [announcer.hear(Happening(at, "budget_spent", facts)) for at in (1000.0, 2000.0, 3 * 86400.0)]

    assert [notice is not None for notice in heard] == [True, False, True]


def test_what_holds_once_a_budget_is_spent_is_told_as_the_config_has_it() -> None:
    """With when_spent = "warn" nothing stops, and nobody may think that it does."""
    notices = [Announcer().hear(Happening(0.0, "budget_spent", {"when_spent": word})) for word in ("local", "warn")]

    assert [notice and notice.text for notice in notices] == [
        "Most of a limit is spent. Local models go on answering.",
        "Most of a limit is spent. Cloud models go on answering.",
    ]


def test_troubles_are_told_once_until_they_are_over() -> None:
    """A refused key, a provider that is down, a budget, a mistake in the config."""
    mistake = ("config_error", {"said": "hearth.toml:3: no"})
    key = ("key_refused", {"provider": "openai", "key": "k1"})

    assert told(mistake, mistake, ("config_loaded", {}), mistake) == ["The config has a mistake"] * 2
    assert told(key, key, ("key_back", {}), key) == ["A key was refused"] * 2
    assert told(("budget_alert", {}), ("budget_spent", {}), ("target_down", {"target": "ollama/x"})) == [
        "Budget nearly spent", "Budget spent", "A provider is down",
    ]  # fmt: skip
    assert told(("gpu_lost", {"target": "ollama/x"})) == ["A model has lost the GPU"]


def test_a_budget_is_told_with_its_figures() -> None:
    """What is spent of what, whose, and for how long."""
    facts = {"scope": "key", "name": "openai/k1", "period": "month", "spent": 0.85, "limit": 1.0, "currency": "USD"}
    notice = Announcer().hear(Happening(0.0, "budget_alert", facts))

    assert notice is not None
    assert notice.text == "0.85 of 1.00 USD this month, key openai/k1."


def test_a_call_that_was_refused_for_the_budget_is_told_with_what_it_asked_for() -> None:
    """Most of the limit is left: the person hears what would help."""
    facts = {"scope": "all", "period": "day", "spent": 0.2, "limit": 1.0, "currency": "USD", "asked": 0.9, "left": 0.8}
    notice = Announcer().hear(Happening(0.0, "budget_refused", facts))

    assert notice is not None
    assert notice.title == "A call was refused for the budget"
    assert notice.text == (
        "It may cost up to 0.90 USD, and 0.80 are left (0.20 of 1.00 USD today). "
        "Lower its max_tokens, or raise the limit."
    )


@given(
    st.text(), st.dictionaries(st.sampled_from(["place", "reason", "target", "key", "provider", "said", "what"]), JSON)
)
def test_no_event_breaks_the_announcer(kind: str, facts: dict[str, Any]) -> None:
    """Whatever a newer daemon says: a short line, or nothing."""
    for name in (kind, "call", "budget_alert", "budget_refused", "config_error", "key_refused", "target_down"):
        notice = Announcer().hear(Happening(0.0, name, facts))
        assert notice is None or (len(notice.text) <= MOST and notice.text.isprintable())


@pytest.mark.parametrize(
    ("found", "line", "expected"),
    [
        ({"code", "gedit"}, "12", ("code", "--goto", "/c/hearth.toml:12")),
        ({"gedit"}, "12", ("gedit", "+12", "/c/hearth.toml")),
        ({"kate"}, "7", ("kate", "--line", "7", "/c/hearth.toml")),
        ({"code", "xdg-open"}, "", ("xdg-open", "/c/hearth.toml")),
        ({"xdg-open"}, "12", ("xdg-open", "/c/hearth.toml")),
        ({"gio"}, "", ("gio", "open", "/c/hearth.toml")),
        (set(), "12", ()),
    ],
)
def test_a_file_is_opened_at_its_line_where_an_editor_can(
    found: set[str], line: str, expected: tuple[str, ...]
) -> None:
    """Else as the system opens text; else not at all."""
    file = Path("/c/hearth.toml")

    assert opening(file, line, lambda name: name if name in found else None, "linux") == expected


def test_other_systems_open_text_their_own_way() -> None:
    """MacOS and Windows bring an editor."""
    file = Path("hearth.toml")

    assert opening(file, "", lambda _: None, "darwin") == ("open", "-t", "hearth.toml")
    assert opening(file, "", lambda _: None, "win32") == ("notepad", "hearth.toml")


def test_without_a_display_it_says_so_and_what_to_do() -> None:
    """No traceback: a sentence, and the view in the terminal."""
    done = subprocess.run(
        [sys.executable, "-m", "hearth_tray"],
        env={"PATH": "/usr/bin", "PYTHONPATH": ":".join(sys.path), "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr == (
        "There is no display here. Hearth shows itself in the terminal instead: hearth status --watch\n"
    )


def test_a_display_that_does_not_open_is_said_too() -> None:
    """A display that is named and not there."""
    done = subprocess.run(
        [sys.executable, "-m", "hearth_tray"],
        env={"PATH": "/usr/bin", "PYTHONPATH": ":".join(sys.path), "HOME": "/nonexistent", "DISPLAY": ":9999"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "The display cannot be opened" in done.stderr
    assert "Traceback" not in done.stderr


def test_displays_and_buses_are_found_in_the_environment(tmp_path: Path) -> None:
    """Where a desktop says that they are."""
    assert has_display({"WAYLAND_DISPLAY": "wayland-0"}, "linux")
    assert not has_display({}, "linux")
    assert has_display({}, "darwin")
    assert not has_session_bus({"XDG_RUNTIME_DIR": str(tmp_path)})
    (tmp_path / "bus").touch()
    assert has_session_bus({"XDG_RUNTIME_DIR": str(tmp_path)})
    with pytest.raises(NoTray):
        choose({})


def test_only_what_fits_this_python_is_borrowed(tmp_path: Path) -> None:
    """A PyGObject that was built for another version stays where it is (pain 47)."""
    (tmp_path / "gi").mkdir()
    (tmp_path / "gi" / "_gi.cpython-27-x86_64-linux-gnu.so").touch()

    assert borrow_gi([str(tmp_path)]) is None


def test_what_fits_is_borrowed_and_nothing_else_from_there(tmp_path: Path) -> None:
    """`gi` is found in the distribution's folder; its neighbours are not."""
    (tmp_path / "gi").mkdir()
    (tmp_path / "gi" / f"_gi{importlib.machinery.EXTENSION_SUFFIXES[0]}").touch()
    (tmp_path / "gi" / "__init__.py").touch()
    (tmp_path / "neighbour_of_gi.py").touch()
    code = (
        "import importlib.util as u; from hearth_tray.backends import borrow_gi; "
        f"print(borrow_gi([{str(tmp_path)!r}]), u.find_spec('gi').origin, u.find_spec('neighbour_of_gi'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}, capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == [str(tmp_path), str(tmp_path / "gi" / "__init__.py"), "None"]


def test_each_kind_of_tray_says_what_it_cannot() -> None:
    """Only the plain X11 icon has no menu."""
    assert [name for name, backend in BACKENDS.items() if not backend.has_menu] == ["xorg"]
    assert is_dark("nowhere")
