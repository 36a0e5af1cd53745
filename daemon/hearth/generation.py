"""Everything built from one config.

Immutable: a reload builds a whole new one, then one reference is swapped (design §4).
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import TYPE_CHECKING

from msgspec import convert

from hearth.chat import Knobs, Members
from hearth.dialects import registry
from hearth.dialects.body import raw
from hearth.dialects.dialect import Called, Destination
from hearth.outbound.keys.credentials import Credential
from hearth.outbound.pool import Origin, Pool, encode_headers
from hearth.outbound.proxy import Proxy
from hearth.routing.apps import Apps
from hearth.routing.inventory import NEVER_ASKED, Listing
from hearth.routing.targets import provider_place
from hearth_config.addresses import TcpAddress
from hearth_config.secrets import TOKEN_PREFIX, SecretError, is_literal
from hearth_config.settings import Provider, Settings

if TYPE_CHECKING:
    from hearth.call import Mode
    from hearth.outbound.egress import Egress
    from hearth.routing.plan import Candidate
    from hearth.routing.targets import Target
    from hearth_config.load import Loaded

_AUTH_HEADERS = {
    "bearer": ("Authorization", "Bearer "),
    "api-key": ("api-key", ""),
    "x-api-key": ("x-api-key", ""),
    "x-goog-api-key": ("x-goog-api-key", ""),
}
_LOCAL_GUARD_SINCE = (0, 18, 0)
"""The first Ollama that understands `model:tag:local` (wire/ollama.md §3.6); older ones refuse such a name."""


class ProviderRuntime:
    """One provider of one generation, ready to be asked."""

    def __init__(self, settings: Provider, called: Called, loaded: Loaded, pool: Pool) -> None:
        """Nothing is dialled or looked up here."""
        self.settings = settings
        self.called = called
        self._loaded = loaded
        self._pool = pool
        self._proxy = self._proxied()
        self.place = provider_place(settings, NEVER_ASKED)
        self.origin = self._origin()
        self._lines: dict[tuple[str, tuple[tuple[str, str], ...]], tuple[Credential, bytes]] = {}
        self._destinations: dict[tuple[str, bool], tuple[Target, Destination]] = {}
        self._permits: dict[str, tuple[Egress, Egress]] = {}
        self.version = ""
        self._knows_guard: bool | None = None
        self._speaking: dict[str, ProviderRuntime] = {}
        self._extra: Members = {name: raw(value) for name, value in settings.extra.items()}

    def _origin(self) -> Origin:
        settings = self.settings
        return self._pool.origin(
            settings.address,
            who=settings.name,
            place=self.place,
            ca=str(self._loaded.base_dir / settings.ca) if settings.ca else None,
            proxy=self._proxy if self.place != "machine" else None,
        )

    def _proxied(self) -> Proxy | None:
        settings, login = self.settings, self.settings.proxy_login
        if settings.proxy is None:
            return None
        if login is None:
            return Proxy(settings.proxy)
        return Proxy(settings.proxy, lambda: self._loaded.secret(login).reveal())

    def speaking(self, dialect: str) -> ProviderRuntime:
        """Return this provider as the models of a dialect are called; most have one, OpenAI's have two."""
        if dialect == self.settings.dialect:
            return self
        other = self._speaking.get(dialect)
        if other is None:
            other = self._speaking[dialect] = copy(self)
            other.called = registry.called(dialect) or self.called
        return other

    def heed(self, listing: Listing) -> None:
        """Take note of what asking and looking up has shown: the engine's version, and where a host name leads."""
        self.version = listing.version
        self._knows_guard = _knows_guard(listing.version)
        self._speaking.clear()
        place = provider_place(self.settings, listing)
        if place != self.place:
            self.place = place
            self.origin = self._origin()

    def destination(self, candidate: Candidate, mode: Mode) -> Destination:
        """Return what the dialect needs to know of a target, under a mode."""
        target = candidate.target
        guarded = self._guarded(target, mode)
        known = self._destinations.get((target.name, guarded))
        if known is not None and known[0] is target:
            return known[1]
        made = self.describe(target, local_only=guarded)
        self._destinations[target.name, guarded] = (target, made)
        return made

    def _guarded(self, target: Target, mode: Mode) -> bool:
        """Whether Ollama is asked for its guard, so that a model that has turned remote since we looked is refused.

        Always, unless remote models are allowed; one whose version is not known is asked for it in the strict modes
        alone, and fails closed.
        """
        strict = mode in ("offline", "lan")
        if self.settings.dialect != "ollama" or target.remote or (self.settings.remote_models and not strict):
            return False
        return strict if self._knows_guard is None else self._knows_guard

    def describe(self, target: Target, *, local_only: bool = False) -> Destination:
        """Put together what config says of a target."""
        return Destination(
            provider=self.settings.name,
            model=target.model,
            prefix=self.settings.address.prefix,
            quirks=self.settings.quirks,
            pins=target.pins,
            defaults=knobs_of(target.settings.defaults),
            extra=self._extra,
            local_only=local_only,
            no_remote=not (target.remote or self.settings.remote_models),
            thinks=False if "thinking" in target.lacks else None,
            output_limit=target.output_limit,
            steady=self.settings.steady_prompts and target.place != "cloud",
            filling=target.filling,
        )

    def header_lines(self, credential: Credential, headers: tuple[tuple[str, str], ...]) -> bytes:
        """Return the encoded headers of a request; the same ones are made once. They hold the key: never logged."""
        known = self._lines.get((credential.id, headers))
        if known is not None and (known[0] is credential or known[0].sends_as(credential)):
            return known[1]
        made = self.fresh_lines(credential, headers)
        self._lines[credential.id, headers] = (credential, made)
        return made

    def fresh_lines(self, credential: Credential, headers: tuple[tuple[str, str], ...]) -> bytes:
        """Return the same for headers that no other request has, such as the boundary of a form: nothing is kept."""
        return encode_headers((*self._credentials(credential), *credential.headers, *headers))

    def _credentials(self, credential: Credential) -> tuple[tuple[str, str], ...]:
        form = _AUTH_HEADERS.get(self.settings.auth)
        if form is None or credential.secret is None:
            return ()
        return ((form[0], form[1] + credential.secret.reveal()),)

    def configured_headers(self) -> tuple[tuple[str, str], ...]:
        """Resolve the headers the config gives this provider; may block, so it is called in a thread.

        Raises `SecretError`.
        """
        headers = self.settings.headers.items()
        return tuple(
            (name, value if is_literal(value) else self._loaded.secret(value).reveal()) for name, value in headers
        )

    def permit(self, mode: Mode) -> Egress:
        """Return what a call of this mode lets out, under the egress of now."""
        egress = self._pool.egress
        known = self._permits.get(mode)
        if known is not None and known[0] is egress:
            return known[1]
        made = egress.at(mode)
        self._permits[mode] = (egress, made)
        return made


