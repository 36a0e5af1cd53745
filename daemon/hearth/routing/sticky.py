"""A conversation stays with the target that answered it, so that its prompt cache holds; long waits end that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Raw, Struct

from hearth.call import Call
from hearth.chat import Members
from hearth.routing.expected import estimate_tokens, expected_first_token, heeded, is_cold
from hearth.routing.targets import Target
from hearth.routing.world import UNKNOWN_TARGET, Machine, World
from hearth_config.settings import Settings

_BEFORE = ("system", "instructions", "systemInstruction", "system_instruction", "preamble")
_TURNS = ("messages", "input", "contents", "prompt")
"""The members in which dialects carry what stands before a conversation, and its turns."""

_ELSEWHERE = Machine()


class _Turn(Struct):
    role: str = "user"


_turns = msgspec.json.Decoder(list[Raw])
_turn = msgspec.json.Decoder(_Turn)


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
    for name in _TURNS:
        if name in members:
            yield from _up_to_user(bytes(members[name]))


def _up_to_user(said: bytes) -> Iterator[bytes]:
    """Yield the turns until the first one that a user took; a text, or what is no list of turns, as a whole."""
    try:
        turns = _turns.decode(said)
    except msgspec.DecodeError:
        yield said
        return
    for turn in turns:
        yield bytes(turn)
        if _role(turn) == "user":
            return


def _role(turn: Raw) -> str:
    try:
        return _turn.decode(turn).role
    except msgspec.DecodeError:
        return "user"


def _wait(target: Target, call: Call, world: World, settings: Settings) -> float:
    state = world.states.get(target.name, UNKNOWN_TARGET)
    machine = heeded(world.machine, settings.busy) if target.place == "machine" else _ELSEWHERE
    cold = is_cold(target, state)
    prompt = estimate_tokens(call.outline)
    return expected_first_token(state, prompt, now=world.now, machine=machine, cold=cold, size=target.info.size)
