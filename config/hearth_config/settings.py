"""The typed shape of hearth.toml, read and checked: times are seconds, sizes bytes, shares 0 to 1, addresses parsed."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from hearth_config.addresses import Address, Endpoint, Place, TcpAddress
from hearth_config.quirks import Quirks
from hearth_config.units import Bytes, FractionOrOff, Seconds, SecondsOrAuto

Mode = Literal["offline", "lan", "prefer-local", "any"]
MODES: tuple[Mode, ...] = ("offline", "lan", "prefer-local", "any")  # the tightest first

Dialect = Literal["ollama", "openai_chat", "openai_responses", "anthropic", "gemini", "cohere", "replicate"]
Auth = Literal["bearer", "api-key", "x-api-key", "x-goog-api-key", "none"]
Strategy = Literal[
    "local_first", "as_listed", "cheapest", "fastest", "best_value", "weighted", "round_robin", "least_busy"
]
Capability = Literal["chat", "tools", "images", "audio", "json_schema", "thinking", "embeddings", "autocomplete"]
Task = Literal["chat", "embeddings", "autocomplete"]
RetryReason = Literal["network_error", "timeout", "rate_limit", "overloaded", "provider_error"]

Count = Annotated[int, Meta(ge=1)]
Whole = Annotated[int, Meta(ge=0)]
Money = Annotated[float, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]

ListenAddress = Annotated[Endpoint | Literal["off", "systemd"], Meta(extra={"form": "listen"})]
ListenEndpoint = Annotated[Endpoint, Meta(extra={"form": "endpoint"})]
KeepAlive = Annotated[str, Meta(extra={"form": "keep alive"})]
ProviderAddress = Annotated[Address, Meta(extra={"form": "address"})]
ProxyAddress = Annotated[TcpAddress, Meta(extra={"form": "proxy"})]


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
    other_cpu: FractionOrOff = 0.85
    free_memory: FractionOrOff = 0.10
    battery: Literal["ignore", "busy", "no-load"] = "ignore"


class Price(Struct, frozen=True, forbid_unknown_fields=True):
    """What an answer costs; a part that is None is unknown, never free."""

    input_per_million: Money | None = None
    output_per_million: Money | None = None
    cached_input_per_million: Money | None = None
    input_per_1k: Money | None = None
    output_per_1k: Money | None = None
    per_request: Money | None = None
    per_second: Money | None = None
    currency: str | None = None  # None: the budget's currency

    @property
    def input_per_token(self) -> float | None:
        """The price of one input token in `currency`, whichever way it was written."""
        return _per_token(self.input_per_million, self.input_per_1k)

    @property
    def output_per_token(self) -> float | None:
        """The price of one output token in `currency`, whichever way it was written."""
        return _per_token(self.output_per_million, self.output_per_1k)


class Key(Struct, frozen=True, forbid_unknown_fields=True):
    """One key of a provider. `value` is a reference ("env:NAME", …), resolved as late as possible by `secrets`."""

    id: str
    value: str
    requests_per_minute: Count | None = None
    tokens_per_minute: Count | None = None
    requests_per_day: Count | None = None
    tokens_per_day: Count | None = None
    weight: Annotated[float, Meta(gt=0)] = 1.0
    price: Price | None = None
    daily_limit: Money | None = None
    monthly_limit: Money | None = None

    def __repr__(self) -> str:
        return f"Key(id={self.id!r})"

    __str__ = __repr__


class ModelSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """What the user pins for one model of one provider; None leaves it to what the provider reports."""

    num_ctx: Count | None = None
    keep_alive: KeepAlive | None = None  # as Ollama reads it: "10m", "1h30m", "0", "-1m" (for ever)
    slots: Count | None = None
    shift: bool | None = None  # True lets Ollama drop the oldest part of a full window
    defaults: dict[str, object] = field(default_factory=dict)
    window: Count | None = None
    output_limit: Count | None = None
    capabilities: tuple[Capability, ...] | None = None
    price: Price | None = None


class Timeouts(Struct, frozen=True, forbid_unknown_fields=True):
    """How long an attempt may stay silent, in seconds."""

    connect: Seconds = 5.0
    first_token: SecondsOrAuto = None  # None: from what such calls took, never under 30 s
    idle: Seconds = 60.0


class Retry(Struct, frozen=True, forbid_unknown_fields=True):
    """How often and when another attempt is made before the commit point."""

    attempts: Count = 3
    backoff: Seconds = 0.5
    factor: Annotated[float, Meta(ge=1)] = 2.0
    max_delay: Seconds = 30.0
    on: tuple[RetryReason, ...] = ("network_error", "timeout", "rate_limit", "overloaded", "provider_error")


class Provider(Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who answers: the user's table laid over its preset, with nothing left to look up."""

    name: str
    dialect: Dialect
    address: ProviderAddress
    preset: str | None = None
    place: Place | None = None  # None: from the address; else at least as far as the address
    auth: Auth = "bearer"
    keys: tuple[Key, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)  # values may be references like a key's
    extra: dict[str, object] = field(default_factory=dict)
    proxy: ProxyAddress | None = None
    ca: str | None = None  # a PEM file; relative to the folder of hearth.toml
    remote_models: bool = False
    pull: Literal["never", "background"] = "never"
    models: dict[str, ModelSettings] = field(default_factory=dict)
    defaults: dict[str, object] = field(default_factory=dict)
    default_model: str | None = None
    embedding_model: str | None = None
    timeouts: Timeouts = Timeouts()  # the provider's own over [timeouts]
    retry: Retry = Retry()  # the provider's own over [retry]
    quirks: Quirks = field(default_factory=Quirks)
    price: Price | None = None  # what its keys inherit, as the limits below
    daily_limit: Money | None = None
    monthly_limit: Money | None = None
    requests_per_minute: Count | None = None
    tokens_per_minute: Count | None = None
    requests_per_day: Count | None = None
    tokens_per_day: Count | None = None
    organization: str | None = None
    project: str | None = None
    deployment: str | None = None
    api_version: str | None = None
    location: str | None = None
    credentials: str | None = None
    site_url: str | None = None
    site_title: str | None = None

    def __repr__(self) -> str:
        return f"Provider(name={self.name!r}, dialect={self.dialect!r}, address={str(self.address)!r})"

    __str__ = __repr__


class Alias(Struct, frozen=True, forbid_unknown_fields=True):
    """A name that clients may ask for: targets are "provider/model"."""

    use: tuple[str, ...]
    strategy: Strategy = "local_first"


class Fallback(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a call goes when the local model it named cannot answer."""

    cloud: tuple[str, ...] = ()
    by_model: dict[str, tuple[str, ...]] = field(default_factory=dict)
    tasks: tuple[Task, ...] = ("chat", "embeddings")


class Tasks(Struct, frozen=True, forbid_unknown_fields=True):
    """The model for requests that name none, by what they ask for."""

    autocomplete: str | None = None
    embeddings: str | None = None
    chat: str | None = None


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


class Log(Struct, frozen=True, forbid_unknown_fields=True):
    """The daemon's own log."""

    level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """One whole hearth.toml."""

    mode: Mode = "prefer-local"
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
    log: Log = Log()


def _per_token(per_million: float | None, per_1k: float | None) -> float | None:
    if per_million is not None:
        return per_million / 1_000_000
    return None if per_1k is None else per_1k / 1_000
