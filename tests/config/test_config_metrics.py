"""[metrics]: where the figures go besides, and what is refused there."""

from pathlib import Path

import pytest

from hearth_config.addresses import TcpAddress
from hearth_config.errors import ConfigError
from hearth_config.load import Loaded, load_text
from hearth_config.variables import Variables


def _loaded(text: str) -> Loaded:
    return load_text(f"[metrics]\n{text}\n", Path("hearth.toml"), Variables({}))


def test_the_figures_are_sent_nowhere_unless_told() -> None:
    """Hearth sends nothing of its own accord (design §2)."""
    metrics = load_text("", Path("hearth.toml"), Variables({})).settings.metrics

    assert (metrics.otlp, metrics.interval, metrics.headers) == ("off", 60.0, {})


def test_a_collector_is_an_address_like_any_other() -> None:
    """It is parsed once, as a provider's is."""
    metrics = _loaded('otlp = "http://127.0.0.1:4318"\ninterval = "15s"').settings.metrics

    assert (metrics.otlp, metrics.interval) == (TcpAddress("http", "127.0.0.1", 4318), 15.0)


@pytest.mark.parametrize(
    ("wrong", "line", "said"),
    [
        ('otlp = "127.0.0.1:4318"', 2, "metrics.otlp"),
        ('otlp = "http://collector.example.com:4318"', 2, "metrics.otlp: is plain http to the cloud"),
        ('otlp = "http://8.8.8.8:4318"', 2, "metrics.otlp: is plain http to the cloud"),
        ('interval = "1s"', 2, "metrics.interval: is too short"),
        ("interval = -5", 2, "metrics.interval"),
        ('headers = { "Host" = "x" }', 2, "metrics.headers.Host: is written by Hearth itself"),
        ('headers = { "a b" = "x" }', 2, 'metrics.headers."a b"'),
        ('otlp = "off"\nevery = "5s"', 3, "metrics.every: is no known setting"),
    ],
)
def test_what_cannot_stand_is_refused_with_its_line(wrong: str, line: int, said: str) -> None:
    """Plain http to the internet, a pause too short, headers that are ours, names nobody reads."""
    with pytest.raises(ConfigError) as refused:
        _loaded(wrong)

    assert f"hearth.toml:{line}: " in str(refused.value)
    assert said in str(refused.value)


@pytest.mark.parametrize("address", ["http://nas.local:4318", "http://192.168.1.9:4318", "https://otlp.example.com"])
def test_home_and_https_are_good(address: str) -> None:
    """In one's own network plain http will do; to the internet it is https."""
    assert not _loaded(f'otlp = "{address}"').warnings


def test_a_key_written_in_the_file_is_warned_about_and_never_shown() -> None:
    """T16: the settings' own text does not repeat a header's value."""
    found = _loaded('headers = { authorization = "Bearer canary-123" }')

    assert any("metrics.headers.authorization" in warning for warning in found.warnings)
    assert "canary" not in f"{found.warnings}{found.settings.metrics!r}{found.settings.metrics}"
