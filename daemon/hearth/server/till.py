"""The one place where attempts are paid: prices, room in the budget beforehand, and settling afterwards."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from itertools import chain
from time import time
from typing import TYPE_CHECKING

from msgspec import UNSET

from hearth.ledger.state import LedgerFault
from hearth.money.accounts import Payer
from hearth.money.book import PriceBook, Priced, PublicPrice
from hearth.money.purse import Purse, Reservation, day_of
from hearth.money.tags import Cost, PriceTag
from hearth.problems import OverBudget
from hearth.record import Hold, Spending
from hearth.routing.inventory import Listing
from hearth.routing.policies import budget
from hearth.routing.policies.budget import bound, choices, too_dear
from hearth.routing.targets import Target, make_target
from hearth.senses.public_prices import read_prices
from hearth.server.budget_queue import BudgetQueue

if TYPE_CHECKING:
    from hearth.call import Call
    from hearth.outbound.upstream import Upstream
    from hearth.record import Attempt
    from hearth.routing.plan import Plan
    from hearth.server.core import Core
    from hearth.status_money import BudgetStatus

READING_S = 8.0
"""How long an attempt waits for prices or sums that are being read, before it takes them for unknown."""
_READINGS = 2
"""One reading may be under way already when a price is missed that it does not look for."""
_NEXT_STEP = "Raise that limit, name a lower max_tokens, or ask for a model on this machine."
_BY_PRICE = frozenset({"cheapest", "best_value"})
log = logging.getLogger("hearth.till")


class Till:
    """Prices and purse of one daemon. Survives reloads; the event loop's alone."""

    def __init__(self, core: Core) -> None:
        """Know the user's own prices at once; the public list is read when the first one is missed."""
        self._core = core
        self.purse = Purse(core.generation.settings, core.events.say)
        self.queue = BudgetQueue()
        self._public: dict[PublicPrice, PriceTag | None] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._reading: asyncio.Future[None] | None = None
        self._open_book()
        self.list_name = ""
        """The public list in use, with its date; "" while none was needed."""
        self.currency = core.generation.settings.budget.currency
        self._loading: asyncio.Future[None] | None = None
        self._settings = core.generation.settings

    def take_over(self) -> None:
        """Make a new book of prices and take over the limits: settings or inventory have changed."""
        settings = self._core.generation.settings
        if settings is not self._settings:
            self._settings = settings
            self.purse.use(settings)
            self.currency = settings.budget.currency
        self._open_book()
        self._read_if_needed()

    def _read_if_needed(self) -> None:
        """Read the public list where something is decided by prices before the first call is paid."""
        by_price = any(one.strategy in _BY_PRICE for one in self._core.generation.settings.models.values())
        if self._loop is not None and (self.purse.active or by_price):
            self._mention()
            self._read_soon()

    def _mention(self) -> None:
        """Let the book know of the targets that config names, though no provider has listed them yet."""
        settings = self._core.generation.settings
        lists = [settings.fallback.cloud, *settings.fallback.by_model.values()]
        for name in chain(*lists, *(alias.use for alias in settings.models.values())):
            self.book.sought(name)

    def _open_book(self) -> None:
        core = self._core
        targets = (_priced(target) for target in core.catalog.targets.values())
        self.book = PriceBook(core.generation.settings, targets, self._public, self._stranger, self._read_soon)

    def _stranger(self, name: str) -> Priced | None:
        """Describe a target that neither config nor its provider's list names."""
        provider, _, model = name.partition("/")
        settings = self._core.generation.settings.providers.get(provider)
        if settings is None or not model:
            return None
        listing: Listing = self._core.inventory.inventory.of(provider)
        return _priced(make_target(settings, listing, model, None))

    # The public list.

    def _read_soon(self) -> None:
        """Begin to read the list, unless that is under way; sums of the usage log ask from a thread of their own."""
        if self._loop is None or self._reading is not None or not self.book.all_sought():
            return
        try:
            self._reading = asyncio.get_running_loop().create_task(self._read())
        except RuntimeError:
            self._loop.call_soon_threadsafe(self._read_soon)

    async def _read(self) -> None:
        """Read what the public list says of the models in use; what it does not say is unknown from then on."""
        try:
            while wanted := tuple(self.book.all_sought()):
                found = await read_prices(wanted)
                prices = found.prices if len(found.prices) == len(wanted) else (None,) * len(wanted)
                self._public.update(zip(wanted, prices, strict=True))
                if found.version:
                    self.list_name = f"genai-prices {found.version}" + (f" of {found.date}" if found.date else "")
                self._open_book()
        finally:
            self._reading = None

    async def read(self) -> None:
        """Have the public list read, if a price is still to be sought there, and wait a little for it."""
        self._mention()
        self._read_soon()
        if self._reading is not None:
            await _soon(self._reading)

    # What was spent before this start.

    def start(self) -> None:
        """Read from the usage log what was spent before this start, and the prices that are needed at once."""
        self._loop = asyncio.get_running_loop()
        self._read_if_needed()
        self._loading = asyncio.ensure_future(self._load())

    async def _load(self) -> None:
        try:
            rows = await asyncio.wrap_future(self._core.ledger.spent())
        except LedgerFault as fault:
            log.warning("What was spent before this start is not known, and counts in no budget: %s", fault.text)
            return
        self.purse.load(rows, time())

    async def close(self) -> None:
        """End what is being read."""
        for work in (self._reading, self._loading):
            if work is not None and not work.done():
                work.cancel()
                await asyncio.wait({work})

    @property
    def loaded(self) -> bool:
        """Whether what was spent before this start is known."""
        return self._loading is not None and self._loading.done()

    # What a plan asks.

    @property
    def active(self) -> bool:
        """Whether there is any limit."""
        return self.purse.active

    @property
    def least(self) -> float:
        """The least that any limit leaves."""
        return self.purse.least(time()) if self.purse.active else 0.0

    def sought(self, name: str) -> bool:
        """Whether a target's price is still being looked up."""
        return self.book.sought(name) is not None

    def by_key(self, provider: str) -> bool:
        """Whether keys of a provider have prices of their own."""
        return self.book.by_key(provider)

    def in_budget(self, amount: float | None, tag: PriceTag) -> float | None:
        """Return a sum of a tag's currency in the budget's; None when it is unknown, or there is no rate."""
        rate = self.purse.rate(tag.currency)
        return None if amount is None or rate is None else amount * rate

    def awaits(self, payer: Payer, amount: float | None) -> bool:
        """Whether a limit leaves no room only for what is set aside for calls under way."""
        return self.purse.awaits(payer, amount, time())

    def refusal(self, payer: Payer, amount: float | None) -> str:
        """Return why a limit leaves no room for such a cost; "" if it does."""
        return self.purse.refusal(payer, amount, time())

    def views(self) -> tuple[BudgetStatus, ...]:
        """Return each limit with what counts against it."""
        return self.purse.views(time())

    def saw(self, call: Call, plan: Plan) -> None:
        """Take note of whom the plan of a call refused for want of room."""
        for one in plan.refused:
            if one.verdict.policy == budget.NAME and (tag := self.book.get(one.target.name)) is not None:
                payer = Payer(one.target.provider, one.target.name, "", call.app.name)
                self.purse.refused(payer, self.in_budget(bound(call, one.target, tag), tag), time())

    # What an attempt asks.

    def tag(self, upstream: Upstream) -> PriceTag | None:
        """Return what the attempt's answer costs; one that must still be looked up is, from now on."""
        target = upstream.candidate.target
        return self.book.tag(target.name, upstream.credential.id)

    def guards(self, upstream: Upstream) -> bool:
        """Whether room must be set aside first: for answers from the cloud, where something limits what they cost."""
        outline = upstream.asked.call.outline
        if upstream.candidate.target.place != "cloud" or outline.counts:
            return False
        return self.purse.active or outline.wishes.max_cost is not UNSET

    async def reserve(self, upstream: Upstream, before: Sequence[Attempt], *, waits: bool) -> float:
        """Set the most aside that the attempt can cost; returns how long it waited for that. Raises `OverBudget`."""
        await self._known(upstream)
        call, target, tag = upstream.asked.call, upstream.candidate.target, upstream.tag
        most = bound(call, target, tag, choices(call.members)) if tag is not None else None
        amount = self.in_budget(most, tag) if tag is not None else None
        allowed = call.outline.wishes.max_cost
        if allowed is not UNSET:
            spent = sum(self._so_far(one) for one in before)
            self._refuse(target, too_dear(amount, max(allowed - spent, 0.0), self.currency))
        payer, waited_s = _payer(upstream), 0.0
        if waits and self.purse.awaits(payer, amount, time()):
            patience = self._core.generation.settings.busy.patience
            waited_s = await self.queue.wait(lambda: self.purse.awaits(payer, amount, time()), patience)
            upstream.note = f"{upstream.note} It waited {waited_s:.1f} s for room in the budget.".strip()
        made = self.purse.reserve(payer, amount, upstream.started)
        if not isinstance(made, Reservation):
            self._refuse(target, made)
        elif self.purse.limited(payer):
            upstream.reservation = made
            self._hold(upstream, made)
        return waited_s

    async def _known(self, upstream: Upstream) -> None:
        """Wait until prices and earlier sums are read, as far as this attempt needs them."""
        if self._loading is not None and not self._loading.done():
            await _soon(self._loading)
        for _ in range(_READINGS):
            if upstream.tag is not None or not self.sought(upstream.candidate.target.name):
                break
            self._read_soon()
            if self._reading is not None:
                await _soon(self._reading)
            upstream.tag = self.tag(upstream)

    def _so_far(self, attempt: Attempt) -> float:
        if attempt.cost is None:
            return 0.0
        return self.purse.in_budget(Cost(attempt.cost, attempt.currency, attempt.cost_source)) or 0.0

    def _refuse(self, target: Target, why: str) -> None:
        if why:
            raise OverBudget(f"{target.name} {why}.", next_step=_NEXT_STEP, code="budget")

    def _hold(self, upstream: Upstream, made: Reservation) -> None:
        payer = made.payer
        spending = Spending(made.day, payer.provider, payer.target, payer.key_id, payer.app, self.currency, made.amount)
        self._core.ledger.hold(Hold(upstream.asked.call.id, upstream.number, spending))

    def settle(self, upstream: Upstream, made: Attempt) -> None:
        """Count what the attempt has cost, in the place of what was set aside for it."""
        if upstream.candidate.target.place != "cloud":
            return
        paid = _paid(made)
        if upstream.reservation is not None:
            self.purse.settle(upstream.reservation, paid)
            upstream.reservation = None
            self.queue.settled()
        elif paid is None or paid.amount:
            self.purse.spend(_payer(upstream), paid, day_of(upstream.started))


def _paid(made: Attempt) -> Cost | None:
    """What an attempt is known to have cost; nothing, where its provider was not asked or refused."""
    if made.cost is not None:
        return Cost(made.cost, made.currency, made.cost_source)
    return None if made.cost_source == "unknown" else Cost(0.0, "", "")


def _payer(upstream: Upstream) -> Payer:
    target = upstream.candidate.target
    return Payer(target.provider, target.name, upstream.credential.id, upstream.asked.call.app.name)


def _priced(target: Target) -> Priced:
    listed = (target.info.price_input, target.info.price_output)
    return Priced(target.name, target.provider, target.model, target.place, target.settings.price, *listed)


async def _soon(work: asyncio.Future[None]) -> None:
    await asyncio.wait({work}, timeout=READING_S)
