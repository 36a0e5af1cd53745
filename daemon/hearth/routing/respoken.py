"""A model that is called by chat, called by the Responses API instead: where a caller of that asks what chat lacks."""

from __future__ import annotations

from fnmatch import fnmatchcase

from msgspec.structs import replace

from hearth.call import STORED, Call, Outline
from hearth.routing.capabilities import abilities_of
from hearth.routing.gaps import NEEDS, filling, lacked
from hearth.routing.resolution import Resolution
from hearth.routing.targets import Target
from hearth_config.quirks import Quirks
from hearth_config.settings import Settings

CHAT = "openai_chat"
RESPONSES = "openai_responses"
_OF_STATE = frozenset(("previous_response_id", "conversation", "background", "prompt"))
"""What nobody can answer who keeps nothing."""


def respoken(call: Call, resolution: Resolution, settings: Settings) -> tuple[Resolution, str]:
    """Return what a name means for a call that its own dialect serves better, and why, in words.

    The resolution is the very same, and the words are "", where nobody who is meant speaks both dialects.
    """
    if call.dialect != RESPONSES or call.outline.unread:
        return resolution, ""
    targets = tuple(_respoken(call.outline, target, settings) for target in resolution.targets)
    fallback = tuple(_respoken(call.outline, target, settings) for target in resolution.fallback)
    old = (*resolution.targets, *resolution.fallback)
    changed = [new for before, new in zip(old, (*targets, *fallback), strict=True) if new is not before]
    if not changed:
        return resolution, ""
    what = ", ".join(call.outline.native or call.outline.better)
    said = f"{', '.join(target.name for target in changed)} by the Responses API, for {what}"
    return replace(resolution, targets=targets, fallback=fallback), said


def as_asked(call: Call, target: Target, settings: Settings) -> Target:
    """Return a target as it would be called for a call that its own dialect serves better; the same where it is."""
    wants = call.dialect == RESPONSES and (call.outline.native or call.outline.better) and not call.outline.unread
    return _respoken(call.outline, target, settings) if wants else target


def _respoken(outline: Outline, target: Target, settings: Settings) -> Target:
    provider = settings.providers.get(target.provider)
    if target.dialect != CHAT or provider is None or not _serves(outline, provider.quirks):
        return target
    if any(fnmatchcase(target.model, glob) for glob in provider.quirks.chat_for):
        return target
    abilities = abilities_of(RESPONSES, provider.quirks, target.settings, target.info)
    way = filling(RESPONSES, provider.quirks, target.capabilities, target.model)
    return replace(
        target,
        dialect=RESPONSES,
        lacks=abilities.lacks - NEEDS | lacked(way),
        unsure=abilities.unsure - NEEDS,
        answers=abilities.answers,
        filling=way,
    )


def _serves(outline: Outline, quirks: Quirks) -> bool:
    """Whether a provider has, by the Responses API, what a call asks for beyond chat."""
    match quirks.responses:
        case "no":
            return False
        case "kept":
            return bool(outline.native) or not outline.counts
        case "features":
            if any(word.partition(" ")[0] in _OF_STATE for word in outline.native):
                return False
            return bool(outline.native) or (not outline.counts and any(word != STORED for word in outline.better))
