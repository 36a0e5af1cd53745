"""Anthropic's Messages: what Claude Code and its SDKs speak, and Anthropic, MiniMax and local servers answer."""

from hearth.dialects.anthropic.called import AnthropicCalled
from hearth.dialects.anthropic.models import write_model, write_models
from hearth.dialects.anthropic.served import AnthropicServed
from hearth.dialects.dialect import Called, Served

SERVED: Served = AnthropicServed()
CALLED: Called = AnthropicCalled()

__all__ = ["CALLED", "SERVED", "write_model", "write_models"]
