"""What an edit has changed is told by name, so that a person sees that it was the edit meant."""

import string
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from hearth_config.changes import MOST, changed
from hearth_config.load import load_text
from hearth_config.settings import Settings
from hearth_config.variables import Variables

KEY = "sk-very-secret"


def _read(text: str) -> Settings:
    return load_text(text, Path("/home/u/hearth.toml"), Variables({}, {})).settings


def test_an_edit_is_told_by_the_names_of_what_it_changed() -> None:
    """Pain 41: added, removed and altered settings, at any depth; what stayed is not named."""
    before = _read(
        'mode = "lan"\n[busy]\npatience = "3s"\n[providers.a]\npreset = "ollama"\n'
        '[apps.zed]\nmatch = { user_agent = "Zed/*" }\nparallel = 1\n'
    )
    after = _read(
        '[busy]\npatience = "4s"\n[providers.a]\npreset = "ollama"\n[providers.b]\npreset = "openai"\nkey = "env:X"\n'
        '[apps.zed]\nmatch = { user_agent = "Zed/*" }\nparallel = 2\n'
    )

    assert changed(before, after) == ("apps.zed.parallel", "busy.patience", "mode", "providers.b")
    assert changed(before, before) == ()


def test_no_value_is_told() -> None:
    """T16: the values of settings may be keys."""
    before = _read('[providers.b]\npreset = "openai"\nkey = "env:X"\n')
    after = _read(f'[providers.b]\npreset = "openai"\nkey = "{KEY}"\n')

    said = changed(before, after)

    assert said
    assert KEY not in " ".join(said)


@given(st.sets(st.text(string.ascii_lowercase, min_size=1, max_size=8), max_size=40))
def test_however_much_changed_it_is_a_line(names: set[str]) -> None:
    """A file that was replaced as a whole is not listed as a whole."""
    text = "".join(f'[models."x-{name}"]\nuse = ["ollama/x"]\n' for name in names)

    said = changed(_read(""), _read(text))

    assert len(said) == min(len(names), MOST + 1)
    assert (said[-1] == f"and {len(names) - MOST} more") if len(names) > MOST else True
