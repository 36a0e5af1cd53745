"""OpenAI's chat completions, completions and embeddings: what most clients speak, and most providers too."""

from hearth.dialects.dialect import Called, Served
from hearth.dialects.openai_chat.called import OpenAICalled
from hearth.dialects.openai_chat.models import write_model, write_models
from hearth.dialects.openai_chat.served import OpenAIServed

SERVED: Served = OpenAIServed()
CALLED: Called = OpenAICalled()

__all__ = ["CALLED", "SERVED", "write_model", "write_models"]
