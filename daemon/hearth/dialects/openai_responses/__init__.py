"""OpenAI's Responses API: what Codex and newer clients speak, and what newer models of OpenAI need for tools."""

from hearth.dialects.dialect import Called, Served
from hearth.dialects.openai_responses.called import ResponsesCalled
from hearth.dialects.openai_responses.served import ResponsesServed

SERVED: Served = ResponsesServed()
CALLED: Called = ResponsesCalled()

__all__ = ["CALLED", "SERVED"]
