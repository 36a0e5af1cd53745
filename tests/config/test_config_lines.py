"""The line of a key, whichever of TOML's ways it is written in."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth_config.errors import Path
from hearth_config.lines import find_line

TEXT = '''\
mode = "lan"  # patience

[busy]
# patience is mentioned here
patience = "10s"
[providers.a]
keys = [
    { id = "one", value = "x" },

    { id = "two",
      value = "y" },
]
note = """
patience = 3
"""
[providers."b.c"]
"odd key" = 1
deep.down.here = true
[[list]]
n = 1
[[list]]
n = 2
'''.replace('"two",\n      value', '"two", value')


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("mode",), 1),
        (("busy",), 3),
        (("busy", "patience"), 5),
        (("providers", "a"), 6),
        (("providers", "a", "keys"), 7),
        (("providers", "a", "keys", 0, "value"), 8),
        (("providers", "a", "keys", 1), 10),
        (("providers", "a", "keys", 1, "value"), 10),
        (("providers", "a", "note"), 12),
        (("providers", "b.c", "odd key"), 16),
        (("providers", "b.c", "deep", "down", "here"), 17),
        (("list", 1, "n"), 21),
        (("busy", "missing"), 3),
        (("nowhere", "at", "all"), None),
        ((), None),
    ],
)
def test_a_key_is_found_where_it_stands(path: Path, line: int | None) -> None:
    """Tables, dotted and quoted keys, lists over several lines; a missing key is found at its parent."""
    tomllib.loads(TEXT)

    assert find_line(TEXT, path) == line


@given(st.lists(st.integers(0, 9), min_size=1, max_size=12), st.data())
def test_any_key_of_a_flat_file_is_on_its_own_line(blanks: list[int], data: st.DataObject) -> None:
    """With any number of blank and comment lines between, the number is that of the line in the editor."""
    lines: list[str] = []
    where = {}
    for index, count in enumerate(blanks):
        lines += [f"# key{index} = 1" if count % 2 else ""] * count
        lines.append(f"key{index} = {count}")
        where[index] = len(lines)
    index = data.draw(st.sampled_from(sorted(where)))

    assert find_line("\n".join(lines), (f"key{index}",)) == where[index]
