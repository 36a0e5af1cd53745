"""Names of tools: Cohere takes letters, digits and underscores alone, so other characters travel spelled out.

The spelling is undone in the reply without anything remembered: `get-weather` goes as `get__x2d__weather`.
"""

from __future__ import annotations

import re

_FORBIDDEN = re.compile(r"[^A-Za-z0-9_]|^[0-9]")
_SPELLED = re.compile(r"__x([0-9a-f]{1,6})__")


def spelled(name: str) -> str:
    """Return a name in the characters Cohere takes (wire/providers §4.9)."""
    return _FORBIDDEN.sub(lambda match: f"__x{ord(match[0]):x}__", name)


def unspelled(name: str) -> str:
    """Return the name that was spelled; one that never was stays as it is."""
    return _SPELLED.sub(_character, name) if "__x" in name else name


def _character(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return chr(code) if code <= 0x10FFFF else match[0]
