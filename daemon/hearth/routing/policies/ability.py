"""A feature is never dropped: who cannot do what the call needs is not asked."""

from __future__ import annotations

from hearth.call import Call
from hearth.chat import Need
from hearth.routing.policy import ALLOW, Verdict, defer, refuse
from hearth.routing.targets import Target
from hearth.routing.world import World
from hearth_config.settings import Settings

NAME = "ability"
UNSURE = "unsure"
"""The code of a target that may or may not be able: tried after those that are."""


_WORDS: dict[Need, str] = {
    "tools": "call tools",
    "tool_choice": "be made to call a tool (tool_choice)",
    "images": "read images",
    "audio": "hear audio",
    "files": "read files",
    "json": "answer in JSON",
    "json_schema": "answer by a JSON schema",
    "thinking": "think before it answers",
    "suffix": "fill in the middle (suffix)",
    "logprobs": "return log probabilities",
    "choices": "give several choices (n)",
    "raw": "complete a raw prompt",
    "embeddings": "make embeddings",
    "repository": "read other files along (input_extra)",
    "dimensions": "shorten embeddings (dimensions)",
    "token_ids": "embed token ids",
    "tokenize": "show its tokens (/tokenize)",
}
"""What a target cannot do, for people: "ollama/x cannot " + words."""


def judge(call: Call, target: Target, world: World, settings: Settings) -> Verdict:  # noqa: ARG001 - the one shape
    """Refuse a target that lacks a need of the call, or whose model does not do this operation at all.

    One of which nobody says whether it can is tried after those that can.
    """
    outline = call.outline
    elsewhere = _not_there(call, target) if call.kept else ""
    if elsewhere:
        return refuse(NAME, elsewhere)
    if outline.native and target.dialect != call.dialect:
        return refuse(NAME, f"speaks another dialect and has no form for {', '.join(outline.native)}")
    embeds = outline.operation == "embed"
    if not outline.needs.isdisjoint(target.lacks) or (embeds and "embeddings" in target.lacks):
        missing = target.lacks & (outline.needs | {"embeddings"} if embeds else outline.needs)
        return refuse(NAME, f"cannot {', '.join(sorted(_WORDS[need] for need in missing))}")
    if target.stop_max is not None and outline.stops > target.stop_max:
        return refuse(NAME, f"takes {target.stop_max} stop sequences at most, and {outline.stops} are given")
    if not embeds and not outline.unread and _writes_nothing(target):
        return refuse(NAME, "makes embeddings and cannot write text")
    if outline.needs and not outline.needs.isdisjoint(target.unsure):
        doubts = sorted(_WORDS[need] for need in target.unsure & outline.needs)
        return defer(NAME, UNSURE, f"may not be able to {', '.join(doubts)}: nobody says whether it can")
    return ALLOW


def _not_there(call: Call, target: Target) -> str:
    """Say what a call names that this target's provider does not have, or not with one key; "" if nothing is known."""
    for one in call.kept:
        if one.keys and target.provider not in one.keys:
            return f"does not have {one.id[:80]!r}, which is kept at {', '.join(one.keys)}"
    owners = {one.keys[target.provider]: one.id for one in call.kept if one.keys}
    if len(owners) < 2:
        return ""
    belongs = ", ".join(f"{id[:80]!r} to the key {key}" for key, id in owners.items())
    return f"answers with one key, and what is named belongs to several: {belongs}"


def _writes_nothing(target: Target) -> bool:
    if target.capabilities is not None:
        return "completion" not in target.capabilities
    chat = target.answers.get("chat")
    return chat is not None and chat.said == "no"
