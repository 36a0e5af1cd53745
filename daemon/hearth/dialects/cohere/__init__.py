"""Cohere's API, version 2: chat and embeddings, as Cohere serves them and as its SDKs ask for them."""

from hearth.dialects.cohere.called import CohereCalled
from hearth.dialects.cohere.models import write_model, write_models
from hearth.dialects.cohere.served import CohereServed
from hearth.dialects.dialect import Called, Served

SERVED: Served = CohereServed()
CALLED: Called = CohereCalled()

__all__ = ["CALLED", "SERVED", "write_model", "write_models"]
