"""Which key of a provider goes with an attempt, and what each answer says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import inf
from time import monotonic, time

from msgspec.structs import replace

from hearth.dialects.dialect import Head
from hearth.outbound.keys.belongings import Belongings
from hearth.outbound.keys.book import KeyBook
from hearth.outbound.keys.choice import next_key
from hearth.outbound.keys.credentials import GLANCE_S, Credential, Holder, Known, Resolve, Secrets
from hearth.outbound.keys.holds import KeyHolds
from hearth.outbound.keys.queue import KeyQueues
from hearth.outbound.keys.room import Lease
from hearth.outbound.keys.state import KeyState, keys_of
from hearth.outbound.keys.verdicts import Notice, full, hold_against, lift, missing, spent
from hearth.outbound.keys.watch import KeyWatch
from hearth.outbound.tokens import Tokens
from hearth.problems import KeyRefused, Problem, QuotaSpent, RateLimited
from hearth_config.settings import Key, Provider


def _say_nothing(kind: str, **facts: object) -> None:
    pass


class Keys(KeyBook):
    """The keys of all providers: how each stands, how much room it has. Survives reloads; of the event loop alone."""

    def __init__(self, resolve: Resolve, tokens: Tokens | None = None) -> None:
        """`resolve` and `tokens` are what `Secrets` takes."""
        super().__init__()
        self._secrets = Secrets(resolve, tokens)
        self._watch = KeyWatch(self._secrets, self._lift)
        self.queues = KeyQueues()
        self.holds = KeyHolds()
        self.belongings = Belongings()
        self._at_hand: dict[str, tuple[float, tuple[Key, ...], Credential]] = {}
        self._ailing: set[tuple[str, str]] = set()
        """The keys of which something is held against, or was."""
        self.say: Callable[..., None] = _say_nothing
        """Tells an event by name, with its facts."""

    def forget(self, resolve: Resolve) -> None:
        """Take over a new config: secrets are looked up again, refused keys get another chance; counts stay."""
        self._secrets.use(resolve)
        self._at_hand.clear()
        for name in tuple(self._ailing):
            if self._states[name].out or self._states[name].barred:
                self._lift(self._states[name])

    def at_hand(self, holder: Holder, tried: frozenset[str]) -> Credential | None:
        """Return the credential of a provider with one key or none, and no limits, if it was looked up lately."""
        known = self._at_hand.get(holder.settings.name)
        if known is None or tried or known[1] is not holder.settings.keys or known[0] <= monotonic():
            return None
        return known[2]

    async def choose(
        self, holder: Holder, tried: frozenset[str], tokens: float | None = None, model: str = "", held: str = ""
    ) -> Credential | None:
        """Return a key not tried yet: the one with room, by weight; without a secret where the provider has no keys.

        `tokens` is the most that the request may use, to be set aside; None for a question that counts nowhere. The key
        that is `held` to is taken if it has room.
        Returns None when all that may be asked were tried. A key whose secret cannot be had is put aside, and the next
        one taken. Raises `KeyRefused` when none is left, `RateLimited` or `QuotaSpent` when the config's limits are
        reached.
        """
        failed: KeyRefused | None = None
        while (state := self._next(holder.settings, tried, tokens, model, held)) is not None:
            lease = self._take(state, tokens, model)
            try:
                known = await self._secrets.get(holder, state.key)
            except KeyRefused as refused:
                failed = refused
                self._give_up(state, refused, lease)
                tried |= {state.key.id}
            except BaseException:
                self._undo(state, lease)
                raise
            else:
                return self._ready(holder, state, known, lease)
        if failed is not None:
            raise failed
        return None

    def _next(
        self, provider: Provider, tried: frozenset[str], tokens: float | None, model: str, held: str
    ) -> KeyState | None:
        left = self.states(provider, tried)
        now = monotonic()
        if tokens is None or not left:  # a question takes no turn
            return next_key([one for one in left if one.awake(now)][:1] or left, 0.0, model, now, first=not tried)
        unspent = self.with_money(provider, tried)
        waits = {one.key.id: one.room.wait_s(one.limits, tokens, now) for one in unspent}
        allowed = [one for one in unspent if waits[one.key.id] <= 0]
        if not allowed and not tried:
            raise full(provider, waits.values()) if waits else spent(provider)
        return next_key(allowed, tokens, model, now, first=not tried, held=held)

    def _take(self, state: KeyState, tokens: float | None, model: str) -> Lease | None:
        now = monotonic()
        state.tried_at = now
        if tokens is None:
            return None
        state.circuit = state.circuit.trying(now)
        return state.room.take(state.limits, tokens, now, model)

    def _undo(self, state: KeyState, lease: Lease | None) -> None:
        if lease is not None:
            lease.end()
            state.room.settle(lease, 0.0, monotonic(), requests=0)
            self.queues.wake(state.provider)

    def _give_up(self, state: KeyState, refused: KeyRefused, lease: Lease | None) -> None:
        self._undo(state, lease)
        state.stamp, state.refused_secret = self._secrets.stamp_of(state.key), None
        self._tell(missing(state, refused, monotonic()), state, refused)

    def _ready(self, holder: Holder, state: KeyState, known: Known, lease: Lease | None) -> Credential:
        keys, limits = holder.settings.keys, state.limits.given or state.has_money_limit or state.is_tight()
        if state.well() and len(keys) <= 1 and not limits:
            until = known.until if known.stamp is None else min(known.until, monotonic() + GLANCE_S)
            self._at_hand[holder.settings.name] = (until, keys, known.credential)
        return replace(known.credential, lease=lease)

    def observe(
        self,
        provider: str,
        key_id: str,
        head: Head | None,
        tokens: int | None = None,
        lease: Lease | None = None,
        model: str = "",
    ) -> None:
        """Take note of a reply's head, and of the tokens that were used in the place of those set aside.

        Once an attempt, at its end. `tokens` None is unknown: what was set aside stays counted.
        """
        state = self._states.get((provider, key_id))
        if state is None:
            return
        if lease is None:
            if head is not None:
                state.note_head(head, model, monotonic())
                state.room.provider.sent("").uses += 1
                if state.room.provider.is_tight:
                    self._at_hand.pop(provider, None)
            return
        now = monotonic()
        lease.end()
        self.queues.wake(provider)
        if head is not None:
            lease.hear(head, now, time())
        if tokens is not None:
            state.room.settle(lease, tokens, now)

    def rest(self, provider: str, key_id: str, problem: Problem, model: str = "", began: float = inf) -> None:
        """Hold against a key what its provider said of it; `began` is when that was asked (monotonic seconds)."""
        state = self._states.setdefault((provider, key_id), KeyState(provider, Key(key_id, "")))
        if isinstance(problem, KeyRefused):
            known = self._secrets.known(provider, state.key)
            state.refused_secret = known.credential.secret if known is not None else None
            state.stamp = known.stamp if known is not None else self._secrets.stamp_of(state.key)
            self._secrets.forget(provider, key_id)
        self._at_hand.pop(provider, None)
        self._tell(hold_against(state, problem, model, monotonic(), time(), began), state, problem)

    async def renew(self, holder: Holder, credential: Credential) -> bool:
        """Look up again what was refused; whether it has changed since, so that it is worth another try."""
        key = next((key for key in keys_of(holder.settings) if key.id == credential.id), None)
        if key is None:
            return False
        known = self._secrets.known(holder.settings.name, key)
        if known is not None and known.credential.secret == credential.secret:
            self._secrets.forget(holder.settings.name, key.id)
        try:
            known = await self._secrets.get(holder, key)
        except Problem:
            return False
        self._at_hand.pop(holder.settings.name, None)
        return known.credential.secret != credential.secret

    def accepted(self, provider: str, key_id: str, model: str = "", began: float = inf) -> None:
        """Trust a key again: its provider has answered to it. `began` is when that was asked (monotonic seconds).

        What was asked before the key was refused says nothing of it, and a limit holds until its time is over.
        """
        if not self._ailing or (provider, key_id) not in self._ailing:
            return
        state, now = self._states[provider, key_id], monotonic()
        state.passed(model)
        if began < state.held_at or (state.kind == RateLimited.kind and not state.awake(now)):
            return
        others = {name: words for name, words in state.barred.items() if name != model}
        self._lift(state)
        state.forget_limits(now)
        state.barred.update(others)
        if not state.well():
            self._ailing.add((provider, key_id))

    async def anew(self, holder: Holder, key: Key) -> Credential:
        """Look a key up again and return it, whatever is held against it. Raises `KeyRefused` when it cannot be had."""
        self._secrets.forget(holder.settings.name, key.id)
        self._at_hand.pop(holder.settings.name, None)
        return (await self._secrets.get(holder, key)).credential

    def trust(self, provider: str, key_id: str) -> None:
        """Take a key back that was found good, save that a limit holds until its time is over."""
        state = self._states.get((provider, key_id))
        if state is not None and (state.out or state.kind != RateLimited.kind):
            self._lift(state)

    def _tell(self, notice: Notice | None, state: KeyState, problem: Problem) -> None:
        if not state.well():
            self._ailing.add((state.provider, state.key.id))
        if isinstance(problem, KeyRefused | QuotaSpent):
            self._watch.doubted.add(state.provider)
        self._say(notice)

    def _lift(self, state: KeyState) -> None:
        self._ailing.discard((state.provider, state.key.id))
        self._say(lift(state))

    def _say(self, notice: Notice | None) -> None:
        if notice is not None:
            self.say(notice.name, **notice.facts)

    def unused(self, provider: str, credential: Credential) -> None:
        """Take back what was set aside for an attempt that was not made after all."""
        state = self._states.get((provider, credential.id))
        if state is not None:
            self._undo(state, credential.lease)

    @property
    def in_doubt(self) -> bool:
        """Whether a provider has refused a key."""
        return self._watch.in_doubt

    def recount(self, holders: Mapping[str, Holder]) -> Iterator[tuple[str, int | None]]:
        """Yield how many keys can be used of each provider that refused one, as `KeyWatch.recount` has it."""
        return self._watch.recount(holders, self.states)
