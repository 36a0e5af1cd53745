"""The typed shape of hearth.toml, read and checked: times are seconds, sizes bytes, shares 0 to 1, addresses parsed."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from hearth_config.addresses import Address, Endpoint
from hearth_config.provider import (
    Auth,
    Capability,
    Count,
    Dialect,
    Key,
    ModelSettings,
    Money,
    Price,
    Provider,
    Retry,
    RetryReason,
    Timeouts,
)
from hearth_config.units import Bytes, FractionOrOff, Seconds
from hearth_config.words import Mode, Task

__all__ = [
    "Alias",
    "AliasTasks",
    "App",
    "Auth",
    "Budget",
    "Busy",
    "Cache",
    "Capability",
    "Dialect",
    "Energy",
    "Fallback",
    "Key",
    "Listen",
    "Log",
    "Match",
    "Metrics",
    "Mode",
    "ModelSettings",
    "Price",
    "Provider",
    "Responses",
    "Retry",
    "RetryReason",
    "Settings",
    "Strategy",
    "Task",
    "Tasks",
    "Timeouts",
    "Usage",
]

Strategy = Literal[
    "local_first", "as_listed", "cheapest", "fastest", "best_value", "weighted", "round_robin", "least_busy"
]
Weight = Annotated[float, Meta(ge=0)]
Whole = Annotated[int, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]

OtlpAddress = Annotated[Address | Literal["off"], Meta(extra={"form": "address or off"})]
ListenAddress = Annotated[Endpoint | Literal["off", "systemd"], Meta(extra={"form": "listen"})]
ListenEndpoint = Annotated[Endpoint, Meta(extra={"form": "endpoint"})]


class Listen(Struct, frozen=True, forbid_unknown_fields=True):
    """Where clients reach Hearth, and who may."""

    tcp: ListenAddress = Endpoint("127.0.0.1", 11430)  # on 127.0.0.1, [::1] with the same port is added
    also: tuple[ListenEndpoint, ...] = ()
    socket: str = "auto"  # "auto", "off" or a path
    trust: Literal["same-user", "token"] = "same-user"
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    body_limit: Bytes = 64_000_000


class Busy(Struct, frozen=True, forbid_unknown_fields=True):
    """When a local model counts as busy."""

    patience: Seconds = 10.0
    queue: Whole = 32
    stay: Seconds = 20.0
    other_cpu: FractionOrOff = 0.85
    free_memory: FractionOrOff = 0.10
    battery: Literal["ignore", "busy", "no-load"] = "ignore"


class AliasTasks(Struct, frozen=True, forbid_unknown_fields=True):
    """The targets that an alias means for calls of one kind; empty: those it always means."""

    chat: tuple[str, ...] = ()
    embeddings: tuple[str, ...] = ()
    autocomplete: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    long_context: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    summary: tuple[str, ...] = ()
    code: tuple[str, ...] = ()

    def said(self) -> dict[str, tuple[str, ...]]:
        """Return the lists that are not empty, by kind."""
        return {kind: use for kind in self.__struct_fields__ if (use := getattr(self, kind))}


class Alias(Struct, frozen=True, forbid_unknown_fields=True):
    """A name that clients may ask for: targets are "provider/model"."""

    use: tuple[str, ...]
    strategy: Strategy = "local_first"
    weights: tuple[Weight, ...] = ()  # for strategy = "weighted", one for each of `use`
    tasks: AliasTasks = AliasTasks()  # what is meant instead by calls of these kinds


class Fallback(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a call goes when the local model it named cannot answer."""

    cloud: tuple[str, ...] = ()
    by_model: dict[str, tuple[str, ...]] = field(default_factory=dict)
    tasks: tuple[Task, ...] = ("chat", "embeddings")


