"""How long a caller would wait for the first token, from what such calls took lately. Learned times decay."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from hearth.call import Outline

if TYPE_CHECKING:
    from hearth.routing.targets import Target
    from hearth.routing.world import Machine, TargetState
    from hearth_config.settings import Busy

BUCKETS = (256, 1024, 4096, 16384, 65536)
"""Prompt lengths in tokens that part the times to the first token."""

HALF_LIFE = 300.0
"""Seconds after which what was seen counts half."""

_MOST_WEIGHT = 8.0
_OUTLIER = 4.0
_LEAST_MEAN = 0.25
_TRUST = 0.25
_IMAGE_TOKENS = 1000
_BYTES_PER_TOKEN = 4
_LEAST_REST = 1.0
_LEAST_WRITING = 0.1
_LEAST_SECONDS = 1e-6
_WORST_SLOWDOWN = 4.0

PRIOR_FIRST_TOKEN = 0.5
PRIOR_CALL = 5.0
PRIOR_LOAD = 5.0
PRIOR_RATE = 30.0
USUAL_ANSWER = 500
"""The tokens an answer is taken to have that may be longer."""
LOAD_BYTES_PER_SECOND = 1e9


class Average(Struct, frozen=True):
    """A mean whose past loses half its weight every `HALF_LIFE` seconds."""

    mean: float = 0.0
    weight: float = 0.0
    at: float = 0.0

    def add(self, value: float, now: float) -> Average:
        """Return the average with one more value seen at `now`; one far out of line counts for four times the mean."""
        old = self._weight_at(now)
        if old >= 1:
            value = min(value, max(self.mean, _LEAST_MEAN) * _OUTLIER)
        return Average((self.mean * old + value) / (old + 1), min(old + 1, _MOST_WEIGHT), now)

    def value(self, now: float, prior: float) -> float:
        """Return the mean, drawn to `prior` the less and the longer ago it was fed."""
        weight = self.weight
        if not weight:
            return prior
        age = now - self.at
        if age > 0:
            weight *= 0.5 ** (age / HALF_LIFE)  # as `_weight_at`, without its call: 200 targets ask for one plan
        return (self.mean * weight + prior * _TRUST) / (weight + _TRUST)

    def _weight_at(self, now: float) -> float:
        age = now - self.at
        return self.weight * 0.5 ** (age / HALF_LIFE) if age > 0 else self.weight


_FRESH = Average()


class Learned(Struct, frozen=True):
    """What a target's calls took lately, in seconds (`rate`: tokens a second)."""

    first_token: tuple[Average, ...] = (_FRESH,) * (len(BUCKETS) + 1)
    call: Average = _FRESH
    """How long a call holds its slot."""
    load: Average = _FRESH
    rate: Average = _FRESH

    def saw_first_token(self, prompt_tokens: int, seconds: float, now: float) -> Learned:
        """Return this with one more time from slot to first token, loading left out."""
        place = bisect_right(BUCKETS, prompt_tokens)
        fed = self.first_token[place].add(seconds, now)
        return replace(self, first_token=(*self.first_token[:place], fed, *self.first_token[place + 1 :]))

    def saw_call(
        self, seconds: float, output_tokens: int | None, now: float, first_token: float | None = None
    ) -> Learned:
        """Return this with one more call that held its slot that long.

        The rate is that of the tokens after the first one, where they did not all come at once.
        """
        writing = seconds - (first_token or 0.0)
        if writing < seconds * _LEAST_WRITING:
            writing = seconds
        rate = self.rate.add(output_tokens / writing, now) if output_tokens and writing >= _LEAST_SECONDS else self.rate
        return replace(self, call=self.call.add(seconds, now), rate=rate)

    def saw_load(self, seconds: float, now: float) -> Learned:
        """Return this with one more load of the model."""
        return replace(self, load=self.load.add(seconds, now))


def reading_s(learned: Learned, prompt_tokens: int) -> float:
    """Return what such prompts took to their first token lately, or what shorter ones let expect; 0: not known."""
    place = bisect_right(BUCKETS, prompt_tokens)
    if learned.first_token[place].weight:
        return learned.first_token[place].mean
    for shorter in range(place - 1, -1, -1):
        if learned.first_token[shorter].weight:
            return learned.first_token[shorter].mean * prompt_tokens / BUCKETS[shorter]
    return 0.0


def estimate_tokens(outline: Outline) -> int:
    """Guess a prompt's tokens: four bytes each, a thousand an image."""
    return -(-outline.prompt_bytes // _BYTES_PER_TOKEN) + outline.images * _IMAGE_TOKENS


def usual_answer(outline: Outline) -> int:
    """Guess an answer's tokens: the usual number, or fewer where the call allows no more; a vector has none."""
    if outline.operation == "embed":
        return 0
    return USUAL_ANSWER if outline.max_tokens is None else max(min(outline.max_tokens, USUAL_ANSWER), 0)


def is_cold(target: Target, state: TargetState) -> bool:
    """Say whether the model would have to be loaded first; only Ollama is known to load on demand."""
    if target.dialect != "ollama" or state.loading_since is not None:
        return False
    return not (target.loaded if state.loaded is None else state.loaded)


def heeded(machine: Machine, busy: Busy) -> Machine:
    """Return the machine as far as the user lets it count: with other_cpu = "off" other programs slow nothing."""
    return machine if busy.other_cpu is not None or not machine.other_cpu else replace(machine, other_cpu=None)


def expected_first_token(
    state: TargetState, prompt_tokens: int, *, now: float, machine: Machine, cold: bool, size: int | None = None
) -> float:
    """Return the seconds a caller would wait: queue ahead, rest of the load, then its own prompt.

    `cold`: the model is neither loaded nor loading; `size` is its weight in bytes, which a load must read.
    """
    wait = state.expected_wait
    if wait is None:
        wait = queue_wait(state, now) if state.in_flight or state.queued else 0.0
    if state.unread_s and state.in_flight + 1 >= state.slots:
        wait += state.unread_s
    if cold or state.loading_since is not None:
        wait += state.held_s + load_rest(state, size, now)
    bucket = state.learned.first_token[bisect_right(BUCKETS, prompt_tokens)]
    first = bucket.value(now, PRIOR_FIRST_TOKEN)
    return wait + (first * slowdown(state, machine) if machine.other_cpu else first)


def queue_wait(state: TargetState, now: float) -> float:
    """Return the seconds until a slot is free for one more caller."""
    if state.expected_wait is not None:
        return state.expected_wait
    ahead = state.in_flight + state.queued - state.slots + 1
    return 0.0 if ahead <= 0 else ahead / max(state.slots, 1) * state.learned.call.value(now, PRIOR_CALL)


def load_rest(state: TargetState, size: int | None, now: float) -> float:
    """Return the seconds a load still takes, or would take from its start."""
    prior = PRIOR_LOAD if size is None else 1 + size / LOAD_BYTES_PER_SECOND
    whole = state.learned.load.value(now, prior)
    return whole if state.loading_since is None else max(whole - (now - state.loading_since), _LEAST_REST)


def slowdown(state: TargetState, machine: Machine) -> float:
    """Return by what factor other programs slow the part of the model that the processor runs (1 to 4)."""
    if not machine.other_cpu:
        return 1.0
    on_cpu = 1.0 if state.gpu_share is None else 1 - state.gpu_share
    return min(1 + on_cpu * machine.other_cpu / max(1 - machine.other_cpu, 0.01), _WORST_SLOWDOWN)
