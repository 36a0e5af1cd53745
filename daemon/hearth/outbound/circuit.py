"""A circuit breaker: who fails again and again rests, longer each time, and is then tried by one call alone (F15)."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

TRIPS_AFTER = 5
"""So many failures in a row end the trust."""
FIRST_REST_S = 30.0
LONGEST_REST_S = 300.0
PROBE_S = 30.0
"""How long the others stay away while one call tries; then the next may."""


class Circuit(Struct, frozen=True):
    """One circuit: the failures in a row, and the rests in a row. Times are seconds of the monotonic clock."""

    failures: int = 0
    trips: int = 0
    resting_until: float = 0.0
    reason: str = ""
    code: str = ""
    """The reason in short, as `X-Hearth-Reason` has it."""

    def failed(self, now: float, reason: str, code: str = "") -> Circuit:
        """Return the circuit after a failure: the fifth in a row means rest, and so does each one after a rest."""
        failures = self.failures + 1
        if self.resting_until > now and not self.probing:
            return replace(self, failures=failures)  # it was sent before the rest began, and tells nothing new
        if failures < TRIPS_AFTER and not self.trips:
            return replace(self, failures=failures, reason=reason, code=code)
        trips = self.trips + 1
        return Circuit(failures, trips, now + min(FIRST_REST_S * trips, LONGEST_REST_S), reason, code)

    def rest(self, until: float, reason: str, code: str = "") -> Circuit:
        """Return the circuit resting at least until then, for a reason that is no loss of trust."""
        if until <= self.resting_until:
            return self
        return replace(self, resting_until=until, reason=reason, code=code)

    def trying(self, now: float) -> Circuit:
        """Return the circuit while a call tries: after a rest it keeps the others away meanwhile."""
        if not self.trips or self.resting_until > now:
            return self
        return replace(self, resting_until=now + PROBE_S, reason=_PROBING)

    @property
    def probing(self) -> bool:
        """Whether one call is trying if it is well again."""
        return self.reason == _PROBING


_PROBING = "one call is trying it again"
CLOSED = Circuit()
