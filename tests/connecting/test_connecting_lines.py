"""Lines put into YAML, Lisp and TOML, and taken out again."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.connecting.app import CannotEdit
from hearth.connecting.edits.block import BEGIN, Block
from hearth.connecting.edits.toml_keys import Key, TomlKeys
from hearth.connecting.edits.whole import Whole
from hearth.connecting.edits.yaml_list import YamlItem

ITEM = YamlItem("models", ("- name: Hearth", "  provider: openai"), fresh=("name: My models",))
BLOCK = Block(("model: x",), keys=("model",))
FRONT = TomlKeys((
    Key(("listen",), "also", ["127.0.0.1:11434"]), Key(("providers", "ollama"), "address", "http://127.0.0.1:11436"),
))  # fmt: skip

CONTINUE = """name: mine # my own
models:
    # the big one
    - name: big
      provider: ollama
rules: []
"""

TOML = """# mine
mode = "lan" # never the cloud

[listen] # here
tcp = "127.0.0.1:11430"

[providers.ollama]
preset = "ollama"
address = "http://127.0.0.1:11434" # as ever
"""


def test_an_item_takes_the_indent_of_its_list() -> None:
    """All items of a YAML list must stand equally far in."""
    done = ITEM.put(CONTINUE)

    assert "\n    - name: Hearth\n      provider: openai\n" in done
    assert done.index("Hearth") < done.index("the big one")
    assert ITEM.take_out(done, CONTINUE) == CONTINUE


def test_a_list_that_is_not_there_is_begun() -> None:
    """At the end of a file without it, and in a file of its own."""
    assert ITEM.put("name: x").splitlines()[2:5] == ["models:", "  - name: Hearth", "    provider: openai"]
    assert ITEM.put("").startswith("name: My models\nmodels:\n")
    assert ITEM.take_out(ITEM.put(""), "") == ""


def test_a_list_on_one_line_is_left_alone() -> None:
    """`models: [a, b]` is not for a program that goes line by line."""
    with pytest.raises(CannotEdit, match="line 1"):
        ITEM.put("models: [a, b]\n")


def test_a_key_that_is_set_already_is_not_set_twice() -> None:
    """YAML takes the later of two, and the user would not see why."""
    with pytest.raises(CannotEdit, match="model is set in line 2"):
        BLOCK.put("dark: true\nmodel: gpt\n")


def test_marks_that_somebody_changed_stop_us() -> None:
    """Half a pair of marks says nothing about where our lines end."""
    with pytest.raises(CannotEdit):
        BLOCK.take_out(f"a: 1\n# {BEGIN}\nmodel: x\n", "")


def test_a_file_of_somebody_else_is_not_replaced() -> None:
    """Only a file that begins as ours is ours."""
    ours = Whole("# Hearth's\nx = 1\n")

    assert ours.take_out(ours.put(""), "") == ""
    with pytest.raises(CannotEdit):
        ours.put("y = 2\n")


@given(st.lists(st.text(alphabet="abc: #-", max_size=10), max_size=6))
def test_a_block_comes_and_goes(lines: list[str]) -> None:
    """Whatever the file says, it says it again without our lines."""
    text = "".join(f"{line}\n" for line in lines)

    done = Block(("z: 1",)).put(text)

    assert Block(("z: 1",)).take_out(done, text) == text
    assert Block(("z: 1",)).put(done) == done


def test_toml_keys_are_set_with_comments_kept() -> None:
    """One key is new, one is changed; all comments stay, and the way back is exact in meaning."""
    done = FRONT.put(TOML)

    assert tomllib.loads(done)["listen"]["also"] == ["127.0.0.1:11434"]
    assert 'address = "http://127.0.0.1:11436" # as ever\n' in done
    assert "[listen] # here\n" in done
    assert FRONT.take_out(done, TOML) == TOML


def test_toml_tables_that_are_missing_are_added() -> None:
    """Also to an empty file."""
    done = FRONT.put("")

    assert tomllib.loads(done) == {
        "listen": {"also": ["127.0.0.1:11434"]}, "providers": {"ollama": {"address": "http://127.0.0.1:11436"}},
    }  # fmt: skip


@pytest.mark.parametrize("text", ["listen = {}\n", "[listen]\nalso = [\n]\n", "listen.tcp = 'off'\n", "nonsense"])
def test_toml_that_only_a_person_should_change(text: str) -> None:
    """Inline tables, lists over several lines and broken files are refused, not damaged."""
    with pytest.raises(CannotEdit):
        FRONT.put(text)
