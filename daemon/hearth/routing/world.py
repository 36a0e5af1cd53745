"""The state of things a plan is made from: one frozen value, cheap to build, every field with a default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct

from hearth.call import Mode
from hearth.money.accounts import Payer
from hearth.money.tags import PriceTag
from hearth.routing.expected import Learned


class Machine(Struct, frozen=True):
    """This machine. Shares are 0 to 1, None is unknown.

    `other_cpu` is what programs other than the engines hold of all cores, sustained.
    """

    other_cpu: float | None = None
    free_memory: float | None = None
    on_battery: bool = False
    battery: float | None = None


ELSEWHERE = Machine()
"""Any other machine: what programs do on this one does not slow it."""


class TargetState(Struct, frozen=True):
    """One target now. Times are seconds; `*_since` and `*_until` are moments of the monotonic clock.

    `loaded` None: as the inventory says. `expected_wait` is the lane's own guess of the wait in its queue; None: worked
    out from `in_flight`, `queued` and `slots`. `gpu_share` is `size_vram / size` of a loaded model.
    """

    loaded: bool | None = None
    loading_since: float | None = None
    in_flight: int = 0
    queued: int = 0
    slots: int = 1
    expected_wait: float | None = None
    resting_until: float = 0.0
    rest_reason: str = ""
    rest_code: str = ""
    """Why it rests, in short, where that is not for failures in a row: "rate_limited"."""
    held_s: float = 0.0
    """For how many seconds it cannot be loaded, because its engine has no room beside `held_by`, which is in use."""
    held_by: str = ""
    talk_s: float = 0.0
    """For how many seconds it is not loaded for an autocompletion, because a chat with `talk_by` is likely to go on."""
    talk_by: str = ""
    unread_s: float = 0.0
    """For how many seconds it goes on reading a prompt whose caller has left."""
    gpu_share: float | None = None
    learned: Learned = Learned()
    success: float = 1.0
    """The share of attempts that ended well lately, 0 to 1."""


class ProviderState(Struct, frozen=True):
    """One provider now. `reachable` None: not known. `keys_usable` None: it needs none, or they were not counted."""

    reachable: bool | None = None
    resting_until: float = 0.0
    rest_reason: str = ""
    keys_usable: int | None = None
    last_error: str = ""


class Hold(Struct, frozen=True):
    """A conversation by the keyed hash of how it began, and the target that answered it last; "" for nobody."""

    conversation: bytes
    target: str = ""


class Purse(Protocol):
    """What may be spent now: a live view, asked of targets in the cloud alone."""

    currency: str
    """The budget's."""

    @property
    def active(self) -> bool:
        """Whether there is any limit."""
        ...

    def sought(self, name: str) -> bool:
        """Whether a target's price is still being looked up, so that it is judged when it is tried."""
        ...

    def by_key(self, provider: str) -> bool:
        """Whether keys of a provider have prices of their own, so that it is judged when one of them is tried."""
        ...

    def in_budget(self, amount: float | None, tag: PriceTag) -> float | None:
        """Return a sum in the budget's currency; None when it is unknown, or nobody says the rate."""
        ...

    def awaits(self, payer: Payer, amount: float | None) -> bool:
        """Whether a limit leaves no room only for what is set aside for calls under way."""
        ...

    def refusal(self, payer: Payer, amount: float | None) -> str:
        """Return why a limit leaves no room for a cost (None: unknown), in words that follow a name; "" if it does."""
        ...


class World(Struct, frozen=True):
    """Everything outside the call. `now` is seconds of the monotonic clock; the mappings may be live views."""

    now: float = 0.0
    mode: Mode = "any"
    """The run-time switch: it tightens what the file and the call say."""
    machine: Machine = Machine()
    states: Mapping[str, TargetState] = {}
    providers: Mapping[str, ProviderState] = {}
    prices: Mapping[str, PriceTag] = {}
    """What is known of costs, by target."""
    purse: Purse | None = None
    """What may be spent; None: whatever it costs."""
    room: float = 0.0
    """The least that any limit leaves, in the budget's currency: what costs no more than that need not be judged."""
    turn: int = 0
    """How many calls of the same name were planned before: whose turn it is."""
    hold: Hold | None = None
    """The conversation this call goes on with; None where no strategy could let it wander."""


UNKNOWN_TARGET = TargetState()
UNKNOWN_PROVIDER = ProviderState()
