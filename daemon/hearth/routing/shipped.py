"""Names that clients hard-code: where nothing else answers to them, they mean the default model."""

SHIPPED: tuple[str, ...] = (
    "gpt-*",
    "chatgpt-*",
    "o1*",
    "o3*",
    "o4*",
    "codex-*",
    "text-davinci-*",
    "text-embedding-*",
    "claude-*haiku*",
    "claude-*",
    "gemini-*",
    "codestral-latest",
    "mistral-*-latest",
    "mistral-embed",
    "deepseek-chat",
    "deepseek-reasoner",
    "embed-english-*",
    "embed-multilingual-*",
)
"""Globs in the order they are tried. The default meant is that of the kind of request, as where none is named: the
model for embeddings answers to "text-embedding-3-small", the one for autocompletion to a gap for "codestral-latest"."""
