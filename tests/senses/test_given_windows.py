"""The windows that engines were seen to give are there after a restart, and never in anybody's way."""

import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.routing.inventory import Inventory, Listing
from hearth.senses.given_windows import LARGEST, MOST, NAME, GivenWindows
from hearth_config.addresses import parse_address
from hearth_config.settings import Provider


def _engine(port: int, dialect: str = "ollama") -> Provider:
    return Provider(name="ollama", dialect=dialect, address=parse_address(f"http://127.0.0.1:{port}"))


def _gives(window: int | None) -> Inventory:
    return Inventory({"ollama": Listing(reachable=True, given_window=window)})


def test_what_was_seen_is_there_after_a_restart(tmp_path: Path) -> None:
    """By the engine's address: another engine under the same name is another. The file is its owner's alone."""
    windows = GivenWindows(tmp_path / "state")

    news = windows.see(_gives(4096), {"ollama": _engine(1)})
    again = windows.see(_gives(4096), {"ollama": _engine(1)})
    asyncio.run(windows.save())
    restarted = GivenWindows(tmp_path / "state")

    assert (news, again) == (True, False)
    assert restarted.of(_engine(1)) == 4096
    assert restarted.of(_engine(2)) is None
    assert (tmp_path / "state" / NAME).stat().st_mode & 0o777 == 0o600


def test_what_no_longer_holds_is_forgotten(tmp_path: Path) -> None:
    """An engine that was seen to give models all they were trained for is remembered with nothing."""
    windows = GivenWindows(tmp_path)
    windows.see(_gives(4096), {"ollama": _engine(1)})

    news = windows.see(_gives(None), {"ollama": _engine(1)})

    assert news
    assert windows.of(_engine(1)) is None


def test_only_so_many_engines_are_remembered(tmp_path: Path) -> None:
    """The file stays small however often an address is edited; those seen last stay."""
    windows = GivenWindows(tmp_path)
    for port in range(1, MOST + 10):
        windows.see(_gives(4096), {"ollama": _engine(port)})

    asyncio.run(windows.save())

    assert len(json.loads((tmp_path / NAME).read_bytes())) == MOST
    assert windows.of(_engine(1)) is None
    assert windows.of(_engine(MOST + 9)) == 4096


def test_only_an_ollama_has_such_a_window(tmp_path: Path) -> None:
    """Other servers say the window of each model themselves."""
    windows = GivenWindows(tmp_path)

    assert not windows.see(_gives(4096), {"ollama": _engine(1, "openai_chat")})


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"http://127.0.0.1:1": "many"}', b"[" * 100_000, b"\xff"])
def test_a_spoiled_file_is_nothing_seen(tmp_path: Path, content: bytes) -> None:
    """Nothing is complained about; the next thing seen replaces it."""
    (tmp_path / NAME).write_bytes(content)

    windows = GivenWindows(tmp_path)
    windows.see(_gives(8192), {"ollama": _engine(1)})
    asyncio.run(windows.save())

    assert GivenWindows(tmp_path).of(_engine(1)) == 8192


@given(st.integers() | st.floats() | st.text(max_size=5) | st.none())
def test_no_number_in_the_file_is_taken_that_is_no_window(
    tmp_path_factory: pytest.TempPathFactory, said: object
) -> None:
    """Whatever a spoiled file says, no model is shown with a window of nothing, or beyond all that exist."""
    folder = tmp_path_factory.mktemp("state")
    (folder / NAME).write_text(json.dumps({str(_engine(1).address): said}))

    seen = GivenWindows(folder).of(_engine(1))

    assert seen is None or 0 < seen <= LARGEST


def test_a_disk_that_refuses_is_no_problem(tmp_path: Path) -> None:
    """Where nothing can be written, what was seen holds until the end."""
    (tmp_path / "state").write_text("a file where the folder should be")
    windows = GivenWindows(tmp_path / "state")

    windows.see(_gives(4096), {"ollama": _engine(1)})
    asyncio.run(windows.save())

    assert windows.of(_engine(1)) == 4096
