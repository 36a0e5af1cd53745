"""What the tray shows of a daemon, without a display."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hearth.record import CallRecord
from hearth.status import ConfigStatus, LedgerStatus, ModelStatus, Status, Usage, UsageReport
from hearth.status_money import BudgetStatus
from hearth.told import DefaultModel
from hearth_config.words import MODES
from hearth_tray.facts import Activity, Facts
from hearth_tray.menu import Action, Line, View
from hearth_tray.view import LIFT, MOST_MODELS, STOP, icon_of, view
from hearth_tray.words import clipped, memory, money, tokens

HERE = ModelStatus(
    "ollama/qwen3:8b", "ollama", "qwen3:8b", "machine", loaded=True, size=6_000_000_000, size_vram=5_200_000_000
)
COLD = ModelStatus("ollama/a-coder:7b", "ollama", "a-coder:7b", "machine")
CLOUD = ModelStatus("openai/gpt-5.9", "openai", "gpt-5.9", "cloud")
STATUS = Status(
    version="1", pid=1, uptime_s=1.0, mode="prefer-local", ceiling="any", switched="", default_model="qwen3:8b",
    listening=(), config=ConfigStatus("/etc/hearth.toml"), providers=(), loaded=(HERE,), calls=(), served=3,
    ledger=LedgerStatus("ok", "", "", 0, 0, 0), contacts=(),
)  # fmt: skip
FACTS = Facts(STATUS, (CLOUD, COLD, HERE), DefaultModel("qwen3:8b"))


def with_status(**changes: Any) -> Facts:  # noqa: ANN401 -- any member
    """The facts with another status."""
    return replace(FACTS, status=replace(STATUS, **changes))


def labels(lines: tuple[Line, ...]) -> list[str]:
    """The texts of a menu."""
    return [line.label for line in lines if not line.divides]


def below(shown: View, start: str) -> tuple[Line, ...]:
    """The menu below the line that begins so."""
    return next(line.lines for line in shown.lines if line.label.startswith(start))


def actions(lines: tuple[Line, ...]) -> list[Action]:
    """All that can be chosen, in all menus."""
    return [line.action for line in lines if line.action] + [one for line in lines for one in actions(line.lines)]


@pytest.mark.parametrize(
    ("facts", "icon"),
    [
        (FACTS, "idle"),
        (replace(FACTS, activity=Activity(here=1)), "local"),
        (replace(FACTS, activity=Activity(lan=1)), "local"),
        (replace(FACTS, activity=Activity(here=1, queued=2)), "queue"),
        (replace(FACTS, activity=Activity(here=3, away=1, queued=2)), "cloud"),
        (with_status(mode="offline"), "offline"),
        (replace(with_status(mode="offline"), activity=Activity(here=1)), "local"),
        (with_status(config=ConfigStatus("x", "x.toml:3: no")), "config_error"),
    ],
)
def test_the_icon_shows_what_matters_most(facts: Facts, icon: str) -> None:
    """A mistake is above all; then what leaves the machine, what waits, what goes on here."""
    assert icon_of(facts) == icon
    assert view(facts).icon == icon


def test_a_daemon_that_is_away_can_be_started() -> None:
    """The icon stays, and says so."""
    shown = view(None)

    assert (shown.icon, shown.title) == ("away", "Hearth is not running")
    assert [action.doing for action in actions(shown.lines)] == ["start", "config", "quit"]


def test_models_are_local_ones_first_and_loaded_ones_first_of_all() -> None:
    """The default is marked; the cloud's come last."""
    lines = below(view(FACTS), "Model: qwen3:8b")

    assert labels(lines) == ["ollama/qwen3:8b · loaded", "ollama/a-coder:7b", "openai/gpt-5.9 (cloud)"]
    assert [line.checked for line in lines] == [True, False, False]
    assert all(line.radio for line in lines)
    assert lines[2].action == Action("use", "openai/gpt-5.9")


@pytest.mark.parametrize("mode", ["offline", "lan"])
def test_models_that_the_mode_forbids_are_not_offered(mode: str) -> None:
    """What cannot be used is no choice."""
    lines = below(view(with_status(mode=mode)), "Model:")

    assert "openai/gpt-5.9 (cloud)" not in labels(lines)


@pytest.mark.parametrize("ceiling", MODES)
def test_modes_are_those_that_the_file_allows(ceiling: str) -> None:
    """None looser than hearth.toml says."""
    lines = below(view(with_status(ceiling=ceiling, mode="offline")), "Mode:")

    assert [line.action.what for line in lines if line.action] == list(MODES[: MODES.index(ceiling) + 1])
    assert [line.checked for line in lines].count(True) == 1


def test_the_kill_switch_is_one_line_that_becomes_its_own_lift() -> None:
    """It is never two clicks away."""
    assert Line(STOP, Action("stop_leaving")) in view(FACTS).lines
    assert Line(LIFT, Action("lift_stop"), checked=True) in view(with_status(stopped=True, mode="offline")).lines