class Generation:
    """One config, made ready.

    `targets` keeps only providers whose dialect we can call; the others are named in `unspoken`.
    """

    def __init__(self, loaded: Loaded, pool: Pool) -> None:
        """Build all of it, or raise; nothing is dialled."""
        self.loaded = loaded
        self.settings: Settings = loaded.settings
        self.providers: dict[str, ProviderRuntime] = {
            name: ProviderRuntime(provider, called, loaded, pool)
            for name, provider in self.settings.providers.items()
            if (called := registry.called(provider.dialect)) is not None
        }
        self.unspoken: tuple[str, ...] = tuple(name for name in self.settings.providers if name not in self.providers)
        self.apps = Apps(self.settings.apps)
        self.faults: tuple[str, ...] = ()
        """What the status warns of beside the loader's notes."""

    @property
    def host_names(self) -> frozenset[str]:
        """The host names that configured providers use; no other is ever looked up in mode lan."""
        addresses = (runtime.settings.address for runtime in self.providers.values())
        return frozenset(address.host for address in addresses if isinstance(address, TcpAddress))

    def app_tokens(self) -> dict[str, str]:
        """Return the apps' tokens with the apps' names.

        One that cannot be had, or that no caller could be known by, is left out and told of in `faults`.
        """
        found: dict[str, str] = {}
        faults = []
        for name, app in self.settings.apps.items():
            if app.match.token is None:
                continue
            try:
                secret = self.loaded.secret(app.match.token).reveal()
            except SecretError as error:
                faults.append(f"apps.{name}.match.token: {error}")
                continue
            if secret.startswith(TOKEN_PREFIX):
                found[secret] = name
            else:
                faults.append(
                    f"apps.{name}.match.token: what {app.match.token} holds is no token of Hearth's, so no caller is "
                    f'known by it. Begin it with "{TOKEN_PREFIX}", there and in the app.'
                )
        self.faults = tuple(faults)
        return found


def _knows_guard(version: str) -> bool | None:
    """Whether an Ollama of this version understands the guard; None when the version says nothing."""
    parts = version.partition("-")[0].split(".")
    if len(parts) < 3 or not all(part.isdigit() for part in parts):
        return None
    return tuple(int(part) for part in parts) >= _LOCAL_GUARD_SINCE


def knobs_of(defaults: Mapping[str, object]) -> Knobs:
    """Return a model's `defaults` as knobs; the loader has refused what is none."""
    return convert(defaults, Knobs)
