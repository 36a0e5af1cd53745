"""A call: what a client asked for, as far as planning needs to know it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from hearth.chat import Members, Need, Operation
from hearth_config.words import MODES, Mode, Place, Task

__all__ = ["MODES", "STORED", "App", "Call", "Kept", "Mode", "Outline", "Place", "Task", "Wishes", "tightest"]


STORED = "a response that its provider keeps (store)"
"""What a caller of the Responses API asks for who does not say otherwise; of `Outline.better`."""


@cache
def tightest(*modes: Mode) -> Mode:
    """Return the tightest of the modes given: limits add up, none is ever lifted by another."""
    return min(modes, key=MODES.index)


class Wishes(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a request asks of Hearth itself: the body field `"hearth": {…}` and its header twins (design §8).

    They only tighten, and are taken out before anything is sent on.
    """

    mode: Mode | UnsetType = UNSET
    max_cost: float | UnsetType = UNSET
    cache: bool | UnsetType = UNSET
    thinking: Literal["show", "hide"] | UnsetType = UNSET
    context: Literal["refuse", "route"] | UnsetType = UNSET


class Outline(Struct, frozen=True):
    """What planning needs of a request body, read without building its meaning.

    `route` is the dialect's own name of the route ("chat", "generate", "completions", …). `model` is "" when the
    caller named none.
    `native` names what only a target of the caller's own dialect can carry, in the caller's words ("the tool
    web_search", "previous_response_id"): a target of any other is refused.
    `better` names what such a target alone heeds, though any other can answer without it.
    `stops` counts the stop sequences. `prompt_bytes` is the size of what the model will read, images left out;
    `images` counts them. `empty` marks Ollama's load and unload calls.
    """

    route: str
    operation: Operation
    model: str
    stream: bool
    needs: frozenset[Need] = frozenset()
    native: tuple[str, ...] = ()
    better: tuple[str, ...] = ()
    prompt_bytes: int = 0
    images: int = 0
    kept: tuple[str, ...] = ()
    """The ids it names of things that a provider keeps: files, an earlier response."""
    max_tokens: int | None = None
    stops: int = 0
    include_usage: bool = False
    counts: bool = False
    """Only the number of its tokens is wanted, no answer (`server/counting.py`)."""
    empty: bool = False
    unread: str = ""
    """The method of a request that is handed on without being read: what a POST costs, nobody can say."""
    keep_alive: str | float | None = None
    wishes: Wishes = Wishes()
    headers: tuple[tuple[str, str], ...] = ()
    """The headers of the request that its dialect hands on (`Served.passes`), names in lower case."""
    autocomplete: bool = False
    """A prompt that an editor wrote in the tokens of a model: it fills a gap although it names no suffix."""


class App(Struct, frozen=True):
    """Who is calling.

    The `[apps.X]` that matched, or "" for nobody in particular; `pid` and `process` where the kernel told us.
    """

    name: str = ""
    user_agent: str = ""
    pid: int | None = None
    process: str = ""


class Kept(Struct, frozen=True):
    """A thing that a provider keeps and a call names; `keys` are those it belongs to, by provider: none if unknown."""

    id: str
    keys: Mapping[str, str] = {}


class Call(Struct, frozen=True):
    """One call.

    `members` is the body cut at its top level (None for an empty body); `mode` is the tightest of all that apply.
    """

    id: str
    dialect: str
    outline: Outline
    members: Members
    task: Task
    mode: Mode
    app: App
    received_ns: int
    """time.monotonic_ns() when the head had arrived."""
    wall: float
    """time.time() at the same moment, for the log."""
    kept: tuple[Kept, ...] = ()
    """To whom belongs what the outline names as kept."""
