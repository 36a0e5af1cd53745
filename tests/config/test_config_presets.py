"""A provider is data: the presets that come with Hearth, and those of the user's own in a file."""

import asyncio
import contextlib
from pathlib import Path

import pytest

from hearth_config import presets
from hearth_config.addresses import TcpAddress
from hearth_config.errors import ConfigError
from hearth_config.load import Loaded, load, load_text
from hearth_config.paths import Paths
from hearth_config.settings import Provider
from hearth_config.shown import shown
from hearth_config.variables import Variables
from hearth_config.watch import watch

OWN_ADDRESS = {"azure", "generic", "litellm"}
"""Presets of servers whose address only their user knows."""
ELSEWHERE = {"vertex"}
"""Presets that need more than an address; the tests of their dialect fill it in."""
MINE = """
# My cloud (https://example.org/docs).
dialect = "openai_chat"
address = "https://llm.example.org/v1"
key = "env:MINE_KEY"

[quirks]
max_tokens_field = "max_completion_tokens"
"""


def loaded(text: str) -> Loaded:
    return load_text(text, Path("hearth.toml"), Variables({}))


def provider(text: str) -> Provider:
    return loaded(text).settings.providers["x"]


def home(folder: Path, text: str, **files: str) -> Paths:
    """Write hearth.toml and files beside it ("providers__mine" is providers/mine.toml)."""
    for name, content in {"hearth": text, **files}.items():
        file = folder.joinpath(*name.split("__")).with_suffix(".toml")
        file.parent.mkdir(exist_ok=True)
        file.write_text(content, encoding="utf-8")
        file.chmod(0o600)
    return Paths.find(str(folder), {})


def refusal(paths: Paths) -> ConfigError:
    with pytest.raises(ConfigError) as refused:
        load(paths, {})
    return refused.value


@pytest.mark.parametrize("name", sorted(set(presets.names()) - ELSEWHERE))
def test_every_preset_is_whole(name: str) -> None:
    """Each preset loads without a warning, names its provider's page, and keeps its key out of the file."""
    table = 'address = "https://10.0.0.1/v1"' if name in OWN_ADDRESS else ""
    found = loaded(f'[providers.x]\npreset = "{name}"\n{table}\n')
    made = found.settings.providers["x"]
    local = isinstance(made.address, TcpAddress) and made.address.scheme == "http"

    assert found.warnings == ()
    assert all(key.value.startswith("env:") for key in made.keys)
    assert bool(made.keys) != (local or name == "generic")
    assert name == "generic" or presets.about(name).page.startswith("https://")
    assert (made.quirks.fim == "none") == (made.quirks.fim_path is None)


def test_a_preset_says_what_could_not_be_confirmed() -> None:
    """The comment at the head of a preset names its maker, the page, and what is not verified."""
    about = presets.about("groq")

    assert about.title == "Groq"
    assert about.page == "https://console.groq.com/docs/api-reference"
    assert about.unverified.startswith("that stream_options is understood")


def test_a_plain_address_gets_the_usual_path() -> None:
    """An Azure resource without a path means its version 1 address; one with a path is left as it is."""
    plain = provider('[providers.x]\npreset = "azure"\naddress = "https://res.openai.azure.com"\n')
    behind = provider('[providers.x]\npreset = "azure"\naddress = "https://gateway.example.org/llm/v1"\n')

    assert str(plain.address) == "https://res.openai.azure.com/openai/v1"
    assert str(behind.address) == "https://gateway.example.org/llm/v1"
    assert plain.auth == "api-key"


def test_an_azure_deployment_stands_for_any_model() -> None:
    """With `deployment` that one is asked, whatever model is named."""
    found = provider('[providers.x]\npreset = "azure"\naddress = "https://r.example.org"\ndeployment = "prod"\n')

    assert found.extra == {"model": "prod"}


def test_an_api_version_means_azures_older_addresses() -> None:
    """With `api_version` the deployment and the version stand in the address of each request."""
    table = '[providers.x]\npreset = "azure"\naddress = "https://r.example.org"\napi_version = "2024-10-21"\n'

    each = provider(table)
    one = provider(f'{table}deployment = "prod"\n')

    assert str(each.address) == "https://r.example.org/openai"
    assert each.quirks.chat_path == "deployments/{model}/chat/completions?api-version=2024-10-21"
    assert one.quirks.embeddings_path == "deployments/prod/embeddings?api-version=2024-10-21"
    assert loaded(table).warnings == ()


def test_an_option_that_a_path_needs_is_asked_for() -> None:
    """A path with an option that nobody set is refused, naming the option."""
    text = '[providers.x]\ndialect = "openai_chat"\naddress = "https://a.example.org"\n'
    text += 'quirks = { chat_path = "chat?v={api_version}" }\n'

    with pytest.raises(ConfigError) as refused:
        loaded(text)

    assert str(refused.value).startswith("hearth.toml:1: providers.x.api_version: is needed for the address")


def test_a_model_that_is_gone_is_warned_about() -> None:
    """Wherever a retired name stands, the check says which model is asked instead."""
    text = """
        [providers.deepseek]
        default_model = "deepseek-chat"
        [models.think]
        use = ["deepseek/deepseek-reasoner", "deepseek/deepseek-v4-pro"]
        tasks.code = ["deepseek/deepseek-coder"]
        [fallback]
        cloud = ["deepseek/deepseek-coder"]
    """

    said = loaded(text).warnings

    assert said[0] == (
        'hearth.toml:3: providers.deepseek.default_model: "deepseek-chat" is gone; "deepseek-flash" is asked instead.'
    )
    assert [sentence.split()[1] for sentence in said] == [
        "providers.deepseek.default_model:",
        "fallback.cloud[0]:",
        "models.think.use[0]:",
        "models.think.tasks.code[0]:",
    ]


