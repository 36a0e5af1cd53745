"""Google's Gemini API and its form at Vertex: contents of parts, calls with signatures, one shape for every reply."""

from hearth.dialects.dialect import Called, Served
from hearth.dialects.gemini.called import GeminiCalled
from hearth.dialects.gemini.models import write_model, write_models
from hearth.dialects.gemini.served import GeminiServed

SERVED: Served = GeminiServed()
CALLED: Called = GeminiCalled()

__all__ = ["CALLED", "SERVED", "write_model", "write_models"]
