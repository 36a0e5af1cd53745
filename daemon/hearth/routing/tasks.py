"""Sorting a chat by what it is: rules that stand in the config, read off the request alone; no model is asked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple

import msgspec

from hearth.call import Call, Task
from hearth.chat import Members
from hearth.routing.expected import estimate_tokens
from hearth.routing.said import UNREADABLE, is_users, turns_of
from hearth_config.settings import Tasks

KINDS_OF_CHAT: tuple[Task, ...] = ("images", "long_context", "tools", "summary", "code")
"""What a chat may turn out to be, in the order in which the rules are asked: the first that holds decides."""

READ_BYTES = 4096
"""So much is read of the last message's beginning, and of its end: that is where people say what they want."""

_MOST_TURNS_BACK = 8


class Sorted(NamedTuple):
    """The kind of a call, and the rule that held, in words that repeat nothing of what was said."""

    task: Task
    why: str


def sorts(tasks: Tasks) -> list[Task]:
    """Return the kinds of chat for which `[tasks]` names a model."""
    return [kind for kind in KINDS_OF_CHAT if getattr(tasks, kind)]


def may_leave(task: Task, listed: Sequence[Task]) -> bool:
    """Say whether `[fallback] tasks` lets calls of a kind leave home: "chat" stands for all kinds of chat."""
    return task in listed or (task in KINDS_OF_CHAT and "chat" in listed)


def sorted_into(call: Call, kinds: Sequence[Task], rules: Tasks) -> Sorted:
    """Return which of `kinds` a chat is; "chat" where no rule holds."""
    for kind in KINDS_OF_CHAT:
        if kind in kinds and (why := _holds(kind, call, rules)):
            return Sorted(kind, why)
    return Sorted("chat", "no rule of [tasks] holds")


def _holds(kind: Task, call: Call, rules: Tasks) -> str:
    outline = call.outline
    match kind:
        case "images":
            return "it shows a picture" if outline.images or "images" in outline.needs else ""
        case "long_context":
            long = estimate_tokens(outline) >= rules.long_context_from
            return f"its prompt has {rules.long_context_from:,} tokens or more" if long else ""
        case "tools":
            return "it brings tools" if "tools" in outline.needs else ""
        case "summary":
            return _says(call, rules.summary_words, "summary_words")
        case "code":
            return _says(call, rules.code_words, "code_words")
    return ""


def _says(call: Call, words: tuple[str, ...], setting: str) -> str:
    found = _pattern(words).search(last_said(call.members)) if words else None
    return f'its last message has "{found[0].lower()}", one of {setting}' if found else ""


@lru_cache(maxsize=64)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """Return what finds any of the words, as whole words where they begin or end with a letter."""
    parts = (
        (r"(?<!\w)" if word[:1].isalnum() else "") + re.escape(word) + (r"(?!\w)" if word[-1:].isalnum() else "")
        for word in words
        if word
    )
    return re.compile("|".join(parts) or r"(?!)", re.IGNORECASE)


def last_said(members: Members) -> str:
    """Return the beginning and the end of what the user said last; "" where nobody said anything.

    Only a few turns back are looked at: where the user took none of them, the very last turn counts.
    """
    text = "\n".join(_last_turn(members))
    return text if len(text) <= 2 * READ_BYTES else f"{text[:READ_BYTES]}\n{text[-READ_BYTES:]}"


def _last_turn(members: Members) -> Iterator[str]:
    turns = turns_of(members)
    users = (turn for turn in reversed(turns[-_MOST_TURNS_BACK:]) if is_users(turn))
    with suppress(*UNREADABLE):
        yield from _texts(msgspec.json.decode(next(users, turns[-1]))) if turns else ()


def _texts(said: object) -> Iterator[str]:
    """Yield the texts of a turn, whatever the dialect calls the members that hold them."""
    if isinstance(said, str):
        yield said
    elif isinstance(said, Mapping):
        for name in ("content", "parts", "text"):
            if name in said:
                yield from _texts(said[name])
    elif isinstance(said, list):
        for one in said:
            yield from _texts(one)
