"""Which of a provider's keys is next: the one with room, by weight among equals; the last one never rests; pure."""

from __future__ import annotations

from collections.abc import Sequence

from hearth.outbound.keys.state import KeyState


def next_key(
    states: Sequence[KeyState], tokens: float, model: str, now: float, *, first: bool, held: str = ""
) -> KeyState | None:
    """Return the key to use for a request of so many tokens; None when those that are left only rest.

    `states` are the keys that the config's limits leave. While it is the `first` key of a call, one that rests is
    better than none: the one that rests for the shortest, and of those that are out the one that waited longest.
    The key that is `held` to comes first while it has room.
    """
    awake = [one for one in states if one.awake(now, model)]
    if not awake:
        return min(states, key=lambda one: (one.ready_in(now, model), one.tried_at), default=None) if first else None
    if len(awake) == 1:
        return awake[0]
    waits = [max(one.room.told_wait_s(tokens, now, model), one.pace_s(model)) for one in awake]
    if held and any(one.key.id == held and wait <= 0 for one, wait in zip(awake, waits, strict=True)):
        return next(one for one in awake if one.key.id == held)
    least = min(waits)
    return in_turn([one for one, wait in zip(awake, waits, strict=True) if wait <= least])


def in_turn(states: Sequence[KeyState]) -> KeyState:
    """Return the one whose turn it is: over any stretch each is used in proportion to its weight, evenly spread."""
    for one in states:
        one.current += one.key.weight
    chosen = max(states, key=lambda one: one.current)
    chosen.current -= sum(one.key.weight for one in states)
    return chosen
