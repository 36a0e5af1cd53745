"""Who is well: circuits, asked-for pauses and sleep, with clocks that the test turns."""

from hypothesis import given
from hypothesis import strategies as st

from hearth.outbound.circuit import FIRST_REST_S, TRIPS_AFTER
from hearth.problems import (
    BadRequest,
    BrokenReply,
    KeyRefused,
    ModelMissing,
    Overloaded,
    ProviderFault,
    ProviderRefusal,
    QuotaSpent,
    RateLimited,
    TimedOut,
    Unreachable,
)
from hearth.routing.world import UNKNOWN_PROVIDER
from hearth.senses.health import REFUSED_REST_S, TRUSTED, HealthSense
from senses.turned_clocks import Clocks

T = "box/m"


def _rest(health: HealthSense, clocks: Clocks, target: str = T) -> float:
    return max(health.target_rest(target)[0] - clocks.now, 0.0)


def _provider_rest(health: HealthSense, clocks: Clocks, name: str = "box") -> float:
    return max(health.providers.get(name, UNKNOWN_PROVIDER).resting_until - clocks.now, 0.0)


def test_five_failures_in_a_row_mean_rest() -> None:
    """Four failures are bad luck, the fifth means 30 s of rest, for this target alone (F15)."""
    clocks = Clocks()
    health = clocks.sense()

    for _ in range(4):
        health.failed(T, ProviderFault("HTTP 500", who="box"))
    assert _rest(health, clocks) == 0

    health.failed(T, ProviderFault("HTTP 500", who="box"))
    assert health.target_rest(T) == (clocks.now + 30, "HTTP 500", "")
    assert _rest(health, clocks, "box/other") == 0
    assert _rest(health, clocks, "ollama/m") == 0
    assert _provider_rest(health, clocks) == 0


def test_a_rest_says_whether_a_limit_asked_for_it() -> None:
    """F14: a 429 is no failure, with a pause named or without: who asks why hears of a limit, and not of an outage."""
    named, unnamed = Clocks().sense(), Clocks().sense()

    named.failed(T, RateLimited("slower", who="box", retry_after=9))
    for _ in range(TRIPS_AFTER):
        unnamed.failed(T, RateLimited("slower", who="box"))

    assert named.target_rest(T)[1:] == ("slower", "rate_limited")
    assert unnamed.target_rest(T)[1:] == ("slower", "rate_limited")


def test_an_outage_of_an_hour_costs_few_attempts() -> None:
    """Each failed try after a rest means a longer one, up to 300 s; a success ends it at once (F15)."""
    clocks = Clocks()
    health = clocks.sense()
    rests: list[float] = []

    for _ in range(TRIPS_AFTER - 1):
        health.failed(T, ProviderFault("down"))
    while clocks.now < 4600:
        health.trying(T)
        health.failed(T, ProviderFault("down"))
        rests.append(_rest(health, clocks))
        clocks.now += rests[-1]

    assert rests[:10] == [30, 60, 90, 120, 150, 180, 210, 240, 270, 300]
    assert set(rests[10:]) == {300}
    health.succeeded(T)
    assert health.target_rest(T) == TRUSTED


def test_after_a_rest_one_call_tries_alone() -> None:
    """While the first call after a rest is under way the others stay away; its end decides for all (F15)."""
    clocks = Clocks()
    health = clocks.sense()
    for _ in range(5):
        health.failed(T, ProviderFault("down"))
    clocks.now += 30
    assert _rest(health, clocks) == 0

    health.trying(T)

    assert _rest(health, clocks) > 0
    health.succeeded(T)
    assert _rest(health, clocks) == 0


def test_a_success_in_between_starts_the_count_anew() -> None:
    """Only failures in a row count."""
    clocks = Clocks()
    health = clocks.sense()

    for _ in range(4):
        for _ in range(4):
            health.failed(T, BrokenReply("cut"))
        health.succeeded(T)

    assert _rest(health, clocks) == 0


def test_a_refused_connection_rests_the_provider_for_a_moment() -> None:
    """Nobody listens: all targets of that provider are asked last for 2 s, then for longer; others are unaffected."""
    clocks = Clocks()
    health = clocks.sense()

    health.failed(T, Unreachable("connection refused", who="box"))

    state = health.providers["box"]
    assert _provider_rest(health, clocks) == REFUSED_REST_S
    assert (state.rest_reason, state.last_error) == ("connection refused", "box: connection refused")
    assert _provider_rest(health, clocks, "ollama") == 0
    for _ in range(4):
        clocks.now += REFUSED_REST_S
        health.failed(T, Unreachable("connection refused", who="box"))
    assert _provider_rest(health, clocks) == FIRST_REST_S


def test_a_provider_that_answers_again_is_trusted_at_once() -> None:
    """An engine that was started again need not wait for the end of a long rest."""
    clocks = Clocks()
    health = clocks.sense()
    for _ in range(5):
        health.failed(T, Unreachable("refused"))
    health.reached("box", reachable=False, error="refused")
    assert health.providers["box"].reachable is False

    health.reached("box", reachable=True)

    assert _provider_rest(health, clocks) == 0
    assert health.providers["box"].reachable is True


