"""What one app may ask for: calls and tokens in any minute, and calls at once, as its `[apps.NAME]` says.

The minute slides: no span of 60 seconds holds more than the limit. A call is let in with what its prompt and its
`max_tokens` come to, which it gives back at its end for what was really used. One that names no `max_tokens` while
others are under way counts with 512 for its answer, so that calls side by side do not run over the limit together.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from time import monotonic
from typing import TYPE_CHECKING

from hearth.outbound.keys.turns import UNSAID_OUTPUT
from hearth.problems import AppLimited, Problem
from hearth.server.counting import estimate
from hearth.status_apps import AppStatus

if TYPE_CHECKING:
    from hearth.call import Outline
    from hearth.server.core import Core
    from hearth.server.live import LiveCall
    from hearth_config.settings import App

MINUTE_S = 60.0
SOON_S = 1.0
"""What a caller over its calls at once is told to wait: nobody knows when one of them ends."""
QUIET_S = 10.0
"""An app that keeps running into its limit is told of no more often than this."""
Clock = Callable[[], float]


class Minute:
    """How much there was in the last minute."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.total = 0
        self._seen: deque[tuple[float, int]] = deque()

    def add(self, now: float, amount: int) -> None:
        """Count so much more at this moment."""
        if amount:
            self._seen.append((now, amount))
            self.total += amount

    def forget(self, now: float) -> None:
        """Let go of what is older than a minute."""
        seen = self._seen
        while seen and seen[0][0] <= now - MINUTE_S:
            self.total -= seen.popleft()[1]

    def wait_s(self, now: float, surplus: int) -> float:
        """Return in how many seconds so much of it will be older than a minute, which is never more than a minute."""
        for at, amount in self._seen:
            surplus -= amount
            if surplus <= 0:
                return max(at + MINUTE_S - now, 0.0)
        return MINUTE_S


class Slip:
    """A call that was let in. Give it back with `leave`."""

    __slots__ = ("_quota", "reserved")

    def __init__(self, quota: Quota, reserved: int) -> None:
        """`reserved` tokens are kept for it."""
        self._quota = quota
        self.reserved = reserved

    def leave(self, tokens: int) -> None:
        """Say that the call has ended, and how many tokens it took."""
        self._quota.left(self.reserved, tokens)


class Quota:
    """One app's limits and what it has used of them. The event loop's alone."""

    def __init__(self, name: str, app: App, clock: Clock = monotonic) -> None:
        """Nothing is used yet."""
        self.name = name
        self.app = app
        self.in_flight = 0
        self.refused = 0
        self._clock = clock
        self._calls = Minute()
        self._tokens = Minute()
        self._reserved = 0
        self._said_at = -QUIET_S

    def enter(self, outline: Outline) -> Slip:
        """Let a call in. Raises `AppLimited`, which says for how long to wait."""
        app, now = self.app, self._clock()
        self._forget(now)
        if app.parallel is not None and self.in_flight >= app.parallel:
            raise self._no(f"has {_calls(self.in_flight)} under way already", "parallel", SOON_S)
        if app.requests_per_minute is not None and self._calls.total >= app.requests_per_minute:
            wait = self._calls.wait_s(now, self._calls.total + 1 - app.requests_per_minute)
            raise self._no(f"has made {_calls(self._calls.total)} in a minute", "requests_per_minute", wait)
        needed = self._needed(outline, now)
        self._calls.add(now, 1)
        self.in_flight += 1
        self._reserved += needed
        return Slip(self, needed)

    def _needed(self, outline: Outline, now: float) -> int:
        limit = self.app.tokens_per_minute
        if limit is None:
            return 0
        prompt = estimate(outline)
        if prompt > limit:
            raise self._no(f"asks with about {prompt} tokens at once", "tokens_per_minute", None)
        unsaid = UNSAID_OUTPUT if self.in_flight and outline.operation != "embed" else 0
        needed = min(prompt + (outline.max_tokens or unsaid), limit)
        used = self._tokens.total + self._reserved
        if used and used + needed > limit:
            over = self._tokens.total + needed - limit
            wait = self._tokens.wait_s(now, over) if over > 0 else SOON_S  # else it is for calls that have not ended
            raise self._no(f"has used {used} tokens in a minute", "tokens_per_minute", wait)
        return needed

    def _no(self, what: str, limit: str, wait_s: float | None) -> AppLimited:
        self.refused += 1
        return AppLimited(
            f"The app {self.name} {what}, and its {limit} is {getattr(self.app, limit)}.",
            next_step=f"Raise {limit} under [apps.{self.name}], or ask less often.",
            retry_after=wait_s,
            code=limit,
        )

    def left(self, reserved: int, tokens: int) -> None:
        """Take note that a call has ended."""
        self.in_flight -= 1
        self._reserved -= reserved
        if self.app.tokens_per_minute is not None:
            self._tokens.add(self._clock(), tokens)

    def worth_saying(self) -> bool:
        """Whether a refusal is news: the first one for a while."""
        now, before = self._clock(), self._said_at
        if now - before < QUIET_S:
            return False
        self._said_at = now
        return True

    def view(self) -> AppStatus:
        """Return what is used and what is left."""
        self._forget(self._clock())
        return AppStatus(
            name=self.name,
            in_flight=self.in_flight,
            parallel=self.app.parallel,
            requests=self._calls.total,
            requests_per_minute=self.app.requests_per_minute,
            tokens=self._tokens.total + self._reserved,
            tokens_per_minute=self.app.tokens_per_minute,
            refused=self.refused,
        )

    def _forget(self, now: float) -> None:
        self._calls.forget(now)
        self._tokens.forget(now)


def _calls(count: int) -> str:
    return "1 call" if count == 1 else f"{count} calls"


def quotas(apps: Mapping[str, App], before: Mapping[str, Quota] | None) -> dict[str, Quota] | None:
    """Return the quotas of all apps that have limits, with what they have used so far; None where none has any."""
    found: dict[str, Quota] = {}
    for name, app in apps.items():
        if app.requests_per_minute is None and app.tokens_per_minute is None and app.parallel is None:
            continue
        quota = found[name] = (before or {}).get(name) or Quota(name, app)
        quota.app = app
    return found or None


def refusal(core: Core, live: LiveCall) -> Problem | None:
    """Let a call in under its app's limits; returns why not, and tells those who watch."""
    quota = core.app_limits.get(live.call.app.name) if core.app_limits is not None else None
    if quota is None:
        return None
    try:
        live.slip = quota.enter(live.call.outline)
    except AppLimited as problem:
        if quota.worth_saying():
            core.events.say(
                "rate_limited", app=quota.name, limit=problem.code, retry_after=round(problem.retry_after or 0.0, 1)
            )
        return problem
    return None


def tokens_of(live: LiveCall) -> int:
    """Return the tokens that a call's attempts took, in and out."""
    attempts = live.answering.attempts if live.answering is not None else ()
    return sum((one.input_tokens or 0) + (one.output_tokens or 0) for one in attempts)
