"""A policy's answer about one target, and the one shape all policies have."""

from __future__ import annotations

from typing import Literal, Protocol

from msgspec import Struct

from hearth.call import Call
from hearth.routing.targets import Target
from hearth.routing.world import World
from hearth_config.settings import Settings


class Verdict(Struct, frozen=True):
    """Whether a target may be tried: now (allow), after all others (defer) or never (refuse).

    `code` goes into `X-Hearth-Reason` of whoever answers instead; `detail` is for people: it follows the target's name.
    """

    kind: Literal["allow", "defer", "refuse"]
    policy: str = ""
    code: str = ""
    detail: str = ""


ALLOW = Verdict("allow")


def defer(policy: str, code: str, detail: str) -> Verdict:
    """Say: try it last."""
    return Verdict("defer", policy, code, detail)


def refuse(policy: str, detail: str) -> Verdict:
    """Say: never."""
    return Verdict("refuse", policy, f"refused:{policy}", detail)


class Policy(Protocol):
    """One reason why a target may not be tried. Modules have this shape."""

    NAME: str

    def judge(self, call: Call, target: Target, world: World, settings: Settings) -> Verdict:
        """Return ALLOW, or a verdict with its reason. Pure."""
        ...
