"""Where each setting comes from, for people who ask why theirs is not heeded."""

from pathlib import Path

from hearth_config.load import Loaded, load
from hearth_config.paths import Paths
from hearth_config.shown import Shown, shown


def made(home: Path, text: str) -> Loaded:
    (home / "hearth.toml").write_text(text)
    return load(Paths.find(str(home), {}), {}, allow_missing=True)


def test_each_value_names_its_source(tmp_path: Path) -> None:
    """The user's own with its line, a preset's with its name, the rest as default, all as TOML writes them."""
    text = '[busy]\npatience = "3s"\n[providers.deepseek]\ntimeouts = { connect = "1s" }\n'

    rows = {row.key: row for row in shown(made(tmp_path, text))}

    assert rows["busy.patience"] == Shown("busy.patience", '"3s"', "hearth.toml:2")
    assert rows["busy.queue"] == Shown("busy.queue", "32", "default")
    assert rows["providers.deepseek.timeouts.connect"].source == "hearth.toml:4"
    assert rows["providers.deepseek.timeouts.idle"].source == "preset deepseek"
    assert rows["providers.deepseek.key"].value == '"env:DEEPSEEK_API_KEY"'


def test_without_a_file_the_default_provider_is_shown(tmp_path: Path) -> None:
    """An absent file shows this machine's Ollama, from its preset."""
    loaded = load(Paths.find(str(tmp_path), {}), {}, allow_missing=True)

    rows = {row.key: row.value for row in shown(loaded)}

    assert rows["providers.ollama.address"] == '"http://127.0.0.1:11434"'
    assert rows["mode"] == '"prefer-local"'


def test_a_key_in_the_file_is_masked(tmp_path: Path) -> None:
    """T16: references are shown, keys themselves never."""
    text = """
        [providers.openai]
        keys = [{ id = "a", value = "sk-canary" }, { id = "b", value = "env:B" }]
        headers = { Authorization = "sk-canary", X-Team = "keyring:team" }
        [providers.groq]
        key = "sk-canary"
        [apps.a]
        match = { token = "hearth_canary" }
    """

    rows = {row.key: row.value for row in shown(made(tmp_path, text))}

    assert "canary" not in str(rows)
    assert rows["providers.openai.keys[0].value"] == '"…"'
    assert rows["providers.openai.keys[1].value"] == '"env:B"'
    assert rows["providers.openai.headers.X-Team"] == '"keyring:team"'
    assert rows["apps.a.match.token"] == '"…"'