def test_a_healthy_port_does_not_hide_a_hung_model() -> None:
    """A server that lists its models while its generation hangs keeps the target at rest (pain 14)."""
    clocks = Clocks()
    health = clocks.sense()

    for _ in range(5):
        clocks.now += 60
        health.failed(T, TimedOut("no first token"))
        health.reached("box", reachable=True)

    assert _rest(health, clocks) == FIRST_REST_S


def test_retry_after_rests_the_target_that_long() -> None:
    """A 429 or 503 that says when to come back is taken at its word, up to an hour."""
    clocks = Clocks()
    health = clocks.sense()

    health.failed(T, RateLimited("slower", retry_after=12))
    assert _rest(health, clocks) == 12
    health.failed("box/n", Overloaded("loading", retry_after=3))
    assert _rest(health, clocks, "box/n") == 3
    health.failed("box/o", RateLimited("see you next year", retry_after=1e9))
    assert _rest(health, clocks, "box/o") == 3600


def test_faults_of_keys_callers_and_hearth_are_not_the_targets() -> None:
    """A bad key, a spent quota, a missing model or a bad request is counted, and never means rest (pain 43)."""
    clocks = Clocks()
    health = clocks.sense()

    for kind in (KeyRefused, QuotaSpent, ModelMissing, ProviderRefusal, BadRequest):
        for _ in range(10):
            health.failed(T, kind("no"))

    assert _rest(health, clocks) == 0
    assert _provider_rest(health, clocks) == 0
    assert health.errors[T] == {"key_refused": 10, "quota_spent": 10, "model_missing": 10, "provider_refusal": 10}


def test_calls_stalled_together_count_once() -> None:
    """After our process was stopped for a minute all its calls time out in one moment: no circuit trips (F36)."""
    clocks = Clocks()
    health = clocks.sense()

    for _ in range(100):
        health.failed(T, TimedOut("no next frame"))
        clocks.now += 0.001

    assert _rest(health, clocks) == 0


def test_sleep_forgets_rests_and_calls_for_a_fresh_start() -> None:
    """A suspended machine comes back: rests end, connections are dropped once, what breaks now is forgiven (F56)."""
    clocks = Clocks()
    resumed: list[float] = []
    health = HealthSense(lambda: resumed.append(clocks.now), clock=clocks.monotonic, with_sleep=clocks.boottime)
    for _ in range(5):
        health.failed(T, ProviderFault("down"))
        health.failed(T, Unreachable("refused"))

    clocks.slept = 8 * 3600
    assert health.check_suspend()

    assert resumed == [clocks.now]
    assert health.slept_s == 8 * 3600
    assert _rest(health, clocks) == 0
    assert _provider_rest(health, clocks) == 0
    for _ in range(20):
        health.failed(T, Unreachable("connection reset"))
    assert _provider_rest(health, clocks) == 0
    assert not health.check_suspend()
    clocks.now += 6
    health.failed(T, Unreachable("refused"))
    assert _provider_rest(health, clocks) == REFUSED_REST_S


def test_a_failure_may_be_what_shows_that_the_machine_slept() -> None:
    """The first broken connection after a resume is the sleep's fault, whoever notices it first (F56)."""
    clocks = Clocks()
    resumed: list[None] = []
    health = HealthSense(lambda: resumed.append(None), clock=clocks.monotonic, with_sleep=clocks.boottime)

    clocks.slept = 600
    health.failed(T, Unreachable("connection reset"))

    assert resumed == [None]
    assert _provider_rest(health, clocks) == 0


@given(st.lists(st.floats(0, 4.9 / 50), max_size=50))
def test_clocks_that_drift_are_no_sleep(drifts: list[float]) -> None:
    """Less than five seconds in all is drift; and the wall clock, however it jumps, is never looked at (F55)."""
    clocks = Clocks()
    health = clocks.sense()

    for drift in drifts:
        clocks.slept += drift
        assert not health.check_suspend()


def test_a_reload_forgets_who_was_changed() -> None:
    """A provider whose settings were edited starts afresh; the others keep what is known of them."""
    clocks = Clocks()
    health = clocks.sense()
    for target in (T, "ollama/m"):
        for _ in range(5):
            health.failed(target, ProviderFault("down"))
        health.failed(target, Unreachable("refused"))
    health.keys_usable("box", 2)

    health.keep({"ollama"})

    assert set(health.providers) == {"ollama"}
    assert set(health.errors) == {"ollama/m"}
    assert _rest(health, clocks) == 0
    assert _rest(health, clocks, "ollama/m") == FIRST_REST_S


def test_the_number_of_usable_keys_is_kept() -> None:
    """What the keys say stands beside what attempts showed."""
    health = Clocks().sense()

    health.keys_usable("box", 0)
    health.failed(T, KeyRefused("wrong key", who="box"))

    assert health.providers["box"].keys_usable == 0
    assert health.providers["box"].last_error == "box: wrong key"
