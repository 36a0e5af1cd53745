"""The shape of a menu, apart from any toolkit: lines, and what choosing one does."""

from __future__ import annotations

from typing import Literal, get_args

from msgspec import Struct

Doing = Literal[
    "use",
    "mode",
    "stop_leaving",
    "lift_stop",
    "unload",
    "dashboard",
    "config",
    "start",
    "stop",
    "at_login",
    "not_at_login",
    "quit",
]
IconState = Literal["idle", "local", "cloud", "queue", "offline", "config_error", "away"]
ICON_STATES: tuple[IconState, ...] = get_args(IconState)


class Action(Struct, frozen=True):
    """What choosing a line does; `what` is the model, the mode or the line of the file it is done to."""

    doing: Doing
    what: str = ""


class Line(Struct, frozen=True):
    """One line: with an `action` it can be chosen, with `lines` it opens a menu of its own, else it only tells.

    `checked` is None for a line without a mark. `radio`: one of several, of which one holds. `divides`: a rule.
    """

    label: str = ""
    action: Action | None = None
    lines: tuple[Line, ...] = ()
    checked: bool | None = None
    radio: bool = False
    divides: bool = False


RULE = Line(divides=True)


class View(Struct, frozen=True):
    """The whole tray: how the icon looks, what is said when the pointer rests on it, and the menu."""

    icon: IconState
    title: str
    lines: tuple[Line, ...]
