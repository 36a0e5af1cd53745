"""Any history of failures, successes, sleep and time: what holds after each."""

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hearth.outbound.circuit import CLOSED, LONGEST_REST_S, Circuit
from hearth.problems import (
    BadRequest,
    BrokenReply,
    KeyRefused,
    Overloaded,
    Problem,
    ProviderFault,
    ProviderRefusal,
    RateLimited,
    TimedOut,
    Unreachable,
)
from hearth.senses.health import TRUSTED
from senses.turned_clocks import Clocks

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
        self.health = self.clocks.sense()

    @rule(name=NAMES, problem=PROBLEMS)
    def fails(self, name: str, problem: Problem) -> None:
        self.health.failed(name, problem)

    @rule(name=NAMES)
    def tries(self, name: str) -> None:
        self.health.trying(name)

    @rule(name=NAMES)
    def succeeds(self, name: str) -> None:
        self.health.succeeded(name)
        assert self.health.target_rest(name) == TRUSTED
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
