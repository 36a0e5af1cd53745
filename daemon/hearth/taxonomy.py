"""The one set of errors that every provider's are mapped to, and the shape they all have; `problems` lists them."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

_ENDS = (".", "!", "?", ":")
"""A sentence that ends in one of these needs no full stop."""

Category = Literal[
    "provider_error",
    "network_error",
    "rate_limit",
    "context_length",
    "invalid_request",
    "authentication",
    "permission",
    "timeout",
    "model_not_found",
    "content_filter",
    "overloaded",
    "quota",
    "cancelled",
    "unknown",
]
"""The kinds of trouble a person and a client tell apart, whoever is to blame."""

RetryCause = Literal[
    "network_error", "timeout", "rate_limit", "overloaded", "provider_error", "auth", "quota", "missing"
]
"""What a provider's failure says of whom to ask next: the same again, another key, or another target."""


class Problem(Exception):
    """Something went wrong.

    `who` is "hearth" or a provider's name; `message` is for people; neither ever holds a prompt or a key.
    """

    status: ClassVar[int] = 500
    kind: ClassVar[str] = "internal"
    category: ClassVar[Category] = "unknown"
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
        if not self.next_step:
            return said
        return f"{said if said.endswith(_ENDS) else f'{said}.'} {self.next_step}".rstrip()

    def let_go(self) -> Self:
        """Forget where it was raised, now that it is only a value.

        Those frames hold the call with its whole prompt, and the call holds the problem: a circle that would stay in
        memory until the collector looks for circles, which it does rarely.
        """
        one: BaseException | None = self
        while one is not None:
            before = one.__context__
            one.__traceback__ = one.__context__ = one.__cause__ = None
            one = before
        return self

    def __eq__(self, other: object) -> bool:
        """Two problems are equal when they say the same."""
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        """Hash by kind and words."""
        return hash((self.kind, self.message, self.who))

    def __repr__(self) -> str:
        """Show kind, who and message; never the raw body."""
        return f"{type(self).__name__}({self.message!r}, who={self.who!r})"
