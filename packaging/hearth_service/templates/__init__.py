"""The texts of service files, with `{names}` for what differs."""

from __future__ import annotations

from importlib.resources import files


def text(name: str, **values: str) -> str:
    """Return a template filled in. Braces in values stand as they are. Raises KeyError for a name it lacks."""
    template = files(__name__).joinpath(name).read_text(encoding="utf-8")
    return template.format_map(values)
