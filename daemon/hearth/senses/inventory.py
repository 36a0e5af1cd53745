"""What is installed and loaded, by asking the providers: at start, then while calls come, never in a call's way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping

from msgspec.structs import replace

from hearth.call import Place
from hearth.problems import Forbidden, KeyRefused, ModelMissing, Problem, ShuttingDown, TimedOut, Unreachable
from hearth.routing.inventory import NEVER_ASKED, Inventory, Listing
from hearth.routing.targets import Target, provider_place
from hearth.senses.asking import Asking, Fetch, Shown, Source, answered, failed, without_loaded
from hearth.senses.expiry import monotonic_until
from hearth_config.settings import Provider

STALE_S = 30.0
"""What an engine on this machine said is asked again after that long, if calls come."""
FAR_STALE_S = 300.0
RETRY_S = 2.0
"""A provider on this machine that did not answer is asked again at most that often."""
FAR_RETRY_S = 30.0


class _Seen:
    """One provider: how it is asked, what it said last, and the round of questions that is under way."""

    def __init__(self, source: Source, given: int | None = None) -> None:
        self.source = source
        self.shown = Shown()
        self.listing = NEVER_ASKED if given is None else Listing(given_window=given)
        self.asked_at = -1.0
        self.doubted = False
        self.round: asyncio.Task[None] | None = None
        self.until: dict[str, float] = {}

    @property
    def place(self) -> Place:
        return provider_place(self.source.settings, self.listing)

    def due_at(self) -> float:
        """When it may be asked again, in seconds of the monotonic clock."""
        if self.asked_at < 0:
            return 0.0
        at_home = self.place == "machine"
        if self.listing.reachable is False or self.doubted:
            return self.asked_at + (RETRY_S if at_home else FAR_RETRY_S)
        return self.asked_at + (STALE_S if at_home else FAR_STALE_S)


class InventorySense:
    """The listings of all providers. The event loop's alone; no timer of its own."""

    def __init__(
        self,
        fetch: Fetch,
        on_change: Callable[[Inventory], None],
        may_ask: Callable[[Place], bool] = lambda _: True,
        on_reach: Callable[[str, bool | None, str], None] = lambda *_: None,
        given: Callable[[Provider], int | None] = lambda _: None,
    ) -> None:
        """`may_ask` says what the mode allows now; `on_reach` hears (provider, reachable, error) after each round.

        `given` says which window an engine was seen to give before the daemon was started.
        """
        self._fetch = fetch
        self._on_change = on_change
        self._may_ask = may_ask
        self._on_reach = on_reach
        self._given = given
        self._seen: dict[str, _Seen] = {}
        self._next_due = 0.0
        self._closed = False
        self.inventory = Inventory()

    def use(self, sources: Mapping[str, Source]) -> None:
        """Take over a config's providers; call `wanted` then. What is known of those whose server is the same stays."""
        before, self._seen = self._seen, {}
        for name, source in sources.items():
            old = before.pop(name, None)
            self._seen[name] = _taken_over(old, source, self._given(source.settings))
        for gone in before.values():
            _stop(gone)
        self._next_due = 0.0
        self._publish()

    async def start(self) -> Inventory:
        """Ask all providers on this machine, and return what they have."""
        await asyncio.gather(*(self._fresh(seen, time.monotonic()) for seen in self._near()))
        return self.inventory

    def wanted(self) -> None:
        """Say that a call has come: what is stale on this machine is asked again meanwhile. Costs a microsecond."""
        now = time.monotonic()
        if now < self._next_due or self._closed:
            return
        near = list(self._near())
        for seen in near:
            if seen.due_at() <= now:
                self._begin(seen)
        self._next_due = min((max(seen.due_at(), now + RETRY_S) for seen in near), default=now + STALE_S)

    async def everywhere(self, patience: float = 5.0) -> Inventory:
        """Ask whoever the mode allows and has said nothing lately; wait for `patience` seconds at most.

        A caller that lists models needs this, and one that names a model which nobody has listed.
        """
        now = time.monotonic()
        rounds = {self._begin(seen) for seen in self._allowed() if seen.due_at() <= now}
        rounds |= {seen.round for seen in self._seen.values() if seen.round is not None}
        if rounds:
            await asyncio.wait(rounds, timeout=patience)
        return self.inventory

    async def look_again(self, patience: float) -> bool:
        """Ask those on this machine that were not asked a moment ago; wait for `patience` seconds at most.

        Returns whether anybody was.
        """
        before = time.monotonic() - RETRY_S
        rounds = {self._begin(seen) for seen in self._near() if seen.asked_at <= before or seen.round is not None}
        if rounds and not self._closed:
            await asyncio.wait(rounds, timeout=patience)
        return bool(rounds)

    async def refresh(self, provider: str) -> Listing:
        """Ask one provider now, and return what it says from this moment on; one it must not ask is left as it is."""
        seen = self._seen.get(provider)
        if seen is None or self._closed or not self._may_ask(seen.place):
            return self.inventory.of(provider)
        await self._fresh(seen, time.monotonic())
        return seen.listing

    def doubt(self, provider: str, problem: Problem, model: str = "") -> None:
        """Say that a call ended badly: an engine that refuses connections is down at once, and soon asked again.

        A model that its provider says it does not have is in its list no more, until the list is asked for again.
        """
        seen = self._seen.get(provider)
        if seen is None or not isinstance(problem, Unreachable | ModelMissing):
            return
        seen.doubted = True
        self._next_due = 0.0
        if isinstance(problem, ModelMissing) and seen.place != "machine":
            kept = tuple(one for one in seen.listing.models if one.name != model)
            self._take(seen, replace(seen.listing, models=kept))
        if isinstance(problem, Unreachable) and seen.place == "machine":
            self._take(seen, without_loaded(failed(seen.listing, problem, reachable=False)))
            seen.asked_at = time.monotonic()

    def distrust(self) -> None:
        """Say that all may have changed meanwhile: the machine has slept, or the network is another one."""
        for seen in self._seen.values():
            seen.asked_at = -1.0
        self._next_due = 0.0

    def looked_up(self, provider: str, place: Place) -> None:
        """Say where looking up a provider's host name has shown it to be."""
        seen = self._seen.get(provider)
        if seen is not None and seen.listing.place != place:
            self._take(seen, replace(seen.listing, place=place))

    def loaded_until(self, target: Target) -> float:
        """Return until when (monotonic seconds) a target's model stays loaded, as its engine said; 0.0: it is not."""
        seen = self._seen.get(target.provider)
        return seen.until.get(target.model, 0.0) if seen is not None else 0.0

    def age_s(self, provider: str) -> float | None:
        """Return how many seconds ago a provider said what it has; None where it never did."""
        seen = self._seen.get(provider)
        if seen is None or not seen.listing.reachable:
            return None
        return time.monotonic() - seen.listing.checked_at

    async def close(self) -> None:
        """End what is under way."""
        self._closed = True
        rounds = [seen.round for seen in self._seen.values() if seen.round is not None]
        for one in rounds:
            one.cancel()
        await asyncio.gather(*rounds, return_exceptions=True)

    def _near(self) -> Iterable[_Seen]:
        return (seen for seen in self._allowed() if seen.place == "machine")

    def _allowed(self) -> Iterable[_Seen]:
        return (seen for seen in self._seen.values() if self._may_ask(seen.place))

    async def _fresh(self, seen: _Seen, since: float) -> None:
        """Wait for a round of questions begun after `since`; whoever waits meanwhile shares it, and none can end it."""
        while seen.asked_at < since and self._knows(seen):
            await asyncio.wait({self._begin(seen)})

    def _knows(self, seen: _Seen) -> bool:
        return not self._closed and self._seen.get(seen.source.settings.name) is seen

    def _begin(self, seen: _Seen) -> asyncio.Task[None]:
        if seen.round is None or seen.round.done():
            seen.asked_at = time.monotonic()
            seen.doubted = False
            seen.round = asyncio.create_task(self._ask(seen), name=f"ask {seen.source.settings.name}")
        return seen.round

    async def _ask(self, seen: _Seen) -> None:
        seen.asked_at = time.monotonic()  # whoever asked until now shares these answers
        asking = Asking(seen.source, self._fetch, seen.shown)
        try:
            await self._ask_all(seen, asking)
        except (Forbidden, ShuttingDown):
            return  # it was not asked: what was known still holds
        except Problem as problem:
            silent = isinstance(problem, Unreachable | TimedOut)
            unasked = isinstance(problem, KeyRefused) and problem.upstream_status is None  # for want of a key
            listing = failed(seen.listing, problem, reachable=seen.listing.reachable if unasked else not silent)
            self._take(seen, without_loaded(listing) if silent else listing)
        finally:
            seen.round = None
            self._next_due = 0.0  # how it went decides when it is due again

    async def _ask_all(self, seen: _Seen, asking: Asking) -> None:
        listing = answered(seen.listing, await asking.list_models())
        if seen.source.settings.dialect != "ollama":
            self._take(seen, listing)
            return
        self._take(seen, await asking.details(listing))
        unknown = asking.unknown(listing.models)
        if unknown:
            await asking.ask_about(unknown)
            self._take(seen, await asking.details(listing))

    def _take(self, seen: _Seen, listing: Listing) -> None:
        """Keep what a provider said, and tell those who want to know."""
        if not self._knows(seen):
            return
        changed = listing != replace(seen.listing, checked_at=listing.checked_at)
        seen.listing = listing
        now, wall = time.monotonic(), time.time()
        seen.until = {
            model.name: monotonic_until(model.expires, now=now, wall=wall)
            for model in listing.models
            if model.loaded_window is not None or model.expires
        }
        unreachable_far = listing.reachable is False and seen.place != "machine"
        self._on_reach(seen.source.settings.name, None if unreachable_far else listing.reachable, listing.error)
        if changed:
            self._publish()

    def _publish(self) -> None:
        before = self.inventory
        self.inventory = Inventory({name: seen.listing for name, seen in self._seen.items()})
        if self.inventory != before:
            self._on_change(self.inventory)


def _taken_over(old: _Seen | None, source: Source, given: int | None) -> _Seen:
    """Return what is known of a provider under a new config: a pin that changed makes no server forget its models."""
    if old is not None and old.source.settings == source.settings:
        old.source = source
        return old
    _stop(old)
    fresh = _Seen(source, given)
    if old is not None and _server(old.source.settings) == _server(source.settings):
        fresh.shown, fresh.listing, fresh.until = old.shown, old.listing, old.until
    return fresh


def _server(settings: Provider) -> tuple[object, ...]:
    return settings.dialect, settings.address, settings.proxy, settings.keys, settings.headers


def _stop(seen: _Seen | None) -> None:
    if seen is not None and seen.round is not None:
        seen.round.cancel()
