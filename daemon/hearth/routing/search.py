"""The order in which a model name is understood (design §8), one method a step."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from hearth.call import Place, Task
from hearth.problems import BadRequest
from hearth.routing.defaults import choices
from hearth.routing.globs import pattern_of
from hearth.routing.index import Index
from hearth.routing.near import nearest, shown
from hearth.routing.resolution import Kind, Resolution
from hearth.routing.shipped import SHIPPED
from hearth.routing.strategies import MOVING
from hearth.routing.targets import Target, same_name
from hearth.routing.tasks import KINDS_OF_CHAT, sorts
from hearth_config.settings import Alias, Settings

Globs = tuple[tuple[str, re.Pattern[str]], ...]

_OLLAMA_NAME = re.compile(r"[A-Za-z0-9_][\w./-]{0,200}(:[A-Za-z0-9_][\w.-]{0,79})?", re.ASCII)
_SHIPPED = tuple((glob, pattern_of(glob)) for glob in SHIPPED)
UNNAMED = frozenset({"", "default", "default:latest"})
"""What a caller says that leaves the choice to us."""

_SCOPES: dict[str, Place] = {"local": "machine", "cloud": "cloud"}


class _Found(Struct, frozen=True):
    kind: Kind
    targets: tuple[Target, ...]
    strategy: str = "local_first"
    scoped: bool = False
    weights: tuple[float, ...] = ()


def search(
    settings: Settings,
    index: Index,
    globs: Globs,
    default_model: str | None,
    name: str,
    task: Task,
    known: Callable[[], Iterator[str]],
) -> Resolution:
    """Find what a name means; `known` yields all names, asked only when nothing was found."""
    seeker = _Seeker(settings, index, globs, default_model, task)
    found = seeker.seek(name) or seeker.unlisted(name)
    if found is None:
        return seeker.missing(name, known)
    return Resolution(
        asked=name,
        task=task,
        kind=found.kind,
        targets=found.targets,
        strategy=found.strategy,
        weights=found.weights,
        moves=found.strategy in MOVING and len(found.targets) > 1,
        kinds=tuple(dict.fromkeys(seeker.kinds)),
        fallback=() if found.scoped else seeker.fallback(found),
        names=tuple(seeker.names),
        steps=tuple(seeker.steps),
        pulls=tuple(target for target in found.targets if not target.installed and seeker.may_pull(target)),
        stands_for=seeker.stands_for,
    )


class _Seeker:
    """One search. It remembers its steps, and the names it has passed so that it never runs in a circle."""

    def __init__(self, settings: Settings, index: Index, globs: Globs, default_model: str | None, task: Task) -> None:
        self._settings = settings
        self._index = index
        self._globs = globs
        self._default_model = default_model
        self._task: Task = task
        self._within: Place | None = None
        self._scoped = False
        self._misspelt = ""
        self.stands_for = ""
        self.names: list[str] = []
        self.steps: list[str] = []
        self.kinds: list[Task] = []
        """The kinds of request that would mean another model, under a name that was passed."""

    def seek(self, name: str) -> _Found | None:
        """Try each step in order; None when none knows the name."""
        if name in self.names:
            self.steps.append(f'"{shown(name)}" leads in a circle')
            return None
        self.names.append(name)
        if name in UNNAMED:
            return self._default()
        for step in (
            self._alias,
            self._own_name,
            self._scope,
            self._installed,
            self._glob,
            self._listed,
            self._shipped,
        ):
            found = step(name)
            if found is not None and found.targets:
                return found
        return None

    def _default(self) -> _Found | None:
        self.kinds += sorts(self._settings.tasks)
        for name, why in choices(self._settings, self._index, self._task, self._default_model):
            before = len(self.names)
            self.steps.append(why)
            found = self.seek(name)
            if found is not None:
                return found
            del self.names[before:]
        return None

    def _alias(self, name: str) -> _Found | None:
        alias = self._settings.models.get(name) or self._settings.models.get(name.removesuffix(":latest"))
        if alias is None:
            self.steps.append(f'no alias is called "{shown(name)}"')
            return None
        self.steps.append(f'"{name}" is an alias: {alias.strategy} of {", ".join(alias.use)}')
        return self._of_alias(alias, "alias")

    def _own_name(self, name: str) -> _Found | None:
        """`provider/model`, or a provider alone for its default model; what nearly is that is remembered as a slip."""
        provider, _, model = name.partition("/")
        if provider in self._settings.providers:
            meant = model or self._provider_default(provider)
            if meant:
                target = self._index.find(provider, meant)
                self.steps.append(f"{target.name} is a provider and its model")
                return self._found("target", [target])
        self._misspelt = self._misspelt or self._rightly_spelt(name)
        self.steps.append(f'"{shown(name)}" does not begin with a provider\'s name and a slash')
        return None

    def _rightly_spelt(self, name: str) -> str:
        """Return "provider/model" for `provider:model` and `Provider/model`, "" for what names no provider of ours."""
        before, _, after = name.partition(":")
        if not after or "/" in before:
            before, _, after = name.partition("/")
        own = next((word for word in (*self._settings.providers, *_SCOPES) if word.lower() == before.lower()), "")
        right = f"{own}/{after}"
        return right if own and after and right != name else ""

    def _scope(self, name: str) -> _Found | None:
        """`local/NAME` and `cloud/NAME`: search again, in that place alone."""
        word, slash, rest = name.partition("/")
        place = _SCOPES.get(word)
        if place is None or not slash or self._scoped:
            return None
        self._within, self._scoped = place, True
        self.steps.append("only this machine is asked for" if place == "machine" else "only the cloud is asked for")
        return self.seek(rest)

    def _installed(self, name: str) -> _Found | None:
        found = self._found("installed", self._index.installed(name) or self._index.forwarded(name))
        self.steps.append(_where("installed", found) if found.targets else f'no model "{shown(name)}" is installed')
        return found

    def _glob(self, name: str) -> _Found | None:
        for glob, pattern in self._globs:
            if pattern.match(name):
                alias = self._settings.models[glob]
                self.steps.append(f'it fits [models."{glob}"]: {alias.strategy} of {", ".join(alias.use)}')
                return self._of_alias(alias, "glob")
        self.steps.append("no glob of [models] fits it")
        return None

    def _listed(self, name: str) -> _Found | None:
        found = self._found("listed", self._index.listed(name))
        self.steps.append(_where("listed", found) if found.targets else "no other provider lists it")
        return found

    def _shipped(self, name: str) -> _Found | None:
        if self._misspelt:
            return None
        for glob, pattern in _SHIPPED:
            if pattern.match(name):
                self.steps.append(f'"{glob}" is a name that clients hard-code: it means the default model')
                self.stands_for = glob
                return self.seek("default")
        return None

    def unlisted(self, name: str) -> _Found | None:
        """Try the local Ollama under that name if it has not said what it has."""
        last = self.names[-1] if self.names else name
        if self._misspelt or self._within == "cloud" or not _OLLAMA_NAME.fullmatch(last) or last in UNNAMED:
            return None
        found = self._found("unlisted", [self._index.find(one.name, last) for one in self._index.unasked()])
        if not found.targets:
            return None
        self.steps.append(f"{found.targets[0].provider} has not said what it has, so it is asked")
        return found

    def missing(self, name: str, known: Callable[[], Iterator[str]]) -> Resolution:
        """Say that nobody knows the name, and where the call may go instead."""
        problem = self._slip(name) if self._misspelt else None
        blank = name in UNNAMED
        fallback = () if self._scoped or problem else self.fallback(_Found("missing", ()))
        fits = not blank and _OLLAMA_NAME.fullmatch(name) is not None and bool(fallback)
        self.steps.append("no default model is known" if blank else f'"{shown(name)}" is missing')
        return Resolution(
            asked=name,
            task=self._task,
            kind="missing",
            fallback=fallback,
            names=tuple(self.names),
            steps=tuple(self.steps),
            near=() if blank else nearest(self.names[-1], known()),
            pulls=tuple(self._index.find(one.name, name) for one in self._index.pullers()) if fits else (),
            problem=problem,
        )

    def fallback(self, found: _Found) -> tuple[Target, ...]:
        """The targets of `[fallback]` for what was found: `by_model` before, and instead of, the general list."""
        entries = self._by_model(found)
        if entries is None:
            by_own_name = found.kind not in {"alias", "glob"}
            at_home = found.kind == "missing" or any(target.place != "cloud" for target in found.targets)
            entries = self._settings.fallback.cloud if by_own_name and at_home else ()
        taken = {target.name for target in found.targets}
        return tuple(target for target, _ in self._expanded(entries) if target.name not in taken)

    def may_pull(self, target: Target) -> bool:
        """Say whether the provider may fetch that model by itself."""
        provider = self._settings.providers[target.provider]
        return provider.dialect == "ollama" and provider.pull == "background"

    def _by_model(self, found: _Found) -> tuple[str, ...] | None:
        by_model = self._settings.fallback.by_model
        if not by_model:
            return None
        folded = {same_name(name): entries for name, entries in by_model.items()}
        names = [*self.names, *(name for target in found.targets for name in (target.name, target.model))]
        return next((folded[same_name(name)] for name in names if same_name(name) in folded), None)

    def _of_alias(self, alias: Alias, kind: Kind) -> _Found:
        tasks = alias.tasks.said()
        self.kinds += [task for task in KINDS_OF_CHAT if task in tasks]
        use, weights = alias.use, alias.weights
        if self._task in tasks:
            use, weights = tasks[self._task], ()
            self.steps.append(f"for {self._task} it means {', '.join(use)}")
        entries = self._expanded(use)
        found = self._found(kind, [target for target, _ in entries])
        weight_of = {target.name: weights[number] if weights else 1.0 for target, number in entries}
        return _Found(
            kind, found.targets, alias.strategy, found.scoped, tuple(weight_of[one.name] for one in found.targets)
        )

    def _expanded(self, entries: Sequence[str]) -> list[tuple[Target, int]]:
        """Turn entries into targets, each with the number of its entry; other aliases may stand among them."""
        targets: dict[str, tuple[Target, int]] = {}
        for number, entry in enumerate(entries):
            inner = _Seeker(self._settings, self._index, self._globs, self._default_model, self._task)
            inner.names = list(self.names)
            found = inner.seek(entry)
            self.kinds += inner.kinds
            for target in found.targets if found else ():
                targets.setdefault(target.name, (target, number))
        return list(targets.values())

    def _found(self, kind: Kind, targets: Sequence[Target]) -> _Found:
        fitting = tuple(target for target in targets if self._within in {None, target.place})
        return _Found(kind, fitting, scoped=self._scoped)

    def _provider_default(self, provider: str) -> str | None:
        settings = self._settings.providers[provider]
        return settings.embedding_model if self._task == "embeddings" else settings.default_model

    def _slip(self, name: str) -> BadRequest:
        right = shown(self._misspelt)
        return BadRequest(
            f'"{shown(name)}" is no model: a provider goes by its own name, and a slash parts it from its model.',
            next_step=f'Ask for "{right}".',
            param="model",
            code="model_not_found",
        )


def _where(word: str, found: _Found) -> str:
    return f"{word}: {', '.join(target.name for target in found.targets)}"
