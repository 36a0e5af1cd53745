"""Models being fetched: one pull a model, whoever asks; its progress for all who look; it goes on when they leave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from time import monotonic
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from hearth.dialects.body import join, raw
from hearth.dialects.dialect import HttpRequest
from hearth.dialects.framing import LineSplitter
from hearth.outbound.limits import Limits
from hearth.outbound.loading import ask_engine, no_key
from hearth.problems import Problem, ProviderFault
from hearth.server.ollamas import QUIET_S, first_ollama, need_registry
from hearth.status import PullStatus

if TYPE_CHECKING:
    from hearth.generation import ProviderRuntime
    from hearth.outbound.egress import Egress
    from hearth.routing.targets import Target
    from hearth.server.core import Core

RETRY_S = 600.0
"""A background pull that failed is not tried again for so long."""
_JSON = (("Content-Type", "application/json"),)


class _Line(Struct):
    status: str = ""
    completed: int | None = None
    total: int | None = None
    error: str = ""


_read_line = msgspec.json.Decoder(_Line).decode


class _Pull:
    """One pull under way: its newest progress, and everybody who waits for news."""

    def __init__(self, provider: str, model: str) -> None:
        self.now = PullStatus(provider, model, "starting")
        self.news = asyncio.Event()
        self.problem: Problem | None = None
        self.done = False
        self.task: asyncio.Task[None] | None = None

    def say(self, progress: PullStatus) -> None:
        self.now = progress
        self.news.set()
        self.news = asyncio.Event()


class _Failure(Struct, frozen=True):
    at: float
    """Seconds of the monotonic clock."""
    why: str


class Pulls:
    """All pulls under way, by model."""

    def __init__(self, core: Core) -> None:
        """Start with none."""
        self._core = core
        self._pulls: dict[str, _Pull] = {}
        self._failed: dict[str, _Failure] = {}

    def views(self) -> tuple[PullStatus, ...]:
        """Return the progress of every pull."""
        return tuple(pull.now for pull in self._pulls.values() if not pull.done)

    def failures(self) -> dict[str, str]:
        """Return why pulls failed lately, by "provider/model"."""
        return {name: failure.why for name, failure in self._failed.items() if self._holds(failure)}

    def background(self, target: Target) -> None:
        """Fetch a missing model while somebody else answers (`pull = "background"`)."""
        failure = self._failed.get(target.name)
        if target.model in self._pulls or (failure is not None and self._holds(failure)):
            return
        self._core.events.say("pull", model=target.name)
        self._begin(self._core.target(target.provider), target.model)

    async def follow(self, model: str) -> AsyncIterator[PullStatus]:
        """Pull a model, or join its pull; yields progress until it ends. Raises the problem it ended in.

        Leaving does not end it.
        """
        runtime, model = self._whose(model)
        pull = self._pulls.get(model) or self._begin(runtime, model)
        last: PullStatus | None = None
        while True:
            news = pull.news
            if pull.now is not last:
                last = pull.now
                yield last
            if pull.problem is not None:
                raise pull.problem
            if pull.done:
                return
            await news.wait()

    def _whose(self, name: str) -> tuple[ProviderRuntime, str]:
        """Return who fetches a model, and its own name: `provider/model` and `local/model` are understood here too."""
        provider, slash, model = name.partition("/")
        runtime = self._core.generation.providers.get(provider)
        if slash and runtime is not None and runtime.settings.dialect == "ollama":
            return runtime, model
        return first_ollama(self._core), model if slash and provider == "local" else name

    def _begin(self, runtime: ProviderRuntime, model: str) -> _Pull:
        need_registry(self._core, "A model pull")
        pull = self._pulls[model] = _Pull(runtime.settings.name, model)
        pull.task = asyncio.create_task(self._run(pull, runtime), name=f"pull {model}")
        return pull

    async def _run(self, pull: _Pull, runtime: ProviderRuntime) -> None:
        name, model = runtime.settings.name, pull.now.model
        try:
            await self._read(pull, runtime)
        except Problem as problem:
            pull.problem = problem
            self._remember(f"{name}/{model}", problem)
            self._core.events.say("pull_failed", model=model, why=problem.message)
        else:
            self._failed.pop(f"{name}/{model}", None)
        finally:
            pull.done = True
            pull.news.set()
            self._pulls.pop(model, None)
        await self._core.inventory.refresh(name)

    def _remember(self, target: str, problem: Problem) -> None:
        self._failed = {name: failure for name, failure in self._failed.items() if self._holds(failure)}
        self._failed[target] = _Failure(monotonic(), problem.message)

    @staticmethod
    def _holds(failure: _Failure) -> bool:
        return monotonic() - failure.at < RETRY_S

    async def _read(self, pull: _Pull, runtime: ProviderRuntime) -> None:
        core, name = self._core, runtime.settings.name
        credential = await core.keys.choose(runtime, frozenset())
        if credential is None:
            raise no_key(name)
        reply = await core.pool.send(
            runtime.origin,
            "POST",
            runtime.settings.address.path("api/pull"),
            runtime.header_lines(credential, _JSON),
            join({"model": raw(pull.now.model), "stream": raw(True)}),
            limits=Limits(first=QUIET_S, idle=QUIET_S),
        )
        lines = LineSplitter()
        with reply:
            while piece := await reply.read_chunk():
                for record in lines.feed(piece):
                    self._take(pull, name, record)
            self._take(pull, name, lines.close())  # an error before the stream is a whole body
        if pull.now.status != "success":
            raise ProviderFault(f"the pull of {pull.now.model} ended at {pull.now.status!r}.", who=name)

    def _take(self, pull: _Pull, name: str, line: bytes) -> None:
        try:
            said = _read_line(line)
        except msgspec.DecodeError:
            return
        if said.error:
            raise ProviderFault(said.error[:300], who=name)
        done = said.completed if said.total is None else said.completed or 0  # Ollama leaves a 0 out
        pull.say(PullStatus(name, pull.now.model, said.status, done, said.total))

    async def delete(self, target: Target) -> None:
        """Forget an installed model. Raises the `Problem` its Ollama answers with."""
        runtime = self._core.target(target.provider)
        request = HttpRequest(
            "DELETE", runtime.settings.address.path("api/delete"), _JSON, join({"model": raw(target.model)})
        )
        await ask_engine(runtime, request, self._core.pool, self._core.keys, first_s=30.0)
        await self._core.inventory.refresh(target.provider)

    def end_forbidden(self, egress: Egress) -> int:
        """End the pulls that the mode forbids: a registry is cloud, whoever asks it; returns how many."""
        forbidden = [] if egress.allows("cloud") else [pull for pull in self._pulls.values() if pull.task is not None]
        for pull in forbidden:
            pull.problem = pull.problem or egress.refusal(pull.now.provider)
            if pull.task is not None:
                pull.task.cancel()
        return len(forbidden)

    async def close(self) -> None:
        """End what is under way: Ollama keeps what it has fetched and goes on from there next time."""
        tasks = [pull.task for pull in self._pulls.values() if pull.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
