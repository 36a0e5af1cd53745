"""Who is well: circuits, asked-for pauses and sleep, with clocks that the test turns."""

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hearth.problems import (
    BadRequest,
    BrokenReply,
    KeyRefused,
    ModelMissing,
    Overloaded,
    Problem,
    ProviderFault,
    ProviderRefusal,
    QuotaSpent,
    RateLimited,
    TimedOut,
    Unreachable,
)
from hearth.routing.world import UNKNOWN_PROVIDER
from hearth.senses.circuit import CLOSED, FIRST_REST_S, LONGEST_REST_S, TRIPS_AFTER, Circuit
from hearth.senses.health import REFUSED_REST_S, HealthSense

T = "box/m"


class Clocks:
    """A clock that stops while the machine sleeps, and one that goes on."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept = 0.0

    def monotonic(self) -> float:
        return self.now

    def boottime(self) -> float:
        return self.now + self.slept


def _sense(clocks: Clocks) -> HealthSense:
    return HealthSense(clock=clocks.monotonic, with_sleep=clocks.boottime)


def _rest(health: HealthSense, clocks: Clocks, target: str = T) -> float:
    return max(health.target_rest(target)[0] - clocks.now, 0.0)


def _provider_rest(health: HealthSense, clocks: Clocks, name: str = "box") -> float:
    return max(health.providers.get(name, UNKNOWN_PROVIDER).resting_until - clocks.now, 0.0)


def test_five_failures_in_a_row_mean_rest() -> None:
    """Four failures are bad luck, the fifth means 30 s of rest, for this target alone (F15)."""
    clocks = Clocks()
    health = _sense(clocks)

    for _ in range(4):
        health.failed(T, ProviderFault("HTTP 500", who="box"))
    assert _rest(health, clocks) == 0

    health.failed(T, ProviderFault("HTTP 500", who="box"))
    assert health.target_rest(T) == (clocks.now + 30, "HTTP 500")
    assert _rest(health, clocks, "box/other") == 0
    assert _rest(health, clocks, "ollama/m") == 0
    assert _provider_rest(health, clocks) == 0


def test_an_outage_of_an_hour_costs_few_attempts() -> None:
    """Each failed try after a rest means a longer one, up to 300 s; a success ends it at once (F15)."""
    clocks = Clocks()
    health = _sense(clocks)
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
    assert health.target_rest(T) == (0.0, "")


def test_after_a_rest_one_call_tries_alone() -> None:
    """While the first call after a rest is under way the others stay away; its end decides for all (F15)."""
    clocks = Clocks()
    health = _sense(clocks)
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
    health = _sense(clocks)

    for _ in range(4):
        for _ in range(4):
            health.failed(T, BrokenReply("cut"))
        health.succeeded(T)

    assert _rest(health, clocks) == 0


def test_a_refused_connection_rests_the_provider_for_a_moment() -> None:
    """Nobody listens: all targets of that provider are asked last for 2 s, then for longer; others are unaffected."""
    clocks = Clocks()
    health = _sense(clocks)

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
    health = _sense(clocks)
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
    health = _sense(clocks)

    for _ in range(5):
        clocks.now += 60
        health.failed(T, TimedOut("no first token"))
        health.reached("box", reachable=True)

    assert _rest(health, clocks) == FIRST_REST_S


def test_retry_after_rests_the_target_that_long() -> None:
    """A 429 or 503 that says when to come back is taken at its word, up to an hour."""
    clocks = Clocks()
    health = _sense(clocks)

    health.failed(T, RateLimited("slower", retry_after=12))
    assert _rest(health, clocks) == 12
    health.failed("box/n", Overloaded("loading", retry_after=3))
    assert _rest(health, clocks, "box/n") == 3
    health.failed("box/o", RateLimited("see you next year", retry_after=1e9))
    assert _rest(health, clocks, "box/o") == 3600


def test_faults_of_keys_callers_and_hearth_are_not_the_targets() -> None:
    """A bad key, a spent quota, a missing model or a bad request is counted, and never means rest (pain 43)."""
    clocks = Clocks()
    health = _sense(clocks)

    for kind in (KeyRefused, QuotaSpent, ModelMissing, ProviderRefusal, BadRequest):
        for _ in range(10):
            health.failed(T, kind("no"))

    assert _rest(health, clocks) == 0
    assert _provider_rest(health, clocks) == 0
    assert health.errors[T] == {"key_refused": 10, "quota_spent": 10, "model_missing": 10, "provider_refusal": 10}


def test_calls_stalled_together_count_once() -> None:
    """After our process was stopped for a minute all its calls time out in one moment: no circuit trips (F36)."""
    clocks = Clocks()
    health = _sense(clocks)

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
    health = _sense(clocks)

    for drift in drifts:
        clocks.slept += drift
        assert not health.check_suspend()


def test_a_reload_forgets_who_was_changed() -> None:
    """A provider whose settings were edited starts afresh; the others keep what is known of them."""
    clocks = Clocks()
    health = _sense(clocks)
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
    health = _sense(Clocks())

    health.keys_usable("box", 0)
    health.failed(T, KeyRefused("wrong key", who="box"))

    assert health.providers["box"].keys_usable == 0
    assert health.providers["box"].last_error == "box: wrong key"


PROBLEMS = st.sampled_from(
    [
        ProviderFault("500"),
        BrokenReply("cut"),
        TimedOut("late"),
        Unreachable("refused"),
        RateLimited("slower", retry_after=7),
        RateLimited("slower"),
        Overloaded("busy", retry_after=0),
        KeyRefused("no"),
        ProviderRefusal("no"),
        BadRequest("no"),
    ]
)


NAMES = st.sampled_from(["a/m", "a/n", "b/m"])


class AnyHistory(RuleBasedStateMachine):
    """Whatever happens in whatever order, these hold."""

    def __init__(self) -> None:
        super().__init__()
        self.clocks = Clocks()
        self.health = _sense(self.clocks)

    @rule(name=NAMES, problem=PROBLEMS)
    def fails(self, name: str, problem: Problem) -> None:
        self.health.failed(name, problem)

    @rule(name=NAMES)
    def tries(self, name: str) -> None:
        self.health.trying(name)

    @rule(name=NAMES)
    def succeeds(self, name: str) -> None:
        self.health.succeeded(name)
        assert self.health.target_rest(name) == (0.0, "")
        assert self.health.providers[name[0]].resting_until == 0
        assert self.health.providers[name[0]].reachable is True

    @rule(seconds=st.floats(0, 400))
    def time_passes(self, seconds: float) -> None:
        self.clocks.now += seconds

    @precondition(lambda self: self.clocks.slept < 1e6)
    @rule(seconds=st.floats(5.1, 1e5))
    def sleeps(self, seconds: float) -> None:
        self.clocks.slept += seconds
        assert self.health.check_suspend()
        assert all(state.resting_until == 0 for state in self.health.providers.values())

    @invariant()
    def nobody_rests_for_ever(self) -> None:
        for target in ("a/m", "a/n", "b/m"):
            assert self.health.target_rest(target)[0] - self.clocks.now <= LONGEST_REST_S
        for state in self.health.providers.values():
            assert state.resting_until - self.clocks.now <= LONGEST_REST_S


AnyHistory.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
TestAnyHistory = AnyHistory.TestCase


@given(st.lists(st.sampled_from(["fail", "try", "wait"]), max_size=80))
def test_a_circuit_rests_longer_only_when_tried(history: list[str]) -> None:
    """Failures that come in during a rest were sent before it: they do not lengthen it."""
    circuit, now = CLOSED, 0.0
    for step in history:
        before = circuit
        if step == "wait":
            now += 10
        elif step == "try":
            circuit = circuit.trying(now)
        else:
            circuit = circuit.failed(now, "down")
            if before.resting_until > now and not before.probing:
                assert circuit.resting_until == before.resting_until
        assert 0 <= circuit.trips <= circuit.failures
        assert (circuit.trips == 0) == (circuit.resting_until == 0.0)


def test_an_asked_for_pause_never_shortens_a_rest() -> None:
    """A short Retry-After in a long rest changes nothing."""
    resting = Circuit(5, 1, 30.0, "down")

    assert resting.rest(10.0, "slower") == resting
    assert resting.rest(40.0, "slower").resting_until == 40.0
