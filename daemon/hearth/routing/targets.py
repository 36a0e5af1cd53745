"""A target: one model at one provider, with where it is and what it can do."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

from msgspec import Struct
from msgspec.structs import replace

from hearth.call import Place
from hearth.chat import Need
from hearth.dialects.dialect import ModelInfo, Pins
from hearth.fim.filling import Filling
from hearth.routing.capabilities import Answer, Feature, abilities_of, pinned
from hearth.routing.gaps import NEEDS, filling, lacked
from hearth.routing.inventory import Listing
from hearth.routing.models_known import known_of
from hearth_config.addresses import UnixAddress, place_of
from hearth_config.settings import ModelSettings, Provider
from hearth_config.words import DISTANCE


class Target(Struct, frozen=True):
    """A model at a provider; None is unknown. `name` is "provider/model", the model as its provider lists it.

    `place` is where the answer is made: a remote model of an Ollama on this machine is in the cloud. `installed` is
    False only where the provider was asked and does not have it. `usable_window` is the context in tokens that calls
    really get. `lacks` are the needs it cannot meet, `unsure` those of which nobody says whether it can; `capabilities`
    are the words for what it can do, as config or its provider says them, and `answers` all that is known of it.
    """

    name: str
    provider: str
    model: str
    dialect: str
    place: Place
    info: ModelInfo
    settings: ModelSettings = ModelSettings()
    pins: Pins = Pins()
    window: int | None = None
    loaded_window: int | None = None
    usable_window: int | None = None
    stated_window: int | None = None
    """The context to tell clients: that, or what its engine was seen to give models for which nobody says one."""
    output_limit: int | None = None
    capabilities: frozenset[str] | None = None
    lacks: frozenset[Need] = frozenset()
    unsure: frozenset[Need] = frozenset()
    stop_max: int | None = None
    """How many stop sequences it takes; None: any number, or nobody says."""
    answers: Mapping[Feature, Answer] = {}
    remote: bool = False
    installed: bool = True
    loaded: bool = False
    listed: bool = False
    """True when the provider's own list or the config names it."""
    filling: Filling = Filling()
    """How it fills a gap between prefix and suffix."""


def make_target(provider: Provider, listing: Listing, model: str, info: ModelInfo | None) -> Target:
    """Put together what config and inventory say of a model; `info` None: the provider does not list it."""
    known = info or ModelInfo(model)
    pins = _model_settings(provider, known.name)
    remote = provider.dialect == "ollama" and (bool(known.remote_host) or is_remote_name(known.name))
    capabilities = _capabilities(pins, known)
    dialect = spoken(provider, known.name)
    abilities = abilities_of(dialect, provider.quirks, pins, known)
    window, output_limit = _limits(provider, pins, known)
    unable = pins.capabilities is not None and "insert" not in (capabilities or ())
    way = Filling() if unable else filling(dialect, provider.quirks, capabilities, known.name)
    usable = _usable_window(pins.num_ctx or known.own_window, known.loaded_window, window)
    said = remote or pins.num_ctx or known.own_window or known.loaded_window
    return Target(
        name=f"{provider.name}/{known.name}",
        provider=provider.name,
        model=known.name,
        dialect=dialect,
        place="cloud" if remote else provider_place(provider, listing),
        info=known,
        settings=pins,
        pins=Pins(num_ctx=pins.num_ctx, keep_alive=pins.keep_alive, shift=pins.shift),
        window=window,
        loaded_window=known.loaded_window,
        usable_window=usable,
        stated_window=usable if said or not usable else min(usable, listing.given_window or usable),
        output_limit=output_limit,
        capabilities=capabilities,
        lacks=abilities.lacks - NEEDS | lacked(way),
        unsure=abilities.unsure - NEEDS,
        answers=abilities.answers,
        stop_max=provider.quirks.stop_max,
        filling=way,
        remote=remote,
        installed=info is not None or remote or provider.dialect != "ollama" or not listing.reachable,
        loaded=known.loaded_window is not None or known.size_vram is not None or bool(known.expires),
        listed=info is not None or _named(provider, known.name) is not None,
    )


def spoken(provider: Provider, model: str) -> str:
    """Return the dialect in which a model is called: its provider's, or the Responses API where the quirks say so."""
    if provider.dialect == "openai_chat" and any(fnmatchcase(model, glob) for glob in provider.quirks.responses_for):
        return "openai_responses"
    return provider.dialect


def provider_place(provider: Provider, listing: Listing) -> Place:
    """Return where a provider's answers are made: at its address, or farther away where config or its proxy say so.

    A host name counts as cloud until it was looked up, and never as this machine: `offline` could not look it up again.
    """
    address = provider.address
    if isinstance(address, UnixAddress):
        return provider.place or "machine"
    literal = place_of(address.host)
    if literal == "machine":
        return provider.place or "machine"
    place = literal or _farthest("lan", listing.place or "cloud")
    via = "machine" if provider.proxy is None else place_of(provider.proxy.host) or "cloud"
    return _farthest(place, via, provider.place or "machine")


def is_remote_name(model: str) -> bool:
    """Say whether Ollama would forward a model of this name to its cloud by itself, installed or not."""
    _, colon, tag = model.strip().rpartition(":")
    tag = tag.lower()
    return bool(colon) and (tag == "cloud" or (tag.endswith("-cloud") and "/" not in tag))


def same_name(model: str) -> str:
    """Return what two spellings of one Ollama model share: no `:latest`, no capitals."""
    return model.strip().lower().removesuffix(":latest")


def full_name(model: str) -> str:
    """Return an Ollama model's name with its tag, which is `latest` where none is said."""
    name = model.strip()
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def _farthest(*places: Place) -> Place:
    return max(places, key=DISTANCE.__getitem__)


def _model_settings(provider: Provider, model: str) -> ModelSettings:
    found = _named(provider, model) or ModelSettings()
    if provider.defaults:
        found = replace(found, defaults={**provider.defaults, **found.defaults})
    return found if found.price or not provider.price else replace(found, price=provider.price)


def _named(provider: Provider, model: str) -> ModelSettings | None:
    """Return what the config says of a model by its own name; None where it does not name it."""
    found = provider.models.get(model)
    if found is None and provider.dialect == "ollama" and provider.models:
        wanted = same_name(model)
        found = next((pins for name, pins in provider.models.items() if same_name(name) == wanted), None)
    return found


def _capabilities(pins: ModelSettings, info: ModelInfo) -> frozenset[str] | None:
    if pins.capabilities is not None:
        return pinned(pins.capabilities)
    return None if info.capabilities is None else frozenset(info.capabilities)


def _limits(provider: Provider, pins: ModelSettings, info: ModelInfo) -> tuple[int | None, int | None]:
    """Return window and output limit: the user's word first, the provider's next, then what we know of the model."""
    window, output = pins.window or info.window, pins.output_limit or info.output_limit
    if provider.dialect == "ollama" or (window and output):
        return window, output
    known = known_of(info.name)
    return (window, output) if known is None else (window or known.window, output or known.output_limit)


def _usable_window(num_ctx: int | None, loaded: int | None, window: int | None) -> int | None:
    if num_ctx is not None:
        return num_ctx if window is None else min(num_ctx, window)
    return loaded or window
