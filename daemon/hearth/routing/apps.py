"""Who is calling: the first `[apps.X]` whose match holds, each part of it that is given."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from re import Pattern

from msgspec import Struct

from hearth.routing.globs import pattern_of
from hearth_config.settings import App


class _Rule(Struct, frozen=True):
    name: str
    by_token: bool
    user_agent: Pattern[str] | None
    process: Pattern[str] | None

    def may_hold(self, user_agent: str, tokens: Collection[str]) -> bool:
        """Say whether all parts but the process hold."""
        if self.by_token and self.name not in tokens:
            return False
        return self.user_agent is None or self.user_agent.match(user_agent) is not None


class Apps:
    """The matches of all apps, compiled once for a config. Seek process names only where `asks_process` says so."""

    def __init__(self, apps: Mapping[str, App]) -> None:
        self._rules = tuple(
            _Rule(name, app.match.token is not None, _pattern(app.match.user_agent), _pattern(app.match.process))
            for name, app in apps.items()
        )
        self.needs_process = any(rule.process is not None for rule in self._rules)

    def asks_process(self, user_agent: str, tokens: Collection[str] = ()) -> bool:
        """Say whether it depends on the caller's process which app it is."""
        if not self.needs_process:
            return False
        held = next((rule for rule in self._rules if rule.may_hold(user_agent, tokens)), None)
        return held is not None and held.process is not None

    def match(self, user_agent: str, process: str = "", tokens: Collection[str] = ()) -> str:
        """Return the name of the app, "" for nobody in particular.

        `process` is the program's file name, "" if unknown; `tokens` are the apps whose token the caller showed.
        """
        for rule in self._rules:
            if rule.may_hold(user_agent, tokens) and (rule.process is None or _is(rule.process, process)):
                return rule.name
        return ""


def _pattern(glob: str | None) -> Pattern[str] | None:
    return None if glob is None else pattern_of(glob)


def _is(pattern: Pattern[str], process: str) -> bool:
    return bool(process) and (pattern.match(process) or pattern.match(process.removesuffix(".exe"))) is not None
