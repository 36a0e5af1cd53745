"""Ollama's native API: served to its clients, and called at every Ollama behind us."""

from hearth.dialects.dialect import Called, Served
from hearth.dialects.ollama.called import OllamaCalled
from hearth.dialects.ollama.served import OllamaServed

SERVED: Served = OllamaServed()
CALLED: Called = OllamaCalled()

__all__ = ["CALLED", "SERVED"]
