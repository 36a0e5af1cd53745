"""Everything that can go wrong, as classes that say who failed and what to do next.

Problem                       who, message, next_step, retry_after, status, kind, category
├── BadRequest           400  invalid_request: the caller's request cannot be read, or asks for what cannot be
│   ├── TooLarge         413
│   ├── ContextTooLong   400  context_length: the prompt does not fit any allowed target's window
│   ├── Unsupported      400  a feature no allowed target has: never dropped silently
│   └── WrongMediaType   415
├── Unauthorized         401  authentication: no token, or a wrong one
├── Forbidden            403  permission: the guard or the privacy mode says no
├── WrongHost            421  invalid_request: a Host header that is not ours
├── NotFound             404  invalid_request: no such route
│   └── UnknownModel     404  model_not_found
├── WrongMethod          405  invalid_request
├── SlowRequest          408  timeout: head or body did not arrive in time
├── AppLimited           429  rate_limit: the app has used up its limits in [apps.NAME]
├── QueueFull            503  overloaded: too many wait already
├── ShuttingDown         503  overloaded
├── Cancelled            499  cancelled: its owner, or a newer request, ended the call
├── Internal             500  unknown: a fault of ours
└── ProviderProblem           a target failed; `falls_back` says whether another may be tried
    ├── Unreachable      502  network_error: refused, reset, no route, TLS
    ├── TimedOut         504  timeout
    ├── RateLimited      429  rate_limit
    ├── Overloaded       503  overloaded
    ├── ProviderFault    502  provider_error: any other 5xx
    ├── BrokenReply      502  provider_error: cut, not parsable, HTML, a redirect
    ├── KeyRefused       502  authentication: the provider takes our key for wrong
    ├── NotPermitted     502  permission: the key is right, and may not do this
    ├── QuotaSpent       402  quota
    ├── OverBudget       403  permission: what it may cost is more than a limit leaves; it was not asked
    ├── ModelMissing     404  model_not_found: the provider has no such model
    └── ProviderRefusal  4xx  invalid_request: the provider understood and said no; nobody else is asked
        └── ContentFiltered   content_filter: it will not answer this prompt, or not show its answer

Each is an exception and a value: equal when kind and fields are equal. Rendered in one place per dialect;
`docs/errors.md` shows how.
"""

from __future__ import annotations

from typing import ClassVar

from hearth.taxonomy import Category, RetryCause
from hearth.taxonomy import Problem as Problem  # noqa: PLC0414 -- it is imported from here by everybody else


class BadRequest(Problem):
    """The request cannot be read, or asks for what cannot be."""

    status = 400
    kind = "bad_request"
    category: ClassVar[Category] = "invalid_request"


class TooLarge(BadRequest):
    """The body is over the limit."""

    status = 413
    kind = "too_large"


class ContextTooLong(BadRequest):
    """The prompt is longer than any allowed target's window; it is never cut silently."""

    kind = "context_too_long"
    falls_back = True
    category: ClassVar[Category] = "context_length"


class Unsupported(BadRequest):
    """A feature that no allowed target has."""

    kind = "unsupported"
    falls_back = True


class WrongMediaType(BadRequest):
    """A browser sent something that is not JSON."""

    status = 415
    kind = "wrong_media_type"


class Unauthorized(Problem):
    """No token where one is needed, or a wrong one."""

    status = 401
    kind = "unauthorized"
    category: ClassVar[Category] = "authentication"


class Forbidden(Problem):
    """The guard or the privacy mode says no."""

    status = 403
    kind = "forbidden"
    category: ClassVar[Category] = "permission"


class WrongHost(Problem):
    """The Host header is not one of ours (DNS rebinding)."""

    status = 421
    kind = "wrong_host"
    category: ClassVar[Category] = "invalid_request"


class NotFound(Problem):
    """No such route."""

    status = 404
    kind = "not_found"
    category: ClassVar[Category] = "invalid_request"


class UnknownModel(NotFound):
    """No target answers to that name."""

    kind = "unknown_model"
    category: ClassVar[Category] = "model_not_found"


class WrongMethod(Problem):
    """The route exists, the method does not."""

    status = 405
    kind = "wrong_method"
    category: ClassVar[Category] = "invalid_request"


