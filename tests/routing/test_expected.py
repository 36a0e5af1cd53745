"""The expected time to the first token, and how it is learned."""

from hypothesis import given
from hypothesis import strategies as st

from hearth.call import Outline
from hearth.routing.expected import (
    HALF_LIFE,
    PRIOR_FIRST_TOKEN,
    Average,
    Learned,
    estimate_tokens,
    expected_first_token,
    load_rest,
    queue_wait,
    slowdown,
)
from hearth.routing.world import Machine, TargetState

seconds = st.floats(0, 600)


def first_token(state: TargetState, tokens: int = 100, *, cold: bool = False, machine: Machine | None = None) -> float:
    return expected_first_token(state, tokens, now=100.0, machine=machine or Machine(), cold=cold)


def test_an_idle_model_of_which_nothing_is_known_answers_soon() -> None:
    """Ignorance is no reason to send a call away."""
    assert first_token(TargetState(loaded=True)) == PRIOR_FIRST_TOKEN


def test_long_prompts_are_remembered_apart_from_short_ones() -> None:
    """What a long prompt took says nothing about a short one."""
    learned = Learned().saw_first_token(20_000, 40.0, 100.0)

    assert first_token(TargetState(learned=learned), 20_000) > 30
    assert first_token(TargetState(learned=learned), 100) == PRIOR_FIRST_TOKEN


def test_the_queue_ahead_takes_what_such_calls_took_lately() -> None:
    """One slot, one running, two waiting: three calls of eight seconds."""
    learned = Learned()
    for _ in range(8):
        learned = learned.saw_call(8.0, 200, 100.0)
    state = TargetState(in_flight=1, queued=2, learned=learned)

    assert 23 < queue_wait(state, 100.0) < 25
    assert 24 < learned.rate.value(100.0, 0.0) < 26


def test_a_load_under_way_counts_what_is_left_of_it() -> None:
    """And one that overruns still counts a little: it is not done."""
    learned = Learned().saw_load(25.0, 100.0)
    whole = load_rest(TargetState(learned=learned), None, 100.0)

    assert load_rest(TargetState(loading_since=90.0, learned=learned), None, 100.0) == whole - 10
    assert load_rest(TargetState(loading_since=0.0, learned=learned), None, 100.0) == 1.0


def test_a_model_never_loaded_is_judged_by_its_weight() -> None:
    """Forty gigabytes must be read from disk."""
    assert load_rest(TargetState(), 40_000_000_000, 100.0) == 41.0


def test_other_programs_slow_the_part_on_the_processor() -> None:
    """Nothing of a model on the GPU, part of a spilled one, all of one without a GPU; four times at most."""
    half = Machine(other_cpu=0.5)

    assert slowdown(TargetState(gpu_share=1.0), half) == 1.0
    assert slowdown(TargetState(gpu_share=0.5), half) == 1.5
    assert slowdown(TargetState(), half) == 2.0
    assert slowdown(TargetState(), Machine(other_cpu=1.0)) == 4.0


def test_what_was_learned_is_forgotten() -> None:
    """A slow hour does not keep a model out of use for ever: the value returns to the prior."""
    learned = Average().add(60.0, 0.0)

    assert learned.value(0.0, 1.0) > 45
    assert learned.value(20 * HALF_LIFE, 1.0) < 1.1


def test_one_call_far_out_of_line_does_not_spoil_the_mean() -> None:
    """A suspended machine wakes with a call of an hour: it counts for four times the mean."""
    steady = Average()
    for _ in range(8):
        steady = steady.add(1.0, 0.0)

    assert steady.add(3600.0, 0.0).value(0.0, 1.0) < 1.5


def test_tokens_are_guessed_from_bytes_and_images() -> None:
    """Four bytes a token, rounded up, and a thousand an image."""
    assert estimate_tokens(Outline("chat", "chat", "m", stream=False, prompt_bytes=9, images=2)) == 2003


@given(values=st.lists(st.tuples(seconds, st.floats(0, 1e6)), min_size=1, max_size=20), later=st.floats(0, 1e6))
def test_an_average_stays_within_what_was_seen(values: list[tuple[float, float]], later: float) -> None:
    """Whatever the order and the gaps, a clock that jumps back included."""
    average = Average()
    for value, at in values:
        average = average.add(value, at)

    low, high = min(value for value, _ in values), max(value for value, _ in values)
    assert low - 1e-6 <= average.mean <= high + 1e-6
    assert min(low, 1.0) - 1e-6 <= average.value(later, 1.0) <= max(high, 1.0) + 1e-6


@given(
    in_flight=st.integers(0, 50),
    queued=st.integers(0, 50),
    slots=st.integers(1, 8),
    call=seconds,
    more=st.integers(1, 9),
)
def test_a_longer_queue_never_means_a_shorter_wait(
    in_flight: int, queued: int, slots: int, call: float, more: int
) -> None:
    """The wait is never negative, and grows with the queue."""
    learned = Learned().saw_call(call, None, 0.0)
    short = TargetState(in_flight=in_flight, queued=queued, slots=slots, learned=learned)
    long = TargetState(in_flight=in_flight, queued=queued + more, slots=slots, learned=learned)

    assert 0 <= queue_wait(short, 0.0) <= queue_wait(long, 0.0)
