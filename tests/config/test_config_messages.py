"""What a user reads about a wrong setting: file, line, key, reason, and the next step, word for word."""

import tomllib
from pathlib import Path

import pytest

from hearth_config.errors import ConfigError
from hearth_config.load import load_text
from hearth_config.variables import Variables

TABLE = tomllib.loads(Path(__file__).with_name("mistakes.toml").read_text("utf-8"))
BASE: str = TABLE["base"]
MISTAKES: list[dict[str, str]] = TABLE["mistake"]


def message(text: str) -> str:
    with pytest.raises(ConfigError) as refused:
        load_text(text, Path("hearth.toml"), Variables({}))
    return str(refused.value)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake["said"][:60])
def test_a_mistake_is_answered_with_what_to_do(mistake: dict[str, str]) -> None:
    """Each mistake names file, line, key, the reason and the next step."""
    assert mistake["right"] in BASE
    text = BASE.replace(mistake["right"], mistake["wrong"], 1)

    said = message(text)

    assert said.replace("'", '"') == mistake["said"].replace("'", '"')


def test_without_the_mistakes_it_is_good() -> None:
    """The text that the mistakes are made in is itself accepted without a warning."""
    loaded = load_text(BASE, Path("hearth.toml"), Variables({}))

    assert loaded.warnings == ()


def test_a_single_key_keeps_the_name_the_user_wrote() -> None:
    """`key = …` is read as a list of keys, but a message calls it `key`."""
    said = message('[providers.openai]\npreset = "openai"\nkey = "$OPENAI"\n')

    assert said.startswith("hearth.toml:3: providers.openai.key: shell spelling")


def test_a_secret_is_never_repeated() -> None:
    """T16: whatever is wrong around a key, the message does not hold it."""
    secret = "sk-canary-0123456789"
    for wrong in (
        f'key = "{secret}"\nkeys = []',
        f'keys = ["{secret}"]',
        f'keys = [{{ id = "a", value = "{secret}" }}, {{ id = "a", value = "{secret}" }}]',
        f'headers = {{ Authorization = "Bearer {secret}", Host = "{secret}" }}',
        f'address = "https://{secret}@host"',
        f'address = "https://host/?key={secret}"',
        f'proxy = "http://{secret}@host"',
        f'key = "{secret}',
        f"key = {secret}",
        f'key = "{secret}" "{secret}"',
    ):
        assert secret not in message(f'[providers.openai]\npreset = "openai"\n{wrong}\n')


def test_a_very_deep_file_is_refused() -> None:
    """Nesting without end is an error of the file, not of Hearth."""
    assert "nested too deeply" in message("a = " + "[" * 5000 + "]" * 5000)


def test_a_very_long_number_is_refused() -> None:
    """A number of thousands of digits is an error with its line."""
    assert message(f"[busy]\nqueue = {'9' * 5000}\n").startswith("hearth.toml:")
