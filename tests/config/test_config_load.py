"""From a file to settings: defaults, presets laid under, what is inherited, warned about, or not heeded yet."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth_config.addresses import Endpoint, TcpAddress, UnixAddress
from hearth_config.errors import ConfigError
from hearth_config.load import Loaded, load_text
from hearth_config.settings import ModelSettings, Price, Settings, Timeouts
from hearth_config.variables import Variables
from hearth_config.words import DIALECTS

EVERYDAY = Path(__file__).with_name("everyday.toml").read_text("utf-8")


def loaded(text: str) -> Loaded:
    return load_text(text, Path("hearth.toml"), Variables({}))


def settings(text: str) -> Settings:
    return loaded(text).settings


def test_nothing_means_this_machines_ollama_and_no_cloud() -> None:
    """Without a file: one provider on loopback, an empty fallback, and the socket beside 127.0.0.1:11430."""
    found = settings("")

    assert list(found.providers) == ["ollama"]
    assert found.providers["ollama"].address == TcpAddress("http", "127.0.0.1", 11434)
    assert found.providers["ollama"].keys == ()
    assert found.fallback.cloud == ()
    assert found.listen.tcp == Endpoint("127.0.0.1", 11430)
    assert found.mode == "prefer-local"


def test_an_everyday_config_is_read_to_its_meaning() -> None:
    """Times are seconds, sizes bytes, shares fractions, addresses parsed, references left as they are."""
    found = settings(EVERYDAY)

    assert found.busy.patience == 10
    assert found.busy.other_cpu == 0.85
    assert found.listen.body_limit == 64_000_000
    assert found.usage.keep == 400 * 86400
    assert found.retry.backoff == 0.5
    assert found.timeouts == Timeouts(5, None, 60)
    assert [key.value for key in found.providers["openrouter"].keys] == [
        "env:OPENROUTER_API_KEY",
        "keyring:openrouter-spare",
    ]
    assert found.providers["box"].address == TcpAddress("http", "192.168.1.20", 8000, "/v1")
    assert found.models["fast"].use == ("ollama/qwen3:8b", "box/qwen3-8b", "openrouter/qwen/qwen3-8b")
    assert found.apps["zed"].match.user_agent == "Zed/*"
    assert found.fallback.by_model == {"qwen3-coder:30b": ("openrouter/qwen/qwen3-coder",)}


@pytest.mark.parametrize("name", DIALECTS)
def test_each_dialect_of_ours_is_accepted(name: str) -> None:
    """A provider may speak any dialect that Hearth brings."""
    text = f'[providers.x]\ndialect = "{name}"\naddress = "https://example.org/v1"\n'

    assert settings(text).providers["x"].dialect == name


def test_a_providers_own_times_lie_over_its_presets_over_the_common_ones() -> None:
    """[timeouts] for all, the preset's for its provider, the user's own table over both."""
    text = """
        [timeouts]
        connect = "1s"
        idle = "50s"
        [retry]
        attempts = 7
        [providers.ollama]
        [providers.deepseek]
        [providers.openrouter]
        timeouts = { idle = "20s" }
    """
    found = settings(text)

    idle = {name: (provider.timeouts.connect, provider.timeouts.idle) for name, provider in found.providers.items()}
    assert idle == {"ollama": (1, 50), "deepseek": (1, 30), "openrouter": (1, 20)}
    assert {name: provider.retry.attempts for name, provider in found.providers.items()} == {
        "ollama": 7,
        "deepseek": 3,
        "openrouter": 3,
    }


def test_keys_inherit_price_and_limits() -> None:
    """A provider's own limits and price are what its keys have that name none."""
    text = """
        [providers.openai]
        keys = [
            { id = "a", value = "env:A" },
            { id = "b", value = "env:B", daily_limit = 1, price = { per_request = 2 } },
        ]
        daily_limit = 5
        price = { input_per_1k = 0.5 }
    """
    first, second = settings(text).providers["openai"].keys

    assert (first.daily_limit, second.daily_limit) == (5, 1)
    assert first.price == Price(input_per_1k=0.5)
    assert second.price == Price(per_request=2)
    assert first.price.per_token("input") == 0.0005
    assert second.price.per_token("input") is None


def test_options_become_the_headers_that_the_preset_names() -> None:
    """site_url and its kin are sent as headers; a header of the user's own wins."""
    text = """
        [providers.openrouter]
        site_url = "https://example.org"
        site_title = "Mine"
        headers = { X-OpenRouter-Title = "Own" }
        [providers.openai]
        organization = "org-1"
    """
    found = settings(text).providers

    assert found["openrouter"].headers == {"HTTP-Referer": "https://example.org", "X-OpenRouter-Title": "Own"}
    assert found["openai"].headers == {"OpenAI-Organization": "org-1"}


