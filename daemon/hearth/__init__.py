"""Hearth: a local-first daemon that answers LLM requests on this machine, and elsewhere only if the user allows it."""

__version__ = "0.1.0"
