"""A conversation stays with the target that answered it, so that its prompt cache holds; long waits end that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hearth.call import Call
from hearth.chat import Members
from hearth.routing.expected import estimate_tokens, expected_first_token, heeded, is_cold
from hearth.routing.said import is_users, turns_of
from hearth.routing.targets import Target
from hearth.routing.world import ELSEWHERE, UNKNOWN_TARGET, World
from hearth_config.settings import Settings

_BEFORE = ("system", "instructions", "systemInstruction", "system_instruction", "preamble")
"""The members in which dialects carry what stands before a conversation."""


def kept(targets: Sequence[Target], call: Call, world: World, settings: Settings) -> Sequence[Target]:
    """Return the targets with the one first that answered the conversation before.

    One that would keep the caller waiting for longer than `patience` now is not held to: a cache is not worth that.
    """
    name = world.hold.target if world.hold is not None else ""
    held = next((target for target in targets if target.name == name), None) if name else None
    if held is None or _wait(held, call, world, settings) > settings.busy.patience:
        return targets
    return [held, *(target for target in targets if target is not held)]


def beginning(members: Members) -> Iterator[bytes]:
    """Yield the bytes a conversation begins with: what stands before it, and all up to the first turn of the user.

    Each later call of the conversation begins with the same; nothing is yielded of a body that holds no conversation.
    """
    for name in _BEFORE:
        if name in members:
            yield bytes(members[name])
    for turn in turns_of(members):
        yield bytes(turn)
        if is_users(turn):
            return


def goes_on(members: Members) -> bool:
    """Say whether a body goes on with a conversation: more was said after the first turn of the user."""
    turns = turns_of(members)
    first = next((place for place, turn in enumerate(turns) if is_users(turn)), len(turns))
    return first + 1 < len(turns)


def _wait(target: Target, call: Call, world: World, settings: Settings) -> float:
    state = world.states.get(target.name, UNKNOWN_TARGET)
    machine = heeded(world.machine, settings.busy) if target.place == "machine" else ELSEWHERE
    cold = is_cold(target, state)
    prompt = estimate_tokens(call.outline)
    return expected_first_token(state, prompt, now=world.now, machine=machine, cold=cold, size=target.info.size)