def test_one_line_over_the_presets_quirks_keeps_the_others() -> None:
    """The user mends one cell of the quirk table, not the table."""
    found = settings("[providers.mistral.quirks]\nstream_options = true\n").providers["mistral"].quirks

    assert found.stream_options
    assert found.seed_field == "random_seed"


@pytest.mark.parametrize(
    ("table", "address"),
    [
        ('preset = "vllm"\naddress = "http://box:8000"', TcpAddress("http", "box", 8000, "/v1")),
        ('preset = "vllm"\naddress = "http://box:8000/api"', TcpAddress("http", "box", 8000, "/api")),
        ('dialect = "openai_chat"\naddress = "http://10.0.0.2:8000/v1"', TcpAddress("http", "10.0.0.2", 8000, "/v1")),
        ('dialect = "ollama"\naddress = "unix:/run/ollama.sock"', UnixAddress("/run/ollama.sock")),
        ('dialect = "ollama"\naddress = "http://nas.local:11434"', TcpAddress("http", "nas.local", 11434)),
    ],
)
def test_an_address_without_path_gets_the_presets(table: str, address: TcpAddress) -> None:
    """The forgotten /v1 is supplied where the preset knows it; what the user wrote stays."""
    assert settings(f"[providers.x]\n{table}\n").providers["x"].address == address


def test_a_model_with_and_without_latest_is_one() -> None:
    """For Ollama `m` and `m:latest` are one name; elsewhere names are exact."""
    text = """
        [providers.ollama.models.one]
        slots = 1
        [providers.ollama.models."two:latest"]
        slots = 2
        [providers.vllm.models.one]
        slots = 3
    """
    ollama, vllm = settings(text).providers.values()

    assert ollama.model("one:latest").slots == ollama.model("one").slots == 1
    assert ollama.model("two").slots == 2
    assert vllm.model("one:latest") == ModelSettings()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('mode = "lan"\n[apps.a]\nmode = "any"\nmatch = { process = "a" }', ":3: apps.a.mode: is looser than"),
        ("[usage]\nbodies = true", ":2: usage.bodies: keeps every prompt"),
        ('[providers.ollama]\nproxy = "http://10.0.0.1:1"', ":2: providers.ollama.proxy: is not used"),
        ('[providers.x]\npreset = "generic"\naddress = "http://10.0.0.1"', ":3: providers.x.address: has no path"),
        ('[budget]\ncurrency = "EUR"\ndaily_limit = 1', ":1: budget.rates: has no USD"),
        ('[providers.ollama]\nsite_url = "x"', ":2: providers.ollama.site_url: is not used by ollama"),
    ],
)
def test_what_may_surprise_is_a_warning(text: str, said: str) -> None:
    """It is accepted, and a sentence with its line says what it does or does not do."""
    (warning,) = loaded(text).warnings

    assert said in warning


@pytest.mark.parametrize("place", ["lan", "cloud"])
def test_a_place_may_be_set_farther_away(place: str) -> None:
    """A tunnel from this machine to a cloud is cloud, if the user says so."""
    text = f'[providers.tunnel]\ndialect = "openai_chat"\naddress = "http://127.0.0.1:9/v1"\nplace = "{place}"\n'

    assert settings(text).providers["tunnel"].place == place


TREES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(key)} = {toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, str):
        return quoted(value)
    return {None: "1979-05-27", True: "true", False: "false"}.get(value, repr(value))  # type: ignore[call-overload, no-any-return]


def quoted(text: str) -> str:
    return '"' + "".join(char if char.isalnum() else f"\\U{ord(char):08x}" for char in text) + '"'


@given(st.sampled_from(Settings.__struct_fields__), TREES)
def test_any_value_anywhere_is_read_or_refused(key: str, tree: object) -> None:
    """Whatever TOML stands behind a key, the answer is settings or one ConfigError with a next step."""
    try:
        loaded(f"{key} = {toml(tree)}")
    except ConfigError as error:
        said = (error.line, error.next_step.strip())
    else:
        said = (1, "none needed")

    assert all(said)


@given(st.sampled_from(sorted(Settings.__struct_fields__)), st.text(max_size=30))
def test_any_text_is_read_or_refused(key: str, text: str) -> None:
    """No text makes the loader fail in another way than ConfigError."""
    try:
        found = loaded(f"[{key}]\n{text}").settings
    except ConfigError:
        return

    assert isinstance(found, Settings)