class SlowRequest(Problem):
    """Head or body did not arrive in time."""

    status = 408
    kind = "slow_request"
    category: ClassVar[Category] = "timeout"


class AppLimited(Problem):
    """The calling app has used up a limit that the config gives it; `code` names the limit."""

    status = 429
    kind = "app_limited"
    category: ClassVar[Category] = "rate_limit"


class QueueFull(Problem):
    """Too many calls wait for this model already."""

    status = 503
    kind = "queue_full"
    falls_back = True
    category: ClassVar[Category] = "overloaded"


class ShuttingDown(Problem):
    """The daemon is stopping."""

    status = 503
    kind = "shutting_down"
    category: ClassVar[Category] = "overloaded"


class Cancelled(Problem):
    """The call was ended on purpose: by the user of this machine, or because a newer request took its place."""

    status = 499
    kind = "cancelled"
    category: ClassVar[Category] = "cancelled"


class Internal(Problem):
    """A fault of ours."""


class ProviderProblem(Problem):
    """A target failed."""

    status = 502
    kind = "provider_error"
    category: ClassVar[Category] = "provider_error"
    falls_back = True
    cause: ClassVar[RetryCause | None] = "provider_error"


class Unreachable(ProviderProblem):
    """Nobody answers at the address: refused, reset, no route, no TLS."""

    kind = "unreachable"
    category: ClassVar[Category] = "network_error"
    cause: ClassVar[RetryCause | None] = "network_error"


class TimedOut(ProviderProblem):
    """No connection, no first token or no next frame in time."""

    status = 504
    kind = "timed_out"
    category: ClassVar[Category] = "timeout"
    cause: ClassVar[RetryCause | None] = "timeout"


class RateLimited(ProviderProblem):
    """The provider says: slower."""

    status = 429
    kind = "rate_limited"
    category: ClassVar[Category] = "rate_limit"
    cause: ClassVar[RetryCause | None] = "rate_limit"


class Overloaded(ProviderProblem):
    """The provider is too busy, or still loading."""

    status = 503
    kind = "overloaded"
    category: ClassVar[Category] = "overloaded"
    cause: ClassVar[RetryCause | None] = "overloaded"


class ProviderFault(ProviderProblem):
    """The provider failed in its own way (5xx)."""


class BrokenReply(ProviderProblem):
    """What came back is cut, is not the dialect, or is a redirect."""

    kind = "broken_reply"


class KeyRefused(ProviderProblem):
    """The provider does not accept our key."""

    kind = "key_refused"
    category: ClassVar[Category] = "authentication"
    cause: ClassVar[RetryCause | None] = "auth"


class NotPermitted(ProviderProblem):
    """The provider knows our key, which may not do this: use that model, from this country, with this feature.

    The key is good for other calls and does not rest; another key may be allowed to.
    """

    kind = "not_permitted"
    category: ClassVar[Category] = "permission"
    cause: ClassVar[RetryCause | None] = "auth"


class QuotaSpent(ProviderProblem):
    """The provider wants to be paid first."""

    status = 402
    kind = "quota_spent"
    category: ClassVar[Category] = "quota"
    cause: ClassVar[RetryCause | None] = "quota"


class OverBudget(ProviderProblem):
    """A limit leaves no room for what this target's answer may cost. It was not asked; a cheaper one may be."""

    status = 403
    kind = "budget"
    category: ClassVar[Category] = "permission"
    cause: ClassVar[RetryCause | None] = "quota"


class ModelMissing(ProviderProblem):
    """The provider has no such model."""

    status = 404
    kind = "model_missing"
    category: ClassVar[Category] = "model_not_found"
    cause: ClassVar[RetryCause | None] = "missing"


class ProviderRefusal(ProviderProblem):
    """The provider understood the request and said no; another one would say the same, or must not be asked."""

    status = 400
    kind = "provider_refusal"
    category: ClassVar[Category] = "invalid_request"
    falls_back = False
    cause: ClassVar[RetryCause | None] = None

    @property
    def http_status(self) -> int:
        """The provider's own status, where it is a client error."""
        status = self.upstream_status
        return status if status is not None and 400 <= status < 500 else self.status


class ContentFiltered(ProviderRefusal):
    """The provider's filter stopped the prompt or the answer; somebody else is not asked to answer it instead."""

    kind = "content_filtered"
    category: ClassVar[Category] = "content_filter"
