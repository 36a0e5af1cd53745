"""No key in an error: a provider that quotes the key it refused is not quoted in turn (T16)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hearth.outbound.keys.credentials import Credential
    from hearth.problems import Problem

SHOWN = "[key]"
LEAST = 6
"""A shorter secret is no key but a word ("none", "ollama") that may stand in any message."""


def hide_key(problem: Problem, credential: Credential) -> None:
    """Take the key out of a provider's words."""
    if credential.secret is None:
        return
    value = credential.secret.reveal()
    if len(value) < LEAST:
        return
    problem.message = problem.message.replace(value, SHOWN)
    problem.next_step = problem.next_step.replace(value, SHOWN)
    problem.raw = problem.raw.replace(value.encode(), SHOWN.encode())
    problem.args = (problem.message,)
