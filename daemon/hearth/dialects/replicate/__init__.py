"""Replicate's predictions: created, then streamed or asked for until they are done, and cancelled when nobody waits."""

from hearth.dialects.exchanges import CalledInTurns
from hearth.dialects.replicate.called import ReplicateCalled

CALLED: CalledInTurns = ReplicateCalled()

__all__ = ["CALLED"]
