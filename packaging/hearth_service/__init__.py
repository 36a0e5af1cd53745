"""Hearth at login: what each system's service manager wants to read, and how it is told."""
