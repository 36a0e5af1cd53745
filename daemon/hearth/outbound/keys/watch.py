"""Keys that are out come back when their secret changes: files are looked at, keyrings and commands asked beside."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from time import monotonic

from hearth.outbound.keys.credentials import FRESH_S, Holder, Known, Secrets
from hearth.outbound.keys.state import MISSING, KeyState
from hearth.problems import ProviderProblem
from hearth_config.secrets import read_reference
from hearth_config.settings import Provider

MISSING_S = 30.0
"""A secret that could not be had may be there any moment: a keyring is unlocked, a program has started."""
_ASKED = frozenset(("keyring", "cmd"))


class KeyWatch:
    """Looks for a change of the secrets of keys that are out. Nobody waits for it."""

    def __init__(self, secrets: Secrets, back: Callable[[KeyState], None]) -> None:
        """`back` is called with each key that deserves another chance."""
        self._secrets = secrets
        self._back = back
        self._asking: set[asyncio.Task[None]] = set()
        self.doubted: set[str] = set()
        """The providers of whom a key was refused, until all their keys can be used again."""

    @property
    def in_doubt(self) -> bool:
        """Whether there is such a provider."""
        return bool(self.doubted)

    def recount(
        self, holders: Mapping[str, Holder], states_of: Callable[[Provider], list[KeyState]]
    ) -> Iterator[tuple[str, int | None]]:
        """Yield how many keys can be used of each provider that refused one; None once, when all can again.

        A provider without keys counts as having one: a server may want a key that nobody gave. Keys that are out are
        looked at for a change of their secret.
        """
        now = monotonic()
        self.doubted &= holders.keys()
        for name in tuple(self.doubted):
            states = states_of(holders[name].settings)
            for state in states:
                self.look(holders[name], state)
            lost = sum(state.lost(now) for state in states)
            if not lost:
                self.doubted.discard(name)
            yield name, len(states) - lost if lost else None

    def look(self, holder: Holder, state: KeyState) -> None:
        """See whether a key that is out has changed; for a keyring or a command that is found out later."""
        key, now = state.key, monotonic()
        if not state.out or now < state.look_at:
            return
        if self._secrets.changed(key, state.stamp):
            self._back(state)
        elif key.value and read_reference(key.value).kind in _ASKED:
            state.look_at = now + (MISSING_S if state.out == MISSING else FRESH_S)
            task = asyncio.ensure_future(self._ask(holder, state))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    async def _ask(self, holder: Holder, state: KeyState) -> None:
        try:
            known = await self._secrets.get(holder, state.key)
        except ProviderProblem:
            return
        if state.out and differs(known, state):
            self._back(state)


def differs(known: Known, state: KeyState) -> bool:
    """Whether a key's secret is another one than that which was refused."""
    return state.refused_secret is None or known.credential.secret != state.refused_secret
