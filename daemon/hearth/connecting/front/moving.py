"""Ollama moved to another port and back: done whole, or everything is as it was."""

from __future__ import annotations

import time
from collections.abc import Callable

from hearth.connecting.files import write
from hearth.connecting.front.move import Command, Move

Run = Callable[[Command], str]
"""Runs a command; returns "" or what went wrong."""

ARRIVES_S = 20.0
_LOOK_S = 0.25


class MoveFailed(Exception):
    """Ollama could not be moved. The message says why, and how things are now."""


def go(move: Move, run: Run, has_arrived: Callable[[], bool], patience_s: float = ARRIVES_S) -> None:
    """Move Ollama and wait until it answers at its new place; else move it back and raise `MoveFailed`."""
    if move.file is not None:
        write(move.file, move.text)
    wrong = _told(move.commands, run)
    if not wrong and wait(has_arrived, patience_s):
        return
    come_back(move, run)
    why = wrong or "it did not answer at its new port"
    raise MoveFailed(f"Ollama was not moved: {why}. It has been put back as it was.")


def come_back(move: Move, run: Run) -> str:
    """Undo a move; returns "" or what went wrong."""
    if move.file is not None:
        move.file.unlink(missing_ok=True)
        folder = move.file.parent
        if folder.name.endswith(".d") and folder.exists() and not any(folder.iterdir()):
            folder.rmdir()
    return _told(move.back, run)


def wait(has_arrived: Callable[[], bool], patience_s: float = ARRIVES_S) -> bool:
    """Wait until Ollama answers where it should; returns whether it does within so many seconds."""
    deadline = time.monotonic() + patience_s
    while not has_arrived():
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_S)
    return True


def _told(commands: tuple[Command, ...], run: Run) -> str:
    return next((wrong for wrong in map(run, commands) if wrong), "")
