"""What is worth a notification, and how it is said: events in, sentences out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeGuard

from msgspec import Struct

from hearth.told import Happening
from hearth_tray.words import clipped

MOST = 160
"""Characters of one message; desktops cut longer ones anywhere."""


class Notice(Struct, frozen=True):
    """One notification."""

    title: str
    text: str


class Announcer:
    """Turns events into notices. It remembers what this session has been told, so that nothing is said each minute."""

    def __init__(self) -> None:
        """Nobody has been told anything yet."""
        self._told: set[tuple[str, str]] = set()

    def hear(self, happening: Happening) -> Notice | None:
        """Return what to tell a person of an event; None for most of them."""
        facts = happening.facts
        if happening.kind == "call":
            return self._fallback(facts)
        over = _TAKES_BACK.get(happening.kind)
        if over is not None:
            self._told = {one for one in self._told if one[0] != over}
        form = _FORMS.get(happening.kind)
        if form is None:
            return None
        said = form(facts)
        news = (happening.kind, f"{said.text} {_day_of(happening.at)}")  # the same again tomorrow is news: a new budget
        if news in self._told:
            return None
        self._told.add(news)
        return Notice(said.title, clipped(said.text, MOST))

    def _fallback(self, facts: Mapping[str, Any]) -> Notice | None:
        """Tell of the first call of this session that went to the cloud because its first choice could not answer."""
        why = _why(str(facts.get("reason")))
        if facts.get("place") != "cloud" or not why or ("cloud", "") in self._told:
            return None
        self._told.add(("cloud", ""))
        target = clipped(str(facts.get("target") or "a cloud provider"), 60)
        return Notice("A call went to the cloud", f"{why}, so {target} was asked. Further ones are not announced.")


_IN_PLACE_OF_ANOTHER = {
    "busy": "The first choice was busy",
    "missing": "The model is not installed here",
    "down": "The first choice did not answer",
    "resting": "The first choice had failed several times in a row",
    "rate_limited": "The first choice had reached a limit of its provider or of the config",
    "quota_spent": "The account or the key of the first choice has no money left",
    "set_aside": "The rest of the budget was set aside for other calls",
    "no_key": "The first choice has no key that may be used",
    "fallback": "The model that was asked for could not answer",
    "unsure": "The first choice may not be able to do it",
    "refused:context_window": "The prompt was too long for the first choice",
    "refused:ability": "The first choice cannot do what was asked",
}
"""The reasons of a fallback (routing's plan, and what an attempt failed with)."""


def _why(reason: str) -> str:
    """Return why somebody else was asked, "" where nobody else was."""
    return _IN_PLACE_OF_ANOTHER.get(reason) or ("The first choice was refused" if reason.startswith("refused:") else "")


def _day_of(at: float) -> str:
    """Return the local day of a time.time(), "" for one that no calendar has."""
    try:
        return datetime.fromtimestamp(at).astimezone().date().isoformat()
    except (OverflowError, OSError, ValueError):
        return ""


def _of(facts: Mapping[str, Any], name: str, otherwise: str) -> str:
    found = facts.get(name)
    return clipped(str(found), 80) if found else otherwise


def _budget_alert(facts: Mapping[str, Any]) -> Notice:
    return Notice("Budget nearly spent", f"{_spent(facts)}.")


def _budget_spent(facts: Mapping[str, Any]) -> Notice:
    after = "Cloud models go on answering" if facts.get("when_spent") == "warn" else "Local models go on answering"
    return Notice("Budget spent", f"{_spent(facts)}. {after}.")


def _budget_refused(facts: Mapping[str, Any]) -> Notice:
    asked, left = facts.get("asked"), facts.get("left")
    if not (_is_sum(asked) and _is_sum(left)):
        return Notice("A call was refused for the budget", f"{_spent(facts)}.")
    currency = _of(facts, "currency", "")
    why = f"It may cost up to {_sum(asked)} {currency}, and {_sum(left)} are left ({_spent(facts)})"
    return Notice("A call was refused for the budget", f"{why}. Lower its max_tokens, or raise the limit.")


def _spent(facts: Mapping[str, Any]) -> str:
    """Return what is spent of which limit: "0.85 of 1.00 USD this month, provider openai"."""
    spent, limit = (facts.get(name) for name in ("spent", "limit"))
    if not (_is_sum(spent) and _is_sum(limit)):
        return "Most of a limit is spent"
    of = "" if facts.get("scope") == "all" else f", {_of(facts, 'scope', 'a limit')} {_of(facts, 'name', '')}".rstrip()
    when = "today" if facts.get("period") == "day" else "this month"
    return f"{_sum(spent)} of {_sum(limit)} {_of(facts, 'currency', '')} {when}{of}"


def _sum(number: float) -> str:
    """Write a sum as money is written, with more digits where it is less than a few cents."""
    return f"{number:.2g}" if 0 < abs(number) < 0.1 else f"{number:.2f}"


def _is_sum(number: object) -> TypeGuard[float]:
    return isinstance(number, int | float) and not isinstance(number, bool)


def _config_error(facts: Mapping[str, Any]) -> Notice:
    return Notice("The config has a mistake", f"{_of(facts, 'said', 'See hearth status')}. The last good one holds.")


def _key_refused(facts: Mapping[str, Any]) -> Notice:
    key = _of(facts, "key", "A key")
    return Notice("A key was refused", f"{key} of {_of(facts, 'provider', 'a provider')} is not asked with any more.")


def _target_down(facts: Mapping[str, Any]) -> Notice:
    who = _of(facts, "target", "") or _of(facts, "provider", "A provider")
    return Notice("A provider is down", f"{who} does not answer; others are asked meanwhile.")


def _gpu_lost(facts: Mapping[str, Any]) -> Notice:
    who = _of(facts, "target", "A model")
    return Notice("A model has lost the GPU", f"{who} runs on the processor now. Restart its engine.")


_FORMS: dict[str, Callable[[Mapping[str, Any]], Notice]] = {
    "budget_alert": _budget_alert,
    "budget_refused": _budget_refused,
    "budget_spent": _budget_spent,
    "config_error": _config_error,
    "gpu_lost": _gpu_lost,
    "key_refused": _key_refused,
    "target_down": _target_down,
}
_TAKES_BACK = {"config_loaded": "config_error", "key_back": "key_refused", "target_back": "target_down"}
