"""What the control API says, as frozen values: the daemon writes them, CLI and tray read them."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from hearth.status_apps import AppStatus
from hearth.status_bodies import BodiesStatus
from hearth.status_cache import CacheStatus
from hearth.status_health import HealthStatus
from hearth.status_keys import KeyStatus
from hearth.status_money import BudgetStatus


class Finding(Struct, frozen=True):
    """What `hearth doctor` found: "note" is worth knowing, "bad" stands in the way; both may have a next step."""

    state: Literal["ok", "note", "bad"]
    text: str
    next_step: str = ""


class AbilityStatus(Struct, frozen=True):
    """Whether a model can do something: "yes", "no" or "unknown".

    `source` is where that was learned: config, provider, data (ours), dialect (its wire format), name, address.
    """

    said: str
    source: str = ""


class ModelStatus(Struct, frozen=True):
    """One model Hearth knows. Sizes are bytes, windows and limits tokens; None is unknown.

    `note` says what a person should know of it; `abilities` are told by feature where all was asked for. `listed_s` is
    how many seconds ago its provider said what it has.
    """

    name: str
    provider: str
    model: str
    place: str
    loaded: bool = False
    loading_s: float | None = None
    in_flight: int = 0
    queued: int = 0
    slots: int | None = None
    size: int | None = None
    size_vram: int | None = None
    window: int | None = None
    capabilities: tuple[str, ...] | None = None
    digest: str = ""
    family: str = ""
    parameter_size: str = ""
    quantization: str = ""
    note: str = ""
    output_limit: int | None = None
    abilities: dict[str, AbilityStatus] | None = None
    listed_s: float | None = None
    loads: int = 0
    """How often Hearth has had it loaded since start: many in a row are engines that push one model out for another."""
    last_load_s: float | None = None
    wanted_by: tuple[str, ...] = ()
    """Models that wait for its place, since their engine has no room for both; it keeps it for `stays_s` seconds."""
    stays_s: float = 0.0


class AliasStatus(Struct, frozen=True):
    """A name from `[models]` and the targets behind it, in order."""

    name: str
    use: tuple[str, ...]
    strategy: str


class ModelsStatus(Struct, frozen=True):
    """Everything that may be asked for."""

    default: str
    models: tuple[ModelStatus, ...]
    aliases: tuple[AliasStatus, ...] = ()


class ProviderStatus(Struct, frozen=True):
    """One provider: where it is, whether it answered when last asked, and its keys."""

    name: str
    dialect: str
    address: str
    place: str
    reachable: bool | None = None
    error: str = ""
    rests_s: float | None = None
    keys: tuple[KeyStatus, ...] = ()
    version: str = ""


class CallStatus(Struct, frozen=True):
    """One call in flight. `phase` is planning, queued, waiting or answering."""

    id: str
    app: str
    dialect: str
    route: str
    asked: str
    target: str
    place: str
    phase: str
    position: int
    seconds: float
    output_tokens: int


class ContactStatus(Struct, frozen=True):
    """One address that was dialled since start, or a name that was looked up. Times are time.time()."""

    address: str
    place: str
    count: int
    first: float
    last: float


class LedgerStatus(Struct, frozen=True):
    """The usage log: "ok" or "degraded" with its reason; rows waiting, written and lost."""

    state: str
    reason: str
    path: str
    queued: int
    written: int
    dropped: int


class PullStatus(Struct, frozen=True):
    """A model being fetched: bytes so far of all, None while unknown."""

    provider: str
    model: str
    status: str
    completed: int | None = None
    total: int | None = None


class ConfigStatus(Struct, frozen=True):
    """The file in force, the last error of a newer edit, and what in it is parsed but not active yet."""

    path: str
    error: str = ""
    warnings: tuple[str, ...] = ()
    inactive: tuple[str, ...] = ()
    loaded_at: float = 0.0
    reloads: int = 0


class OwnStatus(Struct, frozen=True):
    """What the daemon takes of this machine: bytes, seconds, counts; None is what the system does not tell.

    `started` is a time.time(); `loop_lag_s` is how late its event loop was when last timed.
    """

    memory: int = 0
    cpu_s: float = 0.0
    started: float = 0.0
    threads: int = 0
    files: int | None = None
    most_files: int | None = None
    loop_lag_s: float = 0.0


class ConnectionsStatus(Struct, frozen=True):
    """Connections to providers since the start.

    Those `opened`, requests that found one open (`reused`), and those of these that were sent `again`, since it was
    closed at the other end.
    """

    opened: int = 0
    reused: int = 0
    again: int = 0


class SealStatus(Struct, frozen=True):
    """Mode offline is held by the kernel since then, a time.time(); `fault` is what does not work, "" when all does."""

    since: float
    fault: str = ""


class Status(Struct, frozen=True):
    """The whole daemon at one moment.

    `mode` is what holds, `ceiling` the file's, `switched` the run-time switch or "".
    """

    version: str
    pid: int
    uptime_s: float
    mode: str
    ceiling: str
    switched: str
    default_model: str
    listening: tuple[str, ...]
    config: ConfigStatus
    providers: tuple[ProviderStatus, ...]
    loaded: tuple[ModelStatus, ...]
    calls: tuple[CallStatus, ...]
    served: int
    ledger: LedgerStatus
    contacts: tuple[ContactStatus, ...]
    stand_in: str = ""
    """The stand-in engine's address while it answers for a missing Ollama, else ""."""
    pulls: tuple[PullStatus, ...] = ()
    failed_pulls: dict[str, str] = {}
    """Models that could not be fetched lately, by "provider/model", and why."""
    refused_callers: dict[str, int] = {}
    """Hosts and origins that were refused, with counts: lines one may add to the config."""
    own: OwnStatus = OwnStatus()
    connections: ConnectionsStatus = ConnectionsStatus()
    apps: tuple[AppStatus, ...] = ()
    """The apps that have limits, and what they used of them."""
    caches: tuple[CacheStatus, ...] = ()
    """The answer cache, where the config wants one."""
    keys: tuple[KeyStatus, ...] = ()
    """The keys of all providers."""
    health: tuple[HealthStatus, ...] = ()
    """How providers and models are, as far as anything is known."""
    budgets: tuple[BudgetStatus, ...] = ()
    """The limits on what may be spent."""
    price_list: str = ""
    """The public price list in use, with its date; "" while none was needed."""
    sealed: SealStatus | None = None
    """Where the kernel holds mode offline, until Hearth is started anew; else None."""
    stopped: bool = False
    """Whether the kill switch holds: nothing leaves this machine until it is lifted."""
    ailing: dict[str, str] = {}
    """Parts of the daemon that failed and are begun again, and how they failed."""
    bodies: BodiesStatus | None = None
    """Prompts and answers on disk; None where nothing is kept, nor left of an earlier time."""


