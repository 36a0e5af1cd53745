"""What is accepted and yet worth a word: warnings, and settings that are checked now and heeded later."""

from collections.abc import Iterator
from typing import Final

from hearth_config.addresses import TcpAddress
from hearth_config.check_providers import address_place
from hearth_config.errors import Path, dotted
from hearth_config.layers import uses
from hearth_config.secrets import read_reference
from hearth_config.settings import MODES, Provider, Settings

Note = tuple[Path, str]

_OPTIONS: Final = (
    "organization", "project", "deployment", "api_version", "location", "credentials", "site_url", "site_title",
)  # fmt: skip
_SENSITIVE_HEADERS: Final = frozenset({"authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie"})


def warnings(settings: Settings) -> Iterator[Note]:
    """What works, but perhaps not as the user thinks."""
    for name, provider in settings.providers.items():
        yield from _provider_warnings(("providers", name), provider)
    for name, app in settings.apps.items():
        if app.mode and MODES.index(app.mode) > MODES.index(settings.mode):
            yield ("apps", name, "mode"), f'is looser than mode = "{settings.mode}" and changes nothing'
        if app.match.token and read_reference(app.match.token).kind == "literal":
            yield ("apps", name, "match", "token"), 'holds the token itself; "env:NAME" or "keyring:NAME" keeps it out'
    for name, value in settings.metrics.headers.items():
        if name.lower() in _SENSITIVE_HEADERS and read_reference(value).kind == "literal":
            yield ("metrics", "headers", name), 'holds the key itself; "env:NAME" or "keyring:NAME" keeps it out'
    yield from _renamed(settings)
    budget = settings.budget
    limited = budget.daily_limit is not None or budget.monthly_limit is not None
    if limited and "USD" not in {budget.currency, *budget.rates}:
        yield ("budget", "rates"), "has no USD, in which price lists count: what they say is unknown to the budget"
    if settings.usage.bodies:
        yield ("usage", "bodies"), "would keep every prompt and answer on disk; it is not active yet"


def _renamed(settings: Settings) -> Iterator[Note]:
    """Models that their provider has given up, wherever they are named."""
    named: list[tuple[Path, str]] = []
    for provider in settings.providers.values():
        path: Path = ("providers", provider.name)
        own = (("default_model", provider.default_model), ("embedding_model", provider.embedding_model))
        named += [((*path, key), f"{provider.name}/{model}") for key, model in own if model]
        named += [((*path, "models", model), f"{provider.name}/{model}") for model in provider.models]
    lists: list[tuple[Path, tuple[str, ...]]] = [(("fallback", "cloud"), settings.fallback.cloud)]
    lists += [(("models", name, "use"), alias.use) for name, alias in settings.models.items()]
    lists += [(("fallback", "by_model", name), use) for name, use in settings.fallback.by_model.items()]
    named += [((*path, index), target) for path, use in lists for index, target in enumerate(use)]
    for path, target in named:
        provider_name, _, model = target.partition("/")
        found = settings.providers.get(provider_name)
        if found is not None and model in found.quirks.renamed_models:
            yield path, f'"{model}" is gone; "{found.quirks.renamed_models[model]}" is asked instead'


def _of_proxy(path: Path, provider: Provider) -> Iterator[Note]:
    if provider.proxy and address_place(provider) == "machine":
        yield (*path, "proxy"), "is not used: the address is this machine"
    if provider.proxy_login and read_reference(provider.proxy_login).kind == "literal":
        yield (*path, "proxy_login"), 'holds the password itself; "env:NAME" or "keyring:NAME" keeps it out'
    if provider.proxy_login and not provider.proxy:
        yield (*path, "proxy_login"), "is not used: no proxy is named"


def _provider_warnings(path: Path, provider: Provider) -> Iterator[Note]:
    for index, key in enumerate(provider.keys):
        if read_reference(key.value).kind == "literal":
            yield (*path, "keys", index, "value"), 'holds the key itself; "env:NAME" or "keyring:NAME" keeps it out'
    for name, value in provider.headers.items():
        if name.lower() in _SENSITIVE_HEADERS and read_reference(value).kind == "literal":
            yield (*path, "headers", name), 'holds the key itself; "env:NAME" or "keyring:NAME" keeps it out'
    yield from _of_proxy(path, provider)
    address = provider.address
    if provider.ca and not (isinstance(address, TcpAddress) and address.scheme == "https"):
        yield (*path, "ca"), "is not used: the address is not https"
    if provider.preset == "generic" and not address.prefix:
        yield (*path, "address"), "has no path; most servers of this dialect expect /v1 at its end"
    for name in _OPTIONS:
        if getattr(provider, name) is not None and not uses(provider.quirks, name):
            yield (*path, name), f"is not used by {provider.preset or provider.dialect}"


def inactive(settings: Settings) -> tuple[str, ...]:
    """The keys that the user set and that nothing heeds yet, in dotted form."""
    return tuple(dict.fromkeys(dotted(path) for path in _inactive(settings)))


def _inactive(settings: Settings) -> Iterator[Path]:
    if settings.usage.bodies:
        yield ("usage", "bodies")
