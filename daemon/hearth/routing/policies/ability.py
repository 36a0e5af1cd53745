"""A feature is never dropped: who cannot do what the call needs is not asked."""

from __future__ import annotations

from hearth.call import Call
from hearth.routing.abilities import WORDS
from hearth.routing.policy import ALLOW, Verdict, refuse
from hearth.routing.targets import Target
from hearth.routing.world import World
from hearth_config.settings import Settings

NAME = "ability"


def judge(call: Call, target: Target, world: World, settings: Settings) -> Verdict:  # noqa: ARG001 - the one shape
    """Refuse a target that lacks a need of the call, or whose model does not do this operation at all."""
    outline = call.outline
    if outline.native and target.dialect != call.dialect:
        return refuse(NAME, f"speaks another dialect and has no form for {', '.join(outline.native)}")
    embeds = outline.operation == "embed"
    if not outline.needs.isdisjoint(target.lacks) or (embeds and "embeddings" in target.lacks):
        missing = target.lacks & (outline.needs | {"embeddings"} if embeds else outline.needs)
        return refuse(NAME, f"cannot {', '.join(sorted(WORDS[need] for need in missing))}")
    if target.capabilities is not None and not embeds and "completion" not in target.capabilities:
        return refuse(NAME, "makes embeddings and cannot write text")
    return ALLOW
