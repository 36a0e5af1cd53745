"""How a provider or a model is, in one line of `hearth status`."""

import pytest

from hearth.cli.health_words import health_in_words
from hearth.status_health import CheckStatus, HealthStatus


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (
            HealthStatus("ollama", "machine", check=CheckStatus(12.0, "list", 4.2)),
            "is well, looked at 12.0 s ago, answered",
        ),
        (HealthStatus("far/m", "cloud", "doubted", "It broke.", failures=1), "has failed 1 time in a row (It broke)"),
        (
            HealthStatus("far/m", "cloud", "rests", "It broke.", rests_s=28.0, failures=5),
            "rests for 28.0 s more after 5 failures in a row (It broke)",
        ),
        (
            HealthStatus("far/m", "cloud", "rests", "Too many requests.", rests_s=7.0),
            "rests for 7.0 s more as it wishes (Too many requests)",
        ),
        (HealthStatus("far/m", "cloud", "tried", "one call is trying it again"), "is tried again by one call"),
        (
            HealthStatus("far/m", "cloud", success=0.98, first_token_s=0.4, tokens_per_s=35.4),
            "98% of its calls lately ended well, first token after 0.40 s, 35 tokens/s",
        ),
        (HealthStatus("far/m", "cloud", in_flight=2, quiet_s=4.0), "2 calls in flight, silent for 4.0 s"),
        (HealthStatus("far/m", "cloud", in_flight=1, quiet_s=0.2), "1 call in flight"),
        (HealthStatus("far/m", "cloud", errors={"timeout": 2, "overloaded": 1}), "failed by overloaded 1, timeout 2"),
        (
            HealthStatus("ollama/m", "machine", check=CheckStatus(3.0, "token", 9.0, "It hangs.")),
            "asked for a token 3.0 s ago: It hangs",
        ),
    ],
)
def test_a_line_says_how_somebody_is(status: HealthStatus, words: str) -> None:
    """Name and place first, then what is known and nothing that is not."""
    line = health_in_words(status)

    assert line.startswith(f"{status.name} (")
    assert words in line
    assert "None" not in line
