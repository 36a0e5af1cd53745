"""Values put into JSON with comments, and taken out again."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.connecting.app import CannotEdit
from hearth.connecting.edits import jsonc
from hearth.connecting.edits.json_place import JsonPlace, Named

URL = JsonPlace(("language_models", "ollama", "api_url"), "http://127.0.0.1:11430")
GROUP = JsonPlace((Named("name", "Hearth"),), {"name": "Hearth", "models": [{"id": "default"}]})

ZED = """// Zed settings
{
  /* fonts */
  "ui_font_size": 16, // large
  "language_models": {
    "openai": { "api_url": "https://api.openai.com/v1" }, // mine
  },
}
"""

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


def value_of(text: str) -> Any:  # noqa: ANN401 -- what JSON can say
    return jsonc.value_of(text)


def test_comments_order_and_spaces_stay() -> None:
    """One member is added; every other line is what it was."""
    done = URL.put(ZED)

    assert [line for line in ZED.splitlines() if line not in done.splitlines()] == []
    assert value_of(done)["language_models"]["ollama"] == {"api_url": "http://127.0.0.1:11430"}
    assert value_of(done)["language_models"]["openai"]


def test_taking_out_gives_the_same_bytes() -> None:
    """Where the user has not touched it, nothing of ours is left."""
    assert URL.take_out(URL.put(ZED), ZED) == ZED


def test_a_value_of_the_users_comes_back() -> None:
    """What stood in the same place before is put back, even after other edits."""
    before = '{"language_models": {"ollama": {"api_url": "http://box:1"}}}'
    edited = URL.put(before).replace("{", '{"more": 1, ', 1)

    assert value_of(URL.take_out(edited, before)) == {"more": 1} | json.loads(before)


def test_a_new_file_is_made_and_goes_again() -> None:
    """An empty text becomes what the app expects, and empty again."""
    made = URL.put("")

    assert json.loads(made) == {"language_models": {"ollama": {"api_url": "http://127.0.0.1:11430"}}}
    assert URL.take_out(made, "") == ""


def test_a_name_that_stands_there_twice_is_set_where_apps_read_it() -> None:
    """Of two members of one name the last counts; both are as they were afterwards."""
    before = '{"language_models": {"ollama": {"api_url": "http://x", "api_url": "http://y"}}}'

    done = URL.put(before)

    assert json.loads(done)["language_models"]["ollama"] == {"api_url": "http://127.0.0.1:11430"}
    assert URL.take_out(done, before) == before


def test_a_mark_at_the_start_of_the_file_stays() -> None:
    """Editors on Windows begin files with a byte order mark."""
    before = '\ufeff{"vim_mode": true}'

    done = URL.put(before)

    assert done.startswith("\ufeff{")
    assert value_of(done)["vim_mode"]
    assert URL.take_out(done, before) == before


def test_an_item_of_a_list_is_known_by_its_name() -> None:
    """The same item is replaced, others stay."""
    before = '[\n  // work\n  {"name": "Azure"},\n]\n'

    twice = GROUP.put(GROUP.put(before))

    assert [item["name"] for item in value_of(twice)] == ["Hearth", "Azure"]
    assert GROUP.take_out(twice, before) == before


@pytest.mark.parametrize("text", ['{"a": }', "{", '{"a": 1} x', "[1", '{"language_models": 3}', '{"a" 1}', "{'a': 1}"])
def test_what_cannot_be_read_is_not_edited(text: str) -> None:
    """A broken file, or one of another shape, is left alone."""
    with pytest.raises(CannotEdit):
        URL.put(text)


@given(st.dictionaries(st.text(max_size=8), VALUES, max_size=4), st.sampled_from([None, 2, 4]))
def test_any_object_keeps_its_meaning(start: dict[str, object], indent: int | None) -> None:
    """Putting adds one value, taking out restores the meaning, whatever else the file says."""
    if not isinstance(start.get("language_models", {}), dict):
        return
    text = json.dumps(start, indent=indent)

    done = URL.put(text)

    assert value_of(done)["language_models"]["ollama"]["api_url"] == "http://127.0.0.1:11430"
    assert value_of(URL.take_out(done, text)) == start


@given(st.text(alphabet='{}[]",: \n/*a1', max_size=40))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Any text is read, or refused by `CannotEdit`."""
    with suppress(CannotEdit):
        assert value_of(URL.put(text))
