"""What must hold for each provider: its name, where it is, how it is reached, and its keys."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from hearth_config.addresses import TcpAddress, in_the_clear, place_of
from hearth_config.errors import Path, Problem
from hearth_config.provider import Defaults
from hearth_config.secrets import read_reference
from hearth_config.settings import Provider, Settings
from hearth_config.shape import build
from hearth_config.words import DISTANCE, Place

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)
_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", re.ASCII)
_TAKEN: Final = frozenset({"local", "cloud", "default", "hearth"})
_OUR_HEADERS: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "te", "upgrade", "expect"}
)


def check_providers(settings: Settings) -> Iterator[Problem]:
    """Every problem of every provider, in the order of the file."""
    for name, provider in settings.providers.items():
        path = ("providers", name)
        if name in _TAKEN:
            yield Problem(path, f'"{name}" has a meaning of its own in model names', "Choose another name")
        if not _NAME.fullmatch(name):
            yield Problem(path, "is no name for a provider", "Use letters, digits, hyphens, dots and underscores")
        yield from _place(path, provider)
        yield from _keys(path, provider)
        yield from check_reference((*path, "proxy_login"), provider.proxy_login or "")
        yield from check_headers((*path, "headers"), provider.headers)
        yield from _of_ollama_only(path, provider)
        yield from _defaults((*path, "defaults"), provider.defaults)
        for model, pinned in provider.models.items():
            yield from _defaults((*path, "models", model, "defaults"), pinned.defaults)


def address_place(provider: Provider) -> Place | None:
    """Where the address alone says the provider is; None for a host name that must be looked up."""
    return place_of(provider.address.host) if isinstance(provider.address, TcpAddress) else "machine"


def _place(path: Path, provider: Provider) -> Iterator[Problem]:
    found = address_place(provider)
    if provider.place and DISTANCE[provider.place] < DISTANCE[found or "cloud"]:
        where = f"is in the {found}" if found else "is a name, which counts as cloud until it is looked up"
        reason = f'"{provider.place}" is nearer than the address, which {where}'
        yield Problem((*path, "place"), reason, "Remove place; it can only be set farther away")
    if in_the_clear(provider.address):
        step = "Write https://, or the IP address of a server in your own network"
        yield Problem((*path, "address"), "is plain http to the cloud, where prompts and keys could be read", step)


def _keys(path: Path, provider: Provider) -> Iterator[Problem]:
    ids = set()
    for index, key in enumerate(provider.keys):
        here = (*path, "keys", index)
        if key.id in ids:
            yield Problem((*here, "id"), f'"{key.id}" is the id of an earlier key', "Give each key its own id")
        ids.add(key.id)
        yield from check_reference((*here, "value"), key.value)


def check_reference(path: Path, reference: str) -> Iterator[Problem]:
    """What is wrong with the form of a reference to a key; whether there is such a key is not asked."""
    try:
        read_reference(reference)
    except ValueError as error:
        yield Problem(path, str(error), "Correct the reference")


def check_headers(path: Path, headers: Mapping[str, str]) -> Iterator[Problem]:
    """What is wrong with the configured headers of a request."""
    for name, value in headers.items():
        here = (*path, name)
        if not _HEADER.fullmatch(name):
            yield Problem(here, "is no name of a header", "Use letters, digits and hyphens")
        if name.lower() in _OUR_HEADERS:
            yield Problem(here, "is written by Hearth itself", "Remove it")
        if not value.isascii():
            yield Problem(here, "holds characters that no header can carry", "Write plain ASCII")
        yield from check_reference(here, value)


def _defaults(path: Path, table: Mapping[str, object]) -> Iterator[Problem]:
    """A default that nothing would heed is no default: each must be a knob, of its own kind."""
    stops = build(Defaults, table, path).stop or ()
    if not all(isinstance(stop, str) and stop for stop in stops):
        yield Problem((*path, "stop"), "holds something other than a text", 'Write a list such as ["\\n\\n", "END"]')


def _of_ollama_only(path: Path, provider: Provider) -> Iterator[Problem]:
    if provider.dialect == "ollama":
        return
    if provider.pull != "never":
        yield Problem((*path, "pull"), "is for Ollama only; other servers cannot fetch models", "Remove it")
    if provider.remote_models:
        yield Problem((*path, "remote_models"), "is for Ollama only", "Remove it, or set place for this provider")
    for model, pinned in provider.models.items():
        for name in ("num_ctx", "keep_alive", "shift"):
            if getattr(pinned, name) is not None:
                step = "Remove it; `window` says how much the model can read"
                yield Problem((*path, "models", model, name), f"is for Ollama only, not for {provider.dialect}", step)
