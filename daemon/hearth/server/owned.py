"""Files, batches and responses are one key's alone: requests for them go to that key, by the ids in replies and paths.

What nobody remembers (it was made before this start, or elsewhere) is sought with one key after the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from hearth.dialects.body import value
from hearth.problems import Problem, ProviderRefusal, RateLimited

if TYPE_CHECKING:
    from hearth.chat import Members
    from hearth.outbound.keys.pool import Keys
    from hearth_config.settings import Provider

RESPONSES: Final = "responses"
KINDS: Final = ("files", "batches", RESPONSES)
CONTENT: Final = "/content"
"""What stands in a file is nobody's business here."""
MOST_BYTES: Final = 1 << 20
_NOT_FOUND: Final = 404
_REFERS: Final = ("input_file_id", "output_file_id", "error_file_id")


class _Thing(Struct):
    id: str = ""
    input_file_id: str | None = None
    output_file_id: str | None = None
    error_file_id: str | None = None


class _Told(_Thing):
    data: list[_Thing] = []


class Owned:
    """What one request touches of the things that a provider keeps; `ids` are those that it names."""

    def __init__(self, keys: Keys, provider: Provider, path: str, members: Members) -> None:
        """Read the ids in the path and the body; a path of another kind touches nothing."""
        kind, _, rest = path.partition("/")
        self._keys = keys
        self._provider = provider
        self._touches = kind in KINDS
        self._hears = self._touches and kind != RESPONSES and not path.endswith(CONTENT)
        self._reply = bytearray()
        found = (rest.partition("/")[0], value(members, "input_file_id", str) or "") if self._touches else ()
        self.ids = tuple(one for one in found if one)

    @property
    def owner(self) -> str:
        """The key that they belong to; "" where nobody knows."""
        found = self._keys.belongings.owner(self._provider.name, self.ids)
        return found if any(key.id == found for key in self._provider.keys) else ""

    @property
    def first_key(self) -> str:
        """The key to begin with: the owner, else the first, so that what is made and listed later stands together."""
        if not self._touches or len(self._provider.keys) < 2:
            return ""
        return self.owner or self._provider.keys[0].id

    def is_elsewhere(self, problem: Problem, key_id: str) -> bool:
        """Whether what is asked for may be another key's: this one has never heard of it, and does not own it."""
        return self._is_gone(problem) and key_id != self.owner

    def _is_gone(self, problem: Problem) -> bool:
        return bool(self.ids) and problem.upstream_status == _NOT_FOUND

    def meant(self, problem: Problem) -> Problem:
        """Return what a provider's refusal means here: a 404 is about what was asked for, not about its address."""
        if not self._is_gone(problem):
            return problem
        return ProviderRefusal(
            problem.message,
            who=problem.who,
            param=problem.param,
            code=problem.code,
            upstream_status=problem.upstream_status,
            raw=problem.raw,
        )

    def out_of_reach(self, tried: frozenset[str]) -> RateLimited | None:
        """Return what is wrong where the only key that could answer was not tried, since it rests; None if it was."""
        owner = self.owner
        if not owner or owner in tried:
            return None
        return RateLimited(
            f"{self.ids[0][:80]!r} belongs to the key {owner}, which rests.",
            who=self._provider.name,
            next_step="Try again when its rest is over; `hearth keys` says when that is.",
        )

    def hear(self, piece: bytes) -> None:
        """Take down a piece of the reply."""
        if self._hears and len(self._reply) <= MOST_BYTES:
            self._reply += piece

    def answered(self, key_id: str) -> None:
        """Say that a key's reply has ended well: what it names belongs to that key."""
        if not self._touches:
            return
        try:
            told = msgspec.json.decode(self._reply, type=_Told) if len(self._reply) <= MOST_BYTES else _Told()
        except (msgspec.DecodeError, ValueError):
            told = _Told()
        named = (getattr(thing, name) for thing in (told, *told.data) for name in ("id", *_REFERS))
        self._keys.belongings.belong(self._provider.name, key_id, (*self.ids, *(one for one in named if one)))
