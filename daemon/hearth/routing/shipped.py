"""Names that clients hard-code: where nothing else answers to them, they mean the default model."""

SHIPPED: tuple[str, ...] = (
    "gpt-*",
    "chatgpt-*",
    "o1*",
    "o3*",
    "o4*",
    "codex-*",
    "claude-*haiku*",
    "claude-*",
    "gemini-*",
    "text-davinci-*",
    "text-embedding-*",
)
"""Globs in the order they are tried. The default meant is that of the kind of request, as where none is named."""