@pytest.mark.parametrize("chosen", ["./mine.toml", "more/mine.toml", "mine"])
def test_a_preset_of_ones_own_needs_no_code(tmp_path: Path, chosen: str) -> None:
    """A TOML file, by its path or by its name in the folder providers/, is a preset like ours."""
    place = {"./mine.toml": "mine", "more/mine.toml": "more__mine", "mine": "providers__mine"}[chosen]
    paths = home(tmp_path, f'[providers.x]\npreset = "{chosen}"\nkey = "env:OTHER"\n', **{place: MINE})

    found = load(paths, {})

    made = found.settings.providers["x"]
    assert str(made.address) == "https://llm.example.org/v1"
    assert made.keys[0].value == "env:OTHER"
    assert made.quirks.max_tokens_field == "max_completion_tokens"
    assert {row.source for row in shown(found) if "max_tokens_field" in row.key} == {f"preset {chosen}"}


def test_a_provider_of_a_presets_name_needs_no_more(tmp_path: Path) -> None:
    """A table called like a preset of one's own uses it."""
    paths = home(tmp_path, "[providers.mine]\n", providers__mine=MINE)

    assert load(paths, {}).settings.providers["mine"].preset == "mine"


def test_our_own_presets_cannot_be_replaced(tmp_path: Path) -> None:
    """A file called like a preset of Hearth's does not take its place: a name means the same everywhere."""
    paths = home(tmp_path, '[providers.x]\npreset = "groq"\n', providers__groq=MINE)

    assert str(load(paths, {}).settings.providers["x"].address) == "https://api.groq.com/openai/v1"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("[quirks]\nmax_token_field = 1", ":3: quirks.max_token_field: is no known setting. Write `max_tokens_field`"),
        ('[quirks]\nstop_max = "four"', ":3: quirks.stop_max: is a string. Write a whole number."),
        ('headers = { Host = "x" }', ":2: headers.Host: is written by Hearth itself. Remove it."),
        ('dialct = "ollama"', ":2: dialct: is no known setting. Write `dialect` if you meant that"),
        ("[quirks", ": is not valid TOML"),
        ('preset = "groq"', ": preset: a preset builds on no other"),
        ("when = 1", ":2: when: is no table of tables"),
        ("[when.colour]", ":2: when.colour: is no option of a provider"),
    ],
)
def test_a_mistake_in_a_preset_names_the_presets_file(tmp_path: Path, wrong: str, said: str) -> None:
    """File, line and key are those of the preset, where the mistake is."""
    address = '\naddress = "https://llm.example.org/v1"'
    head = 'dialect = "openai_chat"'
    preset = f"{head}\n{wrong}\n" if wrong.startswith("[") else f"{head}\n{wrong}{address}\n"
    paths = home(tmp_path, f'[providers.x]\npreset = "./mine.toml"{address}\n', mine=preset)

    assert str(refusal(paths)).startswith(f"{tmp_path / 'mine.toml'}{said}")


def test_what_the_user_wrote_over_a_preset_is_blamed_on_him(tmp_path: Path) -> None:
    """A mistake in hearth.toml is named there, though the preset has the same key."""
    paths = home(tmp_path, '[providers.x]\npreset = "./mine.toml"\naddress = "ftp://a"\n', mine=MINE)

    said = refusal(paths)

    assert (said.file, said.line) == (str(paths.config_file), 3)


def test_a_preset_others_may_write_is_refused(tmp_path: Path) -> None:
    """T13: a preset says where prompts and keys go, so it must be the user's own as hearth.toml itself."""
    paths = home(tmp_path, '[providers.x]\npreset = "./mine.toml"\n', mine=MINE)
    (tmp_path / "mine.toml").chmod(0o666)

    assert "may be written by everybody" in str(refusal(paths))


def test_a_missing_preset_offers_those_of_ones_own(tmp_path: Path) -> None:
    """The nearest name may be that of a file in providers/."""
    paths = home(tmp_path, '[providers.x]\npreset = "mien"\n', providers__mine=MINE)

    assert 'did you mean "mine"' in str(refusal(paths))


def test_an_edit_of_a_preset_is_taken_over(tmp_path: Path) -> None:
    """A preset of one's own is watched like hearth.toml, whether it is there yet or not."""

    async def run() -> tuple[str, str]:
        paths = home(tmp_path, '[providers.x]\npreset = "mine"\n', providers__mine=MINE)
        edits = watch(paths, {}, load(paths, {}))
        async with contextlib.aclosing(edits), asyncio.timeout(20):
            coming = asyncio.ensure_future(anext(edits))
            await asyncio.sleep(0.5)
            home(tmp_path, paths.config_file.read_text(), providers__mine=MINE.replace("llm.", "other."))
            good = await coming
            home(tmp_path, paths.config_file.read_text(), providers__mine=MINE + "nonsense = 1\n")
            bad = await anext(edits)
        assert isinstance(good, Loaded)
        return str(good.settings.providers["x"].address), str(bad)

    address, error = asyncio.run(run())

    assert address == "https://other.example.org/v1"
    assert "mine.toml:9: quirks.nonsense" in error
