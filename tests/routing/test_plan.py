"""Whom a call may try, in which order, and the word that says why."""

from msgspec.structs import replace

from hearth.call import Wishes
from hearth.problems import ContextTooLong, Forbidden, UnknownModel, Unsupported
from hearth.routing.inventory import Inventory
from hearth.routing.world import ProviderState, TargetState, World
from hearth_config.settings import Alias, App, Fallback, Match, ModelSettings
from routing.routing_examples import (
    DOWN,
    FAST,
    a_call,
    box,
    household,
    ollama,
    planned,
    reasons,
    tried,
)

CLOUD = "openrouter/qwen/qwen3-8b"
BUSY = World(now=100.0, states={"ollama/qwen3:8b": TargetState(loaded=True, in_flight=1, queued=5)})


def test_an_idle_local_model_is_tried_first_and_the_fallback_stands_behind_it() -> None:
    """Should it fail when it is tried, the next candidate is there."""
    made = planned(a_call("qwen3:8b"))

    assert tried(made) == ["ollama/qwen3:8b", CLOUD]
    assert reasons(made) == ["local", "fallback"]


def test_local_first_orders_by_distance() -> None:
    """This machine, the network, the cloud, whatever the alias lists first."""
    made = planned(a_call("fast"))

    assert tried(made) == ["ollama/qwen3:8b", "box/qwen3-8b", CLOUD]
    assert reasons(made) == ["local", "local", "listed"]


def test_as_listed_keeps_the_users_order_in_mode_any() -> None:
    """In mode any the strategy alone decides."""
    alias = replace(FAST, strategy="as_listed")

    made = planned(a_call("fast"), household(mode="any", models={"fast": alias}))

    assert tried(made) == list(FAST.use)
    assert reasons(made)[0] == "listed"


def test_prefer_local_puts_the_cloud_last_whatever_the_strategy() -> None:
    """Mode prefer-local: the cloud when local cannot; the rest stays as listed."""
    alias = replace(FAST, strategy="as_listed")

    made = planned(a_call("fast"), household(mode="prefer-local", models={"fast": alias}))

    assert tried(made) == ["box/qwen3-8b", "ollama/qwen3:8b", CLOUD]


def test_busy_goes_to_the_fallback_and_comes_back_last() -> None:
    """The busy model is not lost: it is tried, or queued for, when the cloud fails."""
    made = planned(a_call("qwen3:8b"), world=BUSY)

    assert tried(made) == [CLOUD, "ollama/qwen3:8b"]
    assert reasons(made) == ["busy", "local"]


def test_busy_without_anywhere_to_go_waits_at_home() -> None:
    """T31: "busy" never pushes a private call into the cloud; it waits in the local queue."""
    made = planned(a_call("qwen3:8b", mode="offline"), world=BUSY)

    assert tried(made) == ["ollama/qwen3:8b"]
    assert made.candidates[0].verdicts[0].code == "busy"
    assert made.refused[0].target.name == CLOUD


def test_a_missing_model_goes_to_the_fallback() -> None:
    """A name nobody knows, and one that the local Ollama has not installed."""
    by_name, in_full = planned(a_call("qwen3:14b")), planned(a_call("ollama/qwen3:14b"))

    assert (tried(by_name), reasons(by_name)) == ([CLOUD], ["missing"])
    assert (tried(in_full), reasons(in_full)) == ([CLOUD], ["missing"])


def test_a_model_known_to_be_missing_is_asked_for_if_nobody_else_is_left() -> None:
    """The list may be a moment old, so the provider has the last word."""
    made = planned(a_call("ollama/qwen3:14b"), household(fallback=Fallback()))

    assert tried(made) == ["ollama/qwen3:14b"]
    assert made.candidates[0].verdicts[0].code == "missing"


def test_a_provider_that_is_down_goes_to_the_fallback() -> None:
    """F1: a local provider that does not answer is tried last."""
    world = World(providers={"ollama": ProviderState(reachable=False, last_error="connection refused")})

    made = planned(a_call("qwen3:8b"), world=world, inventory=Inventory({"ollama": DOWN}))

    assert tried(made) == [CLOUD, "ollama/qwen3:8b"]
    assert reasons(made) == ["down", "local"]


def test_a_cooldown_never_takes_the_last_candidate() -> None:
    """F15: who rests is tried last, so a model that stands alone is still tried."""
    resting = TargetState(loaded=True, resting_until=130.0, rest_reason="HTTP 500")
    world = World(now=100.0, states={"ollama/qwen3:8b": resting})

    alone = planned(a_call("local/qwen3:8b"), world=world)
    beside = planned(a_call("fast"), world=world)

    assert tried(alone) == ["ollama/qwen3:8b"]
    assert tried(beside)[-1] == "ollama/qwen3:8b"
    assert alone.candidates[0].verdicts[0].detail == "rests for 30 s more (HTTP 500)"


def test_a_refusal_of_the_local_model_does_not_open_the_fallback() -> None:
    """Fallback is for busy, missing and down. A picture the model cannot see is an error that says so."""
    made = planned(a_call("qwen3:8b", needs=frozenset({"images"})))

    assert tried(made) == []
    assert isinstance(made.problem, Unsupported)
    assert "ollama/qwen3:8b cannot read images" in made.problem.text


def test_within_an_alias_the_next_able_target_answers() -> None:
    """A feature is never dropped: who lacks it is passed over, and the header says by which policy."""
    settings = household(models={"see": Alias(use=("ollama/qwen3:8b", "ollama/llava"))})

    made = planned(a_call("see", needs=frozenset({"images"})), settings)

    assert tried(made) == ["ollama/Llava:latest"]
    assert reasons(made) == ["refused:ability"]


