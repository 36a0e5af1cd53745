"""Asks one provider what it has: the exchanges, their order, and what their answers add up to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Protocol

import msgspec
from msgspec.structs import replace

from hearth.dialects.dialect import Called, Destination, Head, HttpRequest, ModelInfo
from hearth.dialects.ollama.models import loaded_models
from hearth.dialects.ollama.probes import loaded, show, version
from hearth.dialects.ollama.show import ShowInfo, read_show
from hearth.dialects.optional import ListsInPages
from hearth.problems import Problem
from hearth.routing.inventory import Listing
from hearth.routing.targets import same_name
from hearth_config.settings import Provider

Fetch = Callable[[str, HttpRequest], Awaitable[tuple[Head, bytes]]]
"""Sends a request to the provider of that name and returns head and body; raises the `Problem` that kept it from it."""

SHOWS_AT_ONCE = 4
MOST_PAGES = 20
"""A list of more pages than this is not read to its end."""


class Source(Protocol):
    """A provider that can be asked."""

    @property
    def settings(self) -> Provider:
        """What config says of it."""
        ...

    @property
    def called(self) -> Called:
        """How it is spoken to."""
        ...


class Shown:
    """What `/api/show` said, by the model's digest: a model that was made anew is asked about again."""

    def __init__(self) -> None:
        """Know nothing."""
        self._by_digest: dict[tuple[str, str], ShowInfo] = {}

    def get(self, model: ModelInfo) -> ShowInfo | None:
        """Return what is known of exactly this model."""
        return self._by_digest.get((model.name, model.digest))

    def put(self, model: ModelInfo, info: ShowInfo) -> None:
        """Remember it, unless the model has no digest to tell it from its next version."""
        if model.digest:
            self._by_digest[model.name, model.digest] = info

    def keep(self, models: tuple[ModelInfo, ...]) -> None:
        """Forget models that are gone."""
        present = {(model.name, model.digest) for model in models}
        self._by_digest = {key: info for key, info in self._by_digest.items() if key in present}


class Asking:
    """One round of questions to one provider."""

    def __init__(self, source: Source, fetch: Fetch, shown: Shown) -> None:
        """Nothing is sent yet."""
        self._source = source
        self._name = source.settings.name
        self._fetch = fetch
        self._shown = shown

    async def list_models(self) -> tuple[ModelInfo, ...]:
        """Return the models the provider lists. Raises the `Problem` that kept it from it."""
        called = self._source.called
        body = await self._body(called.list_models(self._to()))
        found = called.models(body)
        if isinstance(called, ListsInPages):
            for _ in range(MOST_PAGES):
                following = called.next_models(body, self._to())
                if following is None:
                    break
                body = await self._body(following)
                found += called.models(body)
        return found

    async def details(self, listing: Listing) -> Listing:
        """Return the listing with what only Ollama tells: version, what is loaded, and what is known of each model."""
        found, running = await asyncio.gather(self._version(), self._loaded())
        self._shown.keep(listing.models)
        models = tuple(_with_loaded(self._with_shown(model), running) for model in listing.models)
        given = _given_window(models, self._source.settings, listing.given_window)
        return replace(listing, version=found or listing.version, models=models, given_window=given)

    def unknown(self, models: tuple[ModelInfo, ...]) -> list[ModelInfo]:
        """Return the models that `/api/show` was not asked about."""
        return [model for model in models if self._shown.get(model) is None]

    async def ask_about(self, models: list[ModelInfo]) -> None:
        """Ask about these models, a few at once; one that cannot be described stays unknown until the next round."""
        todo: Iterator[ModelInfo] = iter(models)

        async def worker() -> None:
            for model in todo:
                try:
                    self._shown.put(model, read_show(await self._body(show(self._to(model.name)))))
                except Problem:
                    continue

        await asyncio.gather(*(worker() for _ in range(min(SHOWS_AT_ONCE, len(models)))))

    async def _version(self) -> str:
        try:
            body = await self._body(version(self._to()))
            return str(msgspec.json.decode(body, type=dict[str, str]).get("version", ""))
        except (Problem, msgspec.DecodeError):
            return ""

    async def _loaded(self) -> dict[str, ModelInfo]:
        """Return the loaded models by digest, or by name where the server sends none; {} where it does not tell."""
        try:
            found = loaded_models(await self._body(loaded(self._to())))
        except Problem:
            return {}
        return {model.digest or model.name: model for model in found}

    def _with_shown(self, model: ModelInfo) -> ModelInfo:
        """Put in what show said. Until it has, the abilities are unknown: the list's own are incomplete (§3.1)."""
        info = self._shown.get(model)
        if info is None:
            return replace(model, capabilities=None)
        return replace(
            model,
            capabilities=info.capabilities if info.capabilities is not None else model.capabilities,
            window=info.window or model.window,
            own_window=info.num_ctx,
            remote_host=model.remote_host or info.remote_host or info.remote_model,
            family=model.family or info.family,
            parameter_size=model.parameter_size or info.parameter_size,
            quantization=model.quantization or info.quantization,
        )

    async def _body(self, request: HttpRequest) -> bytes:
        head, body = await self._fetch(self._name, request)
        if head.status != 200:
            raise self._source.called.problem(head, body, self._name)
        return body

    def _to(self, model: str = "") -> Destination:
        settings = self._source.settings
        return Destination(settings.name, model, prefix=settings.address.prefix, quirks=settings.quirks)


def answered(before: Listing, models: tuple[ModelInfo, ...]) -> Listing:
    """Return the listing of a provider that has answered."""
    return replace(before, reachable=True, error="", models=models, checked_at=time.monotonic())


def failed(before: Listing, problem: Problem, *, reachable: bool | None) -> Listing:
    """Return the listing of a provider that has not told; what it had before stays known."""
    return replace(before, reachable=reachable, error=problem.message, checked_at=time.monotonic())


def without_loaded(listing: Listing) -> Listing:
    """Return the listing of a provider that has gone: whatever it had loaded is loaded no more."""
    return replace(listing, models=tuple(_unloaded(model) for model in listing.models))


def _given_window(models: tuple[ModelInfo, ...], settings: Provider, before: int | None) -> int | None:
    """Return the window that models get which say none themselves, as the loaded ones among them show."""
    pinned = {same_name(name) for name, pins in settings.models.items() if pins.num_ctx}
    for model in models:
        loaded, trained = model.loaded_window, model.window
        if not loaded or not trained or model.own_window or same_name(model.name) in pinned:
            continue
        if loaded < trained:
            return loaded
        if before is not None and loaded > before:
            before = None  # it gives more by now
    return before


def _unloaded(model: ModelInfo) -> ModelInfo:
    return replace(model, loaded_window=None, size_vram=None, expires="")


def _with_loaded(model: ModelInfo, running: dict[str, ModelInfo]) -> ModelInfo:
    """Put in what `/api/ps` says; its size counts all that is held, the context included."""
    found = running.get(model.digest) or running.get(model.name)
    if found is None or found.name != model.name:
        return _unloaded(model)
    return replace(
        model,
        size=found.size or model.size,
        size_vram=found.size_vram,
        loaded_window=found.loaded_window or None,
        expires=found.expires,
    )
