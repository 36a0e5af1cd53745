"""A model as its provider lists it."""

from __future__ import annotations

from msgspec import Struct


class ModelInfo(Struct, frozen=True):
    """One model as a provider lists it; None and () are unknown."""

    name: str
    digest: str = ""
    size: int | None = None
    size_vram: int | None = None
    window: int | None = None
    """The trained context in tokens."""
    own_window: int | None = None
    """The context its Modelfile sets (num_ctx): what a call gets that pins none."""
    loaded_window: int | None = None
    """The context it is loaded with now; None when it is not loaded or the provider does not say."""
    capabilities: tuple[str, ...] | None = None
    """Ollama's words: completion, tools, vision, thinking, embedding, insert, audio.

    And ours: json, json_schema, parallel_tools, fine_tuned, stream, system.
    """
    lacking: tuple[str, ...] | None = None
    """Those of these words that it is sure not to have; None: all of Ollama's that `capabilities` leaves out."""
    remote_host: str = ""
    family: str = ""
    parameter_size: str = ""
    quantization: str = ""
    modified: str = ""
    expires: str = ""
    output_limit: int | None = None
    price_input: float | None = None
    """USD per million tokens, where the provider's list says it."""
    price_output: float | None = None