class Tasks(Struct, frozen=True, forbid_unknown_fields=True):
    """The model for requests that name none, by what they ask for, and the rules by which a chat is sorted."""

    autocomplete: str | None = None
    embeddings: str | None = None
    chat: str | None = None
    images: str | None = None
    long_context: str | None = None
    tools: str | None = None
    summary: str | None = None
    code: str | None = None
    long_context_from: Whole = 32_000  # tokens, as they are estimated
    summary_words: tuple[str, ...] = ("summarize", "summarise", "summary", "tl;dr", "key points")
    code_words: tuple[str, ...] = (
        "```", "code", "function", "refactor", "stack trace", "traceback", "compile", "unit test", "regex", "sql",
    )  # fmt: skip


class Match(Struct, frozen=True, forbid_unknown_fields=True):
    """How a calling app is recognised; every part given must hold."""

    user_agent: str | None = None
    token: str | None = None  # a reference like a key's
    process: str | None = None

    def __repr__(self) -> str:
        return f"Match(user_agent={self.user_agent!r}, token={self.token and '…'!r}, process={self.process!r})"

    __str__ = __repr__


class App(Struct, frozen=True, forbid_unknown_fields=True):
    """What holds for one calling app; None: as for everybody."""

    match: Match
    mode: Mode | None = None
    models: tuple[str, ...] | None = None
    daily_limit: Money | None = None
    monthly_limit: Money | None = None
    requests_per_minute: Count | None = None
    tokens_per_minute: Count | None = None
    parallel: Count | None = None


class Budget(Struct, frozen=True, forbid_unknown_fields=True):
    """What all providers together may cost."""

    currency: str = "USD"
    rates: dict[str, Annotated[float, Meta(gt=0)]] = field(default_factory=dict)
    daily_limit: Money | None = None
    monthly_limit: Money | None = None
    alert_at: Share = 0.8
    when_spent: Literal["local", "warn"] = "local"
    allow_unpriced: bool = False


class Energy(Struct, frozen=True, forbid_unknown_fields=True):
    """What an answer at home costs."""

    watts: Money = 0.0
    price_per_kwh: Money = 0.0


class Cache(Struct, frozen=True, forbid_unknown_fields=True):
    """Answers given again from disk."""

    answers: Literal["off", "exact"] = "off"
    embeddings: Literal["off", "exact"] = "off"
    ttl: Seconds = 86_400.0
    size: Bytes = 100_000_000


class Usage(Struct, frozen=True, forbid_unknown_fields=True):
    """What the usage log keeps."""

    keep: Seconds = 400 * 86_400.0
    bodies: bool = False
    bodies_size: Bytes = 1_000_000_000


class Responses(Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept of the Responses API, in memory alone."""

    store: bool = False
    keep: Seconds = 3600.0
    size: Bytes = 64_000_000


class Metrics(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the figures of /metrics are sent to as well, as OTLP over HTTP; nowhere unless told."""

    otlp: OtlpAddress = "off"  # of a collector: "http://127.0.0.1:4318"; "/v1/metrics" is added
    interval: Seconds = 60.0
    headers: dict[str, str] = field(default_factory=dict)  # values may be references like a key's

    def __repr__(self) -> str:
        return f"Metrics(otlp={self.otlp!r}, interval={self.interval!r}, headers={[*self.headers]!r})"

    __str__ = __repr__


class Log(Struct, frozen=True, forbid_unknown_fields=True):
    """The daemon's own log."""

    level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """One whole hearth.toml."""

    mode: Mode = "prefer-local"
    sealed: bool = False
    default_model: str | None = None
    listen: Listen = Listen()
    busy: Busy = Busy()
    providers: dict[str, Provider] = field(default_factory=dict)
    models: dict[str, Alias] = field(default_factory=dict)
    fallback: Fallback = field(default_factory=Fallback)
    tasks: Tasks = Tasks()
    apps: dict[str, App] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)
    energy: Energy = Energy()
    retry: Retry = Retry()
    timeouts: Timeouts = Timeouts()
    cache: Cache = Cache()
    usage: Usage = Usage()
    responses: Responses = Responses()
    metrics: Metrics = field(default_factory=Metrics)
    log: Log = Log()