def test_a_prompt_too_long_for_all_is_refused_with_the_numbers() -> None:
    """Never cut silently: the error says how much fits, and which setting holds it down."""
    settings = household(
        providers={"ollama": ollama(models={"qwen3:8b": ModelSettings(num_ctx=4096)})}, fallback=Fallback()
    )

    made = planned(a_call("qwen3:8b", prompt_bytes=100_000), settings)

    assert isinstance(made.problem, ContextTooLong)
    assert "holds 4,096 tokens" in made.problem.text
    assert 'num_ctx in [providers.ollama.models."qwen3:8b"]' in made.problem.text


def test_a_long_prompt_goes_to_the_larger_window_of_an_alias() -> None:
    """Truncation is refused or routed up."""
    made = planned(a_call("fast", prompt_bytes=120_000))

    assert tried(made) == ["box/qwen3-8b", CLOUD]
    assert reasons(made)[0] == "refused:context_window"


def test_a_caller_may_forbid_or_ask_for_routing_by_length() -> None:
    """`context = "refuse"` stops at the first target; `context = "route"` opens the fallback to long prompts too."""
    refusing = Wishes(context="refuse")
    routing = Wishes(context="route")

    stopped = planned(a_call("fast", prompt_bytes=120_000, wishes=refusing))
    routed = planned(a_call("qwen3:8b", prompt_bytes=120_000, wishes=routing))

    assert isinstance(stopped.problem, ContextTooLong)
    assert tried(routed) == [CLOUD]


def test_an_unknown_name_is_answered_with_the_nearest_ones() -> None:
    """404 in words that help."""
    made = planned(a_call("qwen3:9b"), household(fallback=Fallback()))

    assert isinstance(made.problem, UnknownModel)
    assert 'Did you mean "qwen3:8b"' in made.problem.text
    assert made.problem.code == "model_not_found"


def test_no_name_and_no_default_says_what_to_set() -> None:
    """The next step is in the error."""
    made = planned(a_call(""), household(providers={}, models={}, fallback=Fallback()))

    assert isinstance(made.problem, UnknownModel)
    assert "default_model" in made.problem.text


def test_a_forbidden_cloud_says_which_line_forbids_it() -> None:
    """The file, the switch, the app, or the request itself."""
    app = App(match=Match(user_agent="Zed/*"), mode="offline")
    name = "openrouter/x"

    by_file = planned(a_call(name, mode="offline"), household(mode="offline"))
    by_switch = planned(a_call(name, mode="lan"), world=World(mode="lan"))
    by_app = planned(a_call(name, mode="offline", app="zed"), household(apps={"zed": app}))
    by_request = planned(a_call(name, mode="lan"))

    texts = [
        made.problem.text for made in (by_file, by_switch, by_app, by_request) if isinstance(made.problem, Forbidden)
    ]
    assert 'mode = "offline" in hearth.toml' in texts[0]
    assert "`hearth mode lan`" in texts[1]
    assert 'mode = "offline" in [apps.zed]' in texts[2]
    assert "the request's own mode lan" in texts[3]


def test_a_missing_model_whose_fallback_is_forbidden_says_both() -> None:
    """The model is not here, and the mode keeps the call from going where it is."""
    made = planned(a_call("qwen3:14b", mode="offline"))

    assert isinstance(made.problem, Forbidden)
    assert 'No model "qwen3:14b" is here' in made.problem.text
    assert "forbids" in made.problem.text


def test_an_app_gets_the_models_it_may_use_and_no_other() -> None:
    """`models` of an app names aliases or models; its fallback is held to the list too."""
    settings = household(apps={"zed": App(match=Match(user_agent="Zed/*"), models=("fast",))})

    allowed = planned(a_call("fast", app="zed"), settings)
    refused = planned(a_call("llava", app="zed"), settings)

    assert tried(allowed)[0] == "ollama/qwen3:8b"
    assert isinstance(refused.problem, Forbidden)
    assert "[apps.zed]" in refused.problem.text


def test_a_cold_model_that_was_put_off_is_named_for_loading() -> None:
    """Else a model that loads longer than `patience` would never become warm."""
    slow = TargetState(loaded=False, learned=TargetState().learned.saw_load(25.0, 99.0))
    world = World(now=100.0, states={"ollama/qwen3:8b": slow})

    made = planned(a_call("qwen3:8b"), world=world)

    assert reasons(made) == ["busy", "local"]
    assert [target.name for target in made.warm] == ["ollama/qwen3:8b"]


def test_a_missing_model_is_fetched_only_where_the_mode_lets_it() -> None:
    """A registry is cloud: offline and lan fetch nothing."""
    fallback = Fallback(cloud=("box/qwen3-8b",))
    settings = household(providers={"ollama": ollama(pull="background"), "box": box()}, fallback=fallback)

    open_, private = planned(a_call("qwen3:14b"), settings), planned(a_call("qwen3:14b", mode="lan"), settings)

    assert [target.name for target in open_.pulls] == ["ollama/qwen3:14b"]
    assert (tried(private), private.pulls) == (["box/qwen3-8b"], ())


def test_a_slip_in_the_name_is_the_plans_problem() -> None:
    """`ollama:qwen3:8b` reaches the caller as a 400 with the right spelling."""
    made = planned(a_call("ollama:qwen3:8b"))

    assert made.problem is not None
    assert made.problem.status == 400
    assert made.candidates == ()


def test_those_refused_for_one_reason_are_named_together() -> None:
    """The same sentence three times is one that nobody reads."""
    native = replace(a_call("fast").outline, native=("previous_response_id",))

    made = planned(replace(a_call("fast"), outline=native, dialect="openai_responses"))

    assert made.problem is not None
    assert made.problem.message.count("has no form for") == 1
    assert "; the same holds for " in made.problem.message
