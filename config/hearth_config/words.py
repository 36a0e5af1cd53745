"""The words that config and daemon share: how far a prompt may go, where models are, kinds of request, wire formats."""

from typing import Final, Literal

Mode = Literal["offline", "lan", "prefer-local", "any"]
MODES: Final[tuple[Mode, ...]] = ("offline", "lan", "prefer-local", "any")
"""From the tightest to the loosest: a mode allows what all modes before it allow."""

Place = Literal["machine", "lan", "cloud"]
DISTANCE: Final[dict[Place, int]] = {"machine": 0, "lan": 1, "cloud": 2}
"""How far from the user a place is; only the order has a meaning."""

Task = Literal["chat", "embeddings", "autocomplete", "images", "long_context", "tools", "summary", "code"]
"""What kind of request it is: the first three by its route and form, the others are kinds of chat (`routing/tasks`)."""

DIALECTS: Final = ("ollama", "openai_chat", "openai_responses", "anthropic", "gemini", "cohere", "replicate")
"""The wire formats that come with Hearth; no other may take their names."""
DIALECT_GROUP: Final = "hearth.dialects"
"""The entry points by which a package says that it brings a dialect: its name, and the module of it."""
