"""Hearth on Ollama's port: how Ollama is told to listen elsewhere, on each system, and how that is undone."""
