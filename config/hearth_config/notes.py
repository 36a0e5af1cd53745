"""What is accepted and yet worth a word."""

from collections.abc import Iterator, Mapping
from typing import Final

from hearth_config.addresses import TcpAddress
from hearth_config.check_aliases import target_lists
from hearth_config.check_providers import address_place
from hearth_config.errors import Path
from hearth_config.layers import uses
from hearth_config.secrets import is_literal
from hearth_config.settings import Provider, Settings
from hearth_config.words import MODES

Note = tuple[Path, str]

_OPTIONS: Final = (
    "organization", "project", "deployment", "api_version", "location", "credentials", "site_url", "site_title",
)  # fmt: skip
_KEEP_OUT: Final = '"env:NAME" or "keyring:NAME" keeps it out'
_SENSITIVE_HEADERS: Final = frozenset({"authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie"})


def warnings(settings: Settings) -> Iterator[Note]:
    """What works, but perhaps not as the user thinks."""
    for name, provider in settings.providers.items():
        yield from _provider_warnings(("providers", name), provider)
    for name, app in settings.apps.items():
        if app.mode and MODES.index(app.mode) > MODES.index(settings.mode):
            yield ("apps", name, "mode"), f'is looser than mode = "{settings.mode}" and changes nothing'
        if app.match.token and is_literal(app.match.token):
            yield ("apps", name, "match", "token"), f"holds the token itself; {_KEEP_OUT}"
    yield from _of_headers(("metrics", "headers"), settings.metrics.headers)
    yield from _renamed(settings)
    budget = settings.budget
    limited = budget.daily_limit is not None or budget.monthly_limit is not None
    if limited and "USD" not in {budget.currency, *budget.rates}:
        yield ("budget", "rates"), "has no USD, in which price lists count: what they say is unknown to the budget"
    if settings.usage.bodies:
        yield ("usage", "bodies"), "keeps every prompt and answer on disk, in bodies.db beside the usage log"


def _renamed(settings: Settings) -> Iterator[Note]:
    """Models that their provider has given up, wherever they are named."""
    named: list[tuple[Path, str]] = []
    for provider in settings.providers.values():
        path: Path = ("providers", provider.name)
        own = (("default_model", provider.default_model), ("embedding_model", provider.embedding_model))
        named += [((*path, key), f"{provider.name}/{model}") for key, model in own if model]
        named += [((*path, "models", model), f"{provider.name}/{model}") for model in provider.models]
    named += [((*path, index), target) for path, use in target_lists(settings) for index, target in enumerate(use)]
    for path, target in named:
        provider_name, _, model = target.partition("/")
        found = settings.providers.get(provider_name)
        if found is not None and model in found.quirks.renamed_models:
            yield path, f'"{model}" is gone; "{found.quirks.renamed_models[model]}" is asked instead'


def _of_headers(path: Path, headers: Mapping[str, str]) -> Iterator[Note]:
    for name, value in headers.items():
        if name.lower() in _SENSITIVE_HEADERS and is_literal(value):
            yield (*path, name), f"holds the key itself; {_KEEP_OUT}"


def _of_proxy(path: Path, provider: Provider) -> Iterator[Note]:
    if provider.proxy and address_place(provider) == "machine":
        yield (*path, "proxy"), "is not used: the address is this machine"
    if provider.proxy_login and is_literal(provider.proxy_login):
        yield (*path, "proxy_login"), f"holds the password itself; {_KEEP_OUT}"
    if provider.proxy_login and not provider.proxy:
        yield (*path, "proxy_login"), "is not used: no proxy is named"


def _provider_warnings(path: Path, provider: Provider) -> Iterator[Note]:
    for index, key in enumerate(provider.keys):
        if is_literal(key.value):
            yield (*path, "keys", index, "value"), f"holds the key itself; {_KEEP_OUT}"
    yield from _of_headers((*path, "headers"), provider.headers)
    yield from _of_proxy(path, provider)
    address = provider.address
    if provider.ca and not (isinstance(address, TcpAddress) and address.scheme == "https"):
        yield (*path, "ca"), "is not used: the address is not https"
    if provider.preset == "generic" and not address.prefix:
        yield (*path, "address"), "has no path; most servers of this dialect expect /v1 at its end"
    for name in _OPTIONS:
        if getattr(provider, name) is not None and not uses(provider.quirks, name):
            yield (*path, name), f"is not used by {provider.preset or provider.dialect}"