class Usage(Struct, frozen=True):
    """Sums of one row of `hearth usage`; `name` is what it is grouped by.

    `errors` failed or were cut; `refused` were sent to nobody, by a limit or a rule: no error of a target's.
    Percentiles are nearest ranks, None where nothing was measured, of what was not refused. `success` is the share that
    ended well of what ended by itself. `problems` counts by kind, refusals included. `trend` are
    calls in equal slices of the span, a day's in its hours.
    """

    name: str
    calls: int
    errors: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    estimated: int
    local_calls: int
    costs: dict[str, float]
    unknown_costs: int
    first_token_p50_ms: float | None = None
    first_token_p95_ms: float | None = None
    total_p50_ms: float | None = None
    total_p95_ms: float | None = None
    success: float | None = None
    queue_p50_ms: float | None = None
    queue_p95_ms: float | None = None
    refused: int = 0
    tokens_per_s_p50: float | None = None
    """Output tokens a second of streams, after the first one."""
    problems: dict[str, int] = {}
    trend: tuple[int, ...] = ()
    saved: dict[str, float] = {}
    """By currency: what the tokens answered at home would have cost at `compared`, less what they cost at home."""
    compared: tuple[str, ...] = ()
    """The cloud targets whose prices `saved` was worked out with."""
    uncompared: int = 0
    """Answers at home for which no cloud fallback with a known price was found: they are not in `saved`."""


class UsageReport(Struct, frozen=True):
    """A usage table. Times are time.time()."""

    by: str
    since: float | None
    until: float | None
    rows: tuple[Usage, ...]
    note: str = ""
    total: Usage | None = None
    """All rows together, each call counted once."""
