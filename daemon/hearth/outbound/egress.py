"""May it leave: the privacy mode as one frozen value that every dial, lookup and exchange has to ask."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from hearth.call import Mode, Place
from hearth.problems import Forbidden
from hearth_config.addresses import place_of

if TYPE_CHECKING:
    from socket import socket

_PLACES: tuple[Place, ...] = ("machine", "lan", "cloud")  # the nearest first
_FARTHEST: dict[Mode, Place] = {"offline": "machine", "lan": "lan", "prefer-local": "cloud", "any": "cloud"}
_MEANING: dict[Place, str] = {
    "machine": "this machine",
    "lan": "your own network",
    "cloud": "outside your own network",
}


class Contact(Struct):
    """One address that was dialled, or one name that was looked up: how often, first and last (time.time())."""

    address: str
    place: Place
    count: int
    first: float
    last: float


class Contacts:
    """What has been contacted since start. Outlives a change of mode."""

    def __init__(self) -> None:
        self.by_address: dict[str, Contact] = {}

    def note(self, address: str, place: Place) -> None:
        """Count one dial of an address ("host:port", or "name lookup: host")."""
        now = time.time()
        contact = self.by_address.get(address)
        if contact is None:
            self.by_address[address] = Contact(address, place, 1, now, now)
        else:
            contact.count += 1
            contact.last = now


class Seal(Protocol):
    """A kernel that lets this process connect nothing, and who connects in its stead (hearth.sealing)."""

    since: float
    """A time.time()."""

    @property
    def fault(self) -> str:
        """Why nothing can be connected, "" when all is well."""

    async def tcp(self, ip: str, port: int) -> socket:
        """Return a socket that is connected to a loopback address; raises OSError or a `Problem`."""

    async def unix(self, path: str) -> socket:
        """Return a socket that is connected to a Unix socket; raises OSError or a `Problem`."""


class Egress:
    """What one mode lets out. Immutable but for the shared `contacts`; a change of mode makes a new one with `at`.

    `names` are the host names that configured providers use: in mode lan no other name may be looked up. `seal` is
    who connects, where the kernel holds mode offline.
    """

    __slots__ = ("_allowed", "contacts", "mode", "names", "seal")

    def __init__(
        self, mode: Mode, names: Iterable[str] = (), contacts: Contacts | None = None, seal: Seal | None = None
    ) -> None:
        self.mode: Mode = mode
        self.names = frozenset(names)
        self.contacts = Contacts() if contacts is None else contacts
        self.seal = seal
        self._allowed = frozenset(_PLACES[: _PLACES.index(_FARTHEST[mode]) + 1])

    def at(self, mode: Mode, names: Iterable[str] | None = None) -> Egress:
        """The same under another mode (and other configured names), counting into the same contacts."""
        if names is None and mode == self.mode:
            return self
        return Egress(mode, self.names if names is None else names, self.contacts, self.seal)

    def allows(self, place: Place) -> bool:
        """Whether something planned for that place may leave."""
        return place in self._allowed

    def allow(self, place: Place, host: str, who: str = "hearth") -> None:
        """Raise `Forbidden` unless the mode lets something out to that place."""
        if place not in self._allowed:
            raise self._refusal(f"{host or 'that address'} is {_MEANING[place]}", who)

    def allow_lookup(self, host: str, who: str = "hearth") -> None:
        """Raise `Forbidden` unless that name may be looked up: never offline; in lan only if configured."""
        if self.mode == "offline":
            raise self._refusal(
                f"the name {host} would have to be looked up; only IP addresses and localhost are used", who
            )
        if self.mode == "lan" and host not in self.names:
            raise self._refusal(f"the name {host} belongs to no configured provider and is not looked up", who)

    def check_dial(self, ip: str, planned: Place, who: str = "hearth") -> Place:
        """Return the place of an IP address about to be dialled; `Forbidden` if farther than planned or allowed."""
        place = place_of(ip) or "cloud"
        self.allow(place, ip, who)
        if _PLACES.index(place) > _PLACES.index(planned):
            raise Forbidden(
                f"{ip} is {_MEANING[place]}, but the call was planned for {_MEANING[planned]}; nothing was sent.",
                who=who,
                next_step=f'If that is right, set place = "{place}" for this provider in hearth.toml.',
            )
        return place

    def refusal(self, who: str) -> Forbidden:
        """The problem that ends a stream which this mode no longer allows."""
        return self._refusal("the mode was tightened while this answer was on its way", who)

    def _refusal(self, why: str, who: str) -> Forbidden:
        return Forbidden(f"mode {self.mode}: {why}.", who=who, next_step="`hearth mode` shows and changes the mode.")
