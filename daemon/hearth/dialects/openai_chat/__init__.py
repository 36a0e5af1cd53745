"""OpenAI's chat completions, completions and embeddings: what most clients speak, and most providers too."""

from hearth.dialects.dialect import Called, Served
from hearth.dialects.openai_chat.called import OpenAICalled
from hearth.dialects.openai_chat.served import OpenAIServed
from hearth.dialects.openai_models import write_model, write_models

SERVED: Served = OpenAIServed()
CALLED: Called = OpenAICalled()

__all__ = ["CALLED", "SERVED", "write_model", "write_models"]
