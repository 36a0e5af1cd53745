"""Everything that can go wrong, as classes that say who failed and what to do next.

Problem                       who, message, next_step, retry_after, status, kind
├── BadRequest           400  the caller's request cannot be read, or asks for what cannot be
│   ├── TooLarge         413
│   ├── ContextTooLong   400  the prompt does not fit any allowed target's window
│   ├── Unsupported      400  a feature no allowed target has: never dropped silently
│   └── WrongMediaType   415
├── Unauthorized         401  no token, or a wrong one
├── Forbidden            403  the guard or the privacy mode says no
├── WrongHost            421  a Host header that is not ours
├── NotFound             404  no such route
│   └── UnknownModel     404
├── WrongMethod          405
├── SlowRequest          408  head or body did not arrive in time
├── QueueFull            503  too many wait already
├── ShuttingDown         503
├── Internal             500  a fault of ours
└── ProviderProblem           a target failed; `falls_back` says whether another may be tried
    ├── Unreachable      502  network_error: refused, reset, no route, TLS
    ├── TimedOut         504  timeout
    ├── RateLimited      429  rate_limit
    ├── Overloaded       503  overloaded
    ├── ProviderFault    502  provider_error: any other 5xx
    ├── BrokenReply      502  provider_error: cut, not parsable, HTML, a redirect
    ├── KeyRefused       502  auth: the provider takes our key for wrong
    ├── QuotaSpent       402  quota
    ├── ModelMissing     404  the provider has no such model
    └── ProviderRefusal  4xx  the provider understood and said no; nobody else is asked

Each is an exception and a value: equal when kind and fields are equal. Rendered in one place per dialect.
"""

from __future__ import annotations

from typing import ClassVar, Literal

RetryCause = Literal[
    "network_error", "timeout", "rate_limit", "overloaded", "provider_error", "auth", "quota", "missing"
]


class Problem(Exception):
    """Something went wrong.

    `who` is "hearth" or a provider's name; `message` is for people; neither ever holds a prompt or a key.
    """

    status: ClassVar[int] = 500
    kind: ClassVar[str] = "internal"
    falls_back: ClassVar[bool] = False
    cause: ClassVar[RetryCause | None] = None

    def __init__(
        self,
        message: str,
        *,
        who: str = "hearth",
        next_step: str = "",
        retry_after: float | None = None,
        param: str | None = None,
        code: str | None = None,
        upstream_status: int | None = None,
        raw: bytes = b"",
    ) -> None:
        """Say what failed.

        `raw` is the provider's error body as it came, for a caller of the same dialect (capped by its
        reader).
        """
        super().__init__(message)
        self.message = message
        self.who = who
        self.next_step = next_step
        self.retry_after = retry_after
        self.param = param
        self.code = code
        self.upstream_status = upstream_status
        self.raw = raw

    @property
    def http_status(self) -> int:
        """The status a caller sees: this class's own, or for a refusal the provider's."""
        return self.status

    @property
    def text(self) -> str:
        """One line for people: who, what, and the next step."""
        said = self.message if self.who == "hearth" else f"{self.who}: {self.message}"
        return f"{said} {self.next_step}".rstrip() if self.next_step else said

    def __eq__(self, other: object) -> bool:
        """Two problems are equal when they say the same."""
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        """Hash by kind and words."""
        return hash((self.kind, self.message, self.who))

    def __repr__(self) -> str:
        """Show kind, who and message; never the raw body."""
        return f"{type(self).__name__}({self.message!r}, who={self.who!r})"


class BadRequest(Problem):
    """The request cannot be read, or asks for what cannot be."""

    status = 400
    kind = "bad_request"


class TooLarge(BadRequest):
    """The body is over the limit."""

    status = 413
    kind = "too_large"


class ContextTooLong(BadRequest):
    """The prompt is longer than any allowed target's window; it is never cut silently."""

    kind = "context_too_long"


class Unsupported(BadRequest):
    """A feature that no allowed target has."""

    kind = "unsupported"


class WrongMediaType(BadRequest):
    """A browser sent something that is not JSON."""

    status = 415
    kind = "wrong_media_type"


class Unauthorized(Problem):
    """No token where one is needed, or a wrong one."""

    status = 401
    kind = "unauthorized"


class Forbidden(Problem):
    """The guard or the privacy mode says no."""

    status = 403
    kind = "forbidden"


class WrongHost(Problem):
    """The Host header is not one of ours (DNS rebinding)."""

    status = 421
    kind = "wrong_host"


class NotFound(Problem):
    """No such route."""

    status = 404
    kind = "not_found"


class UnknownModel(NotFound):
    """No target answers to that name."""

    kind = "unknown_model"


class WrongMethod(Problem):
    """The route exists, the method does not."""

    status = 405
    kind = "wrong_method"


class SlowRequest(Problem):
    """Head or body did not arrive in time."""

    status = 408
    kind = "slow_request"


class QueueFull(Problem):
    """Too many calls wait for this model already."""

    status = 503
    kind = "queue_full"


class ShuttingDown(Problem):
    """The daemon is stopping."""

    status = 503
    kind = "shutting_down"


class Internal(Problem):
    """A fault of ours."""


class ProviderProblem(Problem):
    """A target failed."""

    status = 502
    kind = "provider_error"
    falls_back = True
    cause: ClassVar[RetryCause | None] = "provider_error"


class Unreachable(ProviderProblem):
    """Nobody answers at the address: refused, reset, no route, no TLS."""

    kind = "unreachable"
    cause: ClassVar[RetryCause | None] = "network_error"


class TimedOut(ProviderProblem):
    """No connection, no first token or no next frame in time."""

    status = 504
    kind = "timed_out"
    cause: ClassVar[RetryCause | None] = "timeout"


class RateLimited(ProviderProblem):
    """The provider says: slower."""

    status = 429
    kind = "rate_limited"
    cause: ClassVar[RetryCause | None] = "rate_limit"


class Overloaded(ProviderProblem):
    """The provider is too busy, or still loading."""

    status = 503
    kind = "overloaded"
    cause: ClassVar[RetryCause | None] = "overloaded"


class ProviderFault(ProviderProblem):
    """The provider failed in its own way (5xx)."""


class BrokenReply(ProviderProblem):
    """What came back is cut, is not the dialect, or is a redirect."""

    kind = "broken_reply"


class KeyRefused(ProviderProblem):
    """The provider does not accept our key."""

    kind = "key_refused"
    cause: ClassVar[RetryCause | None] = "auth"


class QuotaSpent(ProviderProblem):
    """The provider wants to be paid first."""

    status = 402
    kind = "quota_spent"
    cause: ClassVar[RetryCause | None] = "quota"


class ModelMissing(ProviderProblem):
    """The provider has no such model."""

    status = 404
    kind = "model_missing"
    cause: ClassVar[RetryCause | None] = "missing"


class ProviderRefusal(ProviderProblem):
    """The provider understood the request and said no; another one would say the same, or must not be asked."""

    status = 400
    kind = "provider_refusal"
    falls_back = False
    cause: ClassVar[RetryCause | None] = None

    @property
    def http_status(self) -> int:
        """The provider's own status, where it is a client error."""
        status = self.upstream_status
        return status if status is not None and 400 <= status < 500 else self.status