def test_what_only_embeds_is_no_default() -> None:
    """It would refuse every question; a model of which nobody knows what it can is there."""
    embeds = replace(COLD, name="ollama/nomic", model="nomic", capabilities=("embedding",))
    both = replace(COLD, name="ollama/both", model="both", capabilities=("completion", "embedding"))

    shown = below(view(replace(FACTS, models=(embeds, both, COLD))), "Model: ")

    assert [line.label for line in shown] == ["ollama/a-coder:7b", "ollama/both"]


def test_memory_can_be_freed_at_once() -> None:
    """Each loaded model, with all that it holds, on the graphics card or not."""
    lines = below(view(FACTS), "ollama/qwen3:8b: 6.0 GB (5.2 GB on the GPU)")

    assert lines == (Line("Free its memory now", Action("unload", "ollama/qwen3:8b")),)


@pytest.mark.parametrize(
    ("size", "card", "said"),
    [(6e9, 0, ": 6.0 GB"), (6e9, 6e9, ": 6.0 GB"), (None, 5e9, ": 5.0 GB"), (6e9, None, ": 6.0 GB"), (None, None, "")],
)
def test_memory_is_that_of_the_machine_and_of_the_card(size: int | None, card: int | None, said: str) -> None:
    """A model without a graphics card holds memory too; what is not known is not said."""
    held = replace(HERE, size=size, size_vram=card)

    assert f"ollama/qwen3:8b{said}" in [line.label for line in view(with_status(loaded=(held,))).lines]


def test_a_mistake_opens_the_file_at_its_line() -> None:
    """The number is that of the message."""
    shown = view(with_status(config=ConfigStatus("/c/hearth.toml", "/c/hearth.toml:12: [busy] quue: unknown key")))

    assert Action("config", "12") in actions(shown.lines)


def test_today_says_tokens_cost_and_what_is_not_known() -> None:
    """An unknown cost is never shown as none."""
    sums = Usage("", 4, 0, 12_000, 345, 0, 0, 3, {"USD": 0.123}, 1)
    shown = view(replace(FACTS, today=UsageReport("place", None, None, (), total=sums)))

    assert "Today: 12,345 tokens, 0.12 USD, 1 of unknown cost" in labels(shown.lines)


def test_what_is_left_is_that_of_the_tightest_limit() -> None:
    """What calls under way may need is set aside."""
    wide = BudgetStatus("all", "", "month", "2026-11", 10.0, 1.0, 0.0, "EUR", "ok")
    tight = BudgetStatus("provider", "openai", "day", "2026-11-21", 1.0, 0.5, 0.2, "EUR", "ok")

    assert "Left today: 0.30 EUR (provider openai)" in labels(view(with_status(budgets=(wide, tight))).lines)
    assert "Left this month: 9.00 EUR" in labels(view(with_status(budgets=(wide,))).lines)


def test_the_last_calls_say_where_and_why() -> None:
    """Time, target, place, reason, and how it ended when not well."""
    call = CallRecord(
        "1", 0.0, "", "ollama", "chat", "chat", "fast", "any", True, "openai/gpt-5.9", "cloud", "busy", 1, "truncated"
    )
    lines = below(view(replace(FACTS, lately=(call,))), "Last calls")

    assert labels(lines)[0].endswith("openai/gpt-5.9 · cloud · busy · truncated")


def test_hundreds_of_models_are_left_to_the_dashboard() -> None:
    """A menu has an end."""
    many = tuple(replace(COLD, name=f"ollama/m{number}", model=f"m{number}") for number in range(200))
    lines = below(view(replace(FACTS, models=many)), "Model:")

    assert len(lines) == MOST_MODELS + 1
    assert lines[-1].action == Action("dashboard", "models")


@given(st.text(), st.text(), st.text())
def test_hostile_names_stay_one_short_line(name: str, error: str, default: str) -> None:
    """Whatever a provider calls its models, a menu has lines of bounded width."""
    model = replace(HERE, name=name, model=name)
    facts = replace(
        with_status(loaded=(model,), config=ConfigStatus("x", error)), models=(model,), default=DefaultModel(default)
    )

    shown = view(facts)

    every = [shown.title, *labels(shown.lines), *(label for line in shown.lines for label in labels(line.lines))]
    assert all(len(label) <= 100 and label.isprintable() for label in every)


@given(st.text(), st.integers(4, 80))
def test_clipping_never_gives_more_than_asked(text: str, width: int) -> None:
    """One line, no controls."""
    assert len(clipped(text, width)) <= width
    assert "\n" not in clipped(text, width)


def test_figures_are_said_short() -> None:
    """As people say them."""
    assert [memory(size) for size in (12, 4_200_000, 5_200_000_000, 64_000_000_000)] == [
        "12 B",
        "4.2 MB",
        "5.2 GB",
        "64 GB",
    ]
    assert [tokens(count) for count in (0, 12_345, 2_345_678)] == ["0", "12,345", "2.3 million"]
    assert [money(amount, "EUR") for amount in (1.5, 0.00123)] == ["1.50 EUR", "0.0012 EUR"]
