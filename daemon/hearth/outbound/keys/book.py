"""All keys of all providers, and how each stands: what a choice, a wait and a status are told from."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from time import monotonic

from hearth.outbound.keys.state import KeyState, keys_of
from hearth.problems import Problem, RateLimited
from hearth.status_keys import KeyStatus
from hearth_config.settings import Key, Provider

NONE: frozenset[str] = frozenset()


def _nothing_spent(provider: str, key_id: str) -> bool:  # noqa: ARG001 -- the shape of `KeyBook.spent`
    return False


class KeyBook:
    """The states of all keys. They survive reloads; of the event loop alone."""

    def __init__(self) -> None:
        """Nothing is known of any key yet."""
        self._states: dict[tuple[str, str], KeyState] = {}
        self.recalled: set[tuple[str, str]] = set()
        """The keys (provider, id) whose use by earlier runs of the daemon is counted."""
        self.spent: Callable[[str, str], bool] = _nothing_spent
        """Whether the money is spent that the config lets a key (provider, id) cost."""

    def wait_s(self, provider: Provider, tokens: float, model: str = "", tried: frozenset[str] = NONE) -> float:
        """Return in how many seconds a key that was not tried has room for a request of so many tokens; 0 is now.

        The config's limits and the provider's count alike. It is 0 too where nobody knows, and for keys that only fail.
        """
        now = monotonic()
        states = (one for one in self.with_money(provider, tried) if not one.fails(now))
        wait = min((one.wait_s(tokens, model, now) for one in states), default=0.0)
        return wait if wait < inf else 0.0

    def of_one(self, provider: Provider, key_id: str, problem: Problem, model: str = "") -> bool:
        """Whether a limit was met with one key while another can be used: then the target itself need not rest."""
        if not isinstance(problem, RateLimited) or len(provider.keys) < 2:
            return False
        now = monotonic()
        return any(other.awake(now, model) for other in self.states(provider, frozenset((key_id,))))

    def recall(self, provider: str, key_id: str, requests: int, tokens: int, at: float) -> None:
        """Count what an earlier run of the daemon used at a moment of the monotonic clock."""
        state = self._states.setdefault((provider, key_id), KeyState(provider, Key(key_id, "")))
        state.room.recall(requests, tokens, at, monotonic())

    def slept(self, seconds: float) -> None:
        """Let so much time have passed, which the monotonic clock did not count: the machine slept (F56)."""
        for state in self._states.values():
            state.slept(seconds)

    def views(self, provider: Provider) -> tuple[KeyStatus, ...]:
        """Return the state of a provider's keys."""
        now = monotonic()
        return tuple(
            self._state(provider.name, key).view(now, spent=self.spent(provider.name, key.id)) for key in provider.keys
        )

    def states(self, provider: Provider, without: frozenset[str] = NONE) -> list[KeyState]:
        """Return the states of a provider's keys, save those of the ids that are left out."""
        return [self._state(provider.name, key) for key in keys_of(provider) if key.id not in without]

    def with_money(self, provider: Provider, without: frozenset[str]) -> list[KeyState]:
        """Return the same, save those whose money is spent."""
        return [one for one in self.states(provider, without) if not self.spent(provider.name, one.key.id)]

    def _state(self, provider: str, key: Key) -> KeyState:
        state = self._states.get((provider, key.id))
        if state is None:
            state = self._states[provider, key.id] = KeyState(provider, key)
        state.use(key)
        return state
