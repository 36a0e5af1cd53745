"""example.toml is the manual: complete, valid, at the defaults, and valid again with each comment taken away."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import inspect

from hearth_config.load import Loaded, load_text
from hearth_config.manual import example
from hearth_config.settings import Provider, Settings
from hearth_config.variables import Variables

TEXT = example()
# A setting, a table, a row or the end of a list, and its explanation.
COMMENTED = re.compile(r"#(\[|[a-z_0-9]+ = |    \{|\]$|# )")
FREE = {"headers", "extra", "defaults", "rename", "set", "effort_words", "rates", "by_model", "drop_for"}
FREE |= {"option_headers", "option_fields", "renamed_models"}


def uncommented(line: str) -> str:
    return line.removeprefix("#") if COMMENTED.match(line) else line


def paragraphs() -> list[str]:
    """Each commented table with all its lines, ready to be put at the end of the file."""
    blocks = re.split(r"\n\n+", TEXT)
    tables = [block[block.index("#[") :] for block in blocks if re.search(r"^#\[", block, re.MULTILINE)]
    return ["\n".join(map(uncommented, table.splitlines())) for table in tables]


def lone_lines() -> Iterator[int]:
    """The numbers of commented settings that stand in tables which are in force."""
    in_force = True
    for number, line in enumerate(TEXT.splitlines()):
        if re.match(r"#?\[[^#]*\]$", line) and not line.startswith("#    "):
            in_force = not line.startswith("#")
        if in_force and re.match(r"#[a-z_]+ = ", line):
            yield number


def accepted(tmp_path: Path, text: str) -> Loaded:
    for name in ("company.pem", "service-account.json"):
        (tmp_path / name).touch()
    return load_text(text, tmp_path / "hearth.toml", Variables({}))


def test_the_example_says_what_holds_anyway(tmp_path: Path) -> None:
    """As it is, it means the same as no file at all, without a warning."""
    loaded = accepted(tmp_path, TEXT)

    assert loaded.settings == accepted(tmp_path, "").settings
    assert loaded.warnings == ()


def keys_of(kind: inspect.Type, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every key that a user may write; `*` stands for a name of the user's own."""
    if isinstance(kind, inspect.Metadata):
        if "form" not in (kind.extra or {}):
            yield from keys_of(kind.type, path)
    elif isinstance(kind, inspect.UnionType):
        for part in kind.types:
            yield from keys_of(part, path)
    elif isinstance(kind, inspect.VarTupleType):
        yield from keys_of(kind.item_type, path)
    elif isinstance(kind, inspect.DictType) and path[-1] not in FREE:
        yield from keys_of(kind.value_type, (*path, "*"))
    elif isinstance(kind, inspect.StructType):
        for field in kind.fields:
            yield (*path, field.encode_name)
            yield from keys_of(field.type, (*path, field.encode_name))


def written(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every key in a TOML tree, with `*` for names of the user's own."""
    if isinstance(value, list):
        for item in value:
            yield from written(item, path)
    elif isinstance(value, dict):
        for key, item in value.items():
            named = path in {("providers",), ("models",), ("apps",), ("providers", "*", "models")}
            yield (*path, "*" if named else key)
            yield from written(item, (*path, "*" if named else key))


def of_any_price(path: tuple[str, ...]) -> tuple[str, ...]:
    """A price is the same wherever it stands, so explaining each of its keys once is enough."""
    return path[path.index("price") :] if "price" in path else path


def test_every_key_is_explained() -> None:
    """Each key of the typed settings stands in the example, in force or commented."""
    whole = "\n".join(map(uncommented, TEXT.splitlines()))

    explained = {of_any_price(path) for path in written(tomllib.loads(whole))}

    named_by_table = {("providers", "*", "name")}
    known = {of_any_price(path) for path in keys_of(inspect.type_info(Settings))}
    assert known - named_by_table - explained == set()
    assert ("providers", "*", "key") in explained
    assert len(Provider.__struct_fields__) > 30


@pytest.mark.parametrize("table", paragraphs(), ids=lambda table: table.splitlines()[0])
def test_a_commented_table_is_valid_in_force(tmp_path: Path, table: str) -> None:
    """The user takes the comment signs of one table away and it works."""
    owner = re.match(r"\[providers\.(box)\.quirks\]", table)
    needed = '[providers.box]\ndialect = "openai_chat"\naddress = "http://127.0.0.1:8000/v1"\n' if owner else ""

    accepted(tmp_path, f"{TEXT}\n{needed}{table}\n")


@pytest.mark.parametrize("number", list(lone_lines()), ids=lambda number: TEXT.splitlines()[number][1:30])
def test_a_commented_line_is_valid_in_force(tmp_path: Path, number: int) -> None:
    """The user takes the comment sign of one line away and it works."""
    lines = TEXT.splitlines()
    lines[number] = uncommented(lines[number])

    accepted(tmp_path, "\n".join(lines))


def test_all_of_it_at_once_is_valid(tmp_path: Path) -> None:
    """With every comment sign gone the file is one whole configuration."""
    loaded = accepted(tmp_path, "\n".join(map(uncommented, TEXT.splitlines())))

    assert set(loaded.settings.providers) == {"ollama", "openai", "openrouter", "box", "office", "azure", "elsewhere"}


def test_each_line_of_a_commented_table_is_valid_alone(tmp_path: Path) -> None:
    """Of a commented table any one line may be used, beside the few that the table cannot do without."""
    needs = ("preset", "dialect", "address", "use", "match")
    for table in paragraphs():
        if "\nkeys = [" in table or ".quirks]" in table:
            continue
        head, *lines = table.splitlines()
        required = [line for line in lines if line.startswith(needs)]
        for line in lines:
            if line not in required and not line.startswith("#"):
                accepted(tmp_path, "\n".join([TEXT, head, *required, line]))
