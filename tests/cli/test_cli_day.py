"""Today's sums and the last calls in the terminal, for those who have no tray."""

from hearth.cli.day_view import facts_of_day
from hearth.record import CallRecord
from hearth.status import Usage, UsageReport

CALL = CallRecord(
    "1", 0.0, "zed", "ollama", "chat", "chat", "fast", "any", True, "openai/x", "cloud", "busy", 1, "truncated",
    total_ms=1500.0,
)  # fmt: skip


def test_today_and_the_last_calls_are_said() -> None:
    """Tokens, cost and what is unknown of it; then where each call was answered, and why."""
    total = Usage("", 3, 0, 1000, 200, 0, 0, 2, {"USD": 0.5}, 1)
    said = list(facts_of_day(UsageReport("place", None, None, (), total=total), (CALL,)))

    assert said[0] == ("today", "3 calls, 1,200 tokens, 0.5000 USD + 1 unknown")
    assert said[1][0] == "last"
    assert said[1][1].endswith("openai/x (cloud, busy) 1.5 s, truncated")


def test_a_day_without_calls_says_so() -> None:
    """It is no table of zeros."""
    assert list(facts_of_day(UsageReport("place", None, None, ()), ())) == [("today", "no calls yet")]
