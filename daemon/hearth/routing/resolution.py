"""What a model name means: the targets behind it, where else a call may go, and how that was found."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from hearth.call import Task
from hearth.problems import Problem
from hearth.routing.targets import Target

Kind = Literal["alias", "target", "installed", "glob", "listed", "unlisted", "missing"]
"""By what a name was found. "unlisted": the local Ollama has not said what it has, so it is tried."""


class Resolution(Struct, frozen=True):
    """The meaning of one name for one task.

    `targets` stand in the order they were listed; `strategy` orders them, by `weights` where it is "weighted". `moves`
    says that the order changes from call to call. `kinds` are the kinds of request that mean different models under
    this name: a call is sorted into one of them. `fallback` are tried when those are busy,
    missing or down. `names` is the way from the name asked to the last one, `steps` the same as sentences for `hearth
    explain`. `near` are names like it, where nothing was found. `pulls` are models that could be fetched meanwhile.
    `problem` is set where the name itself is wrong. `stands_for` is the glob we ship that a hard-coded name fitted:
    what answers is the default model, not the one that was asked for.
    """

    asked: str
    task: Task
    kind: Kind
    targets: tuple[Target, ...] = ()
    strategy: str = "local_first"
    weights: tuple[float, ...] = ()
    moves: bool = False
    kinds: tuple[Task, ...] = ()
    fallback: tuple[Target, ...] = ()
    names: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    pulls: tuple[Target, ...] = ()
    problem: Problem | None = None
    stands_for: str = ""

    @property
    def how(self) -> str:
        """The last step: what decided."""
        return self.steps[-1] if self.steps else ""
