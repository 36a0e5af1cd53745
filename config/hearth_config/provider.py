"""Somebody who answers: address, keys, models, prices, times and quirks, with nothing left to look up."""

from typing import Annotated, Literal, get_args

from msgspec import Meta, Struct, field

from hearth_config.addresses import Address, TcpAddress
from hearth_config.quirks import Quirks
from hearth_config.units import Seconds, SecondsOrAuto
from hearth_config.words import Place

Dialect = Annotated[str, Meta(extra={"form": "dialect"})]
Auth = Literal["bearer", "api-key", "x-api-key", "x-goog-api-key", "none"]
Capability = Literal["chat", "tools", "images", "audio", "json_schema", "thinking", "embeddings", "autocomplete"]
RetryReason = Literal["network_error", "timeout", "rate_limit", "overloaded", "provider_error"]
Count = Annotated[int, Meta(ge=1)]
Money = Annotated[float, Meta(ge=0)]
KeepAlive = Annotated[str, Meta(extra={"form": "keep alive"})]
ProviderAddress = Annotated[Address, Meta(extra={"form": "address"})]
ProxyAddress = Annotated[TcpAddress, Meta(extra={"form": "proxy"})]

TokenPart = Literal["input", "output", "cached_input", "cache_write", "reasoning"]
TOKEN_PARTS: tuple[TokenPart, ...] = get_args(TokenPart)


class Price(Struct, frozen=True, forbid_unknown_fields=True):
    """What an answer costs; a part that is None is unknown, never free."""

    input_per_million: Money | None = None
    output_per_million: Money | None = None
    cached_input_per_million: Money | None = None
    cache_write_per_million: Money | None = None
    reasoning_per_million: Money | None = None
    input_per_1k: Money | None = None
    output_per_1k: Money | None = None
    cached_input_per_1k: Money | None = None
    cache_write_per_1k: Money | None = None
    reasoning_per_1k: Money | None = None
    per_request: Money | None = None
    per_second: Money | None = None
    currency: str | None = None  # None: the budget's currency

    def per_token(self, part: TokenPart) -> float | None:
        """The price of one token of that part in `currency`, whichever way it was written; None is unknown."""
        return _per_token(getattr(self, f"{part}_per_million"), getattr(self, f"{part}_per_1k"))

    @property
    def amounts(self) -> dict[str, float]:
        """What it says, by key, without the currency: empty when it prices nothing."""
        found = {name: getattr(self, name) for name in self.__struct_fields__ if name != "currency"}
        return {name: amount for name, amount in found.items() if amount is not None}


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


class Defaults(Struct, frozen=True, forbid_unknown_fields=True):
    """The form of `defaults`: what a request may leave open. Each name is one that the daemon knows as a knob."""

    temperature: Annotated[float, Meta(ge=0)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    top_k: Annotated[int, Meta(ge=0)] | None = None
    min_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    typical_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    seed: int | None = None
    max_tokens: Count | None = None
    stop: tuple[object, ...] | None = None  # texts; a line break is one of the usual
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    repeat_penalty: Annotated[float, Meta(ge=0)] | None = None
    repeat_last_n: int | None = None


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
    daily_limit: Money | None = None
    monthly_limit: Money | None = None


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
    proxy_login: str | None = None  # a reference like a key's to the "user:password" that the proxy wants
    ca: str | None = None  # a PEM file; relative to the folder of hearth.toml
    remote_models: bool = False
    steady_prompts: bool = (
        True  # at home, text that an app changes with each call is frozen (Claude Code's billing line)
    )
    pull: Literal["never", "background"] = "never"
    models: dict[str, ModelSettings] = field(default_factory=dict)
    defaults: dict[str, object] = field(default_factory=dict)
    default_model: str | None = None
    embedding_model: str | None = None
    health_check_interval: SecondsOrAuto = None  # None: 60 s on this machine, else never; 0: never
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

    def model(self, name: str) -> ModelSettings:
        """What the user pinned for a model; for Ollama `m` and `m:latest` are one name."""
        found = self.models.get(name)
        if found is None and self.dialect == "ollama":
            twin = name.removesuffix(":latest") if name.endswith(":latest") else f"{name}:latest"
            found = self.models.get(twin)
        return found or ModelSettings()

    def __repr__(self) -> str:
        return f"Provider(name={self.name!r}, dialect={self.dialect!r}, address={str(self.address)!r})"

    __str__ = __repr__


def _per_token(per_million: float | None, per_1k: float | None) -> float | None:
    if per_million is not None:
        return per_million / 1_000_000
    return None if per_1k is None else per_1k / 1_000
