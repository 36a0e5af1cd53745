"""A refusal in the form of whoever is played: the dialect's own error for a status, changed as a fault says."""

from __future__ import annotations

from collections.abc import Callable

from hearth.rehearsal import anthropic_wire, cohere, gemini, ollama, replicate
from hearth.rehearsal.faults import Fault
from hearth.rehearsal.http import Reply, Request
from hearth.rehearsal.openai_wire import Problem, problem_reply
from hearth.rehearsal.script import Script


def refused(script: Script, fault: Fault, request: Request) -> Reply:
    """Return the reply with the fault's status, and its headers and body where it has some."""
    reply = _in_form(script, fault.status, fault.message or "refused on purpose by the rehearsal", request)
    if fault.body is not None:
        reply.body, reply.chunked = fault.body, False
    replaced = {name.lower() for name, _ in fault.headers}
    kept = [(name, value) for name, value in reply.headers if name.lower() not in replaced]
    reply.headers = [*kept, *fault.headers]
    return reply


def _in_form(script: Script, status: int, text: str, request: Request) -> Reply:
    if script.kind == "ollama":
        return ollama.refused(status, text, request.path)
    if script.kind == "openai":
        return problem_reply(script, Problem(status, text))
    return _REFUSED[script.kind](status, text)


_REFUSED: dict[str, Callable[[int, str], Reply]] = {
    "anthropic": anthropic_wire.refused,
    "cohere": cohere.refused,
    "gemini": gemini.refused,
    "replicate": replicate.refused,
}
"""The providers that have one form for all that they refuse."""
