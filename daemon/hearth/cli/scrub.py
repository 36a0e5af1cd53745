"""Taking out of a text what is nobody else's business: keys, names of people and machines, folders. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct

LEAST = 6
"""A shorter secret is a word that may stand anywhere."""

_SHAPES = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[^\s\"',;]{6,}"), r"\1 [taken out]"),
    (re.compile(r"\bhearth_[A-Za-z0-9_-]{8,}"), "[token]"),
    (re.compile(r"\b(?:sk|pk|rk|gsk|xai|hf|r8|nvapi|pplx|csk|fw|AIza|ghp|glpat|eyJ)[-_A-Za-z0-9.]{14,}"), "[key]"),
    (re.compile(r"(?<=://)[^\s/@\"']+@"), "[login]@"),
    (re.compile(r"\b(?=[A-Za-z0-9_-]*[0-9])(?=[A-Za-z0-9_-]*[A-Za-z])[A-Za-z0-9_-]{32,}\b"), "[long word]"),
    (re.compile(r"\b(?:10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d{1,3}\.\d{1,3}\b"), "[own address]"),
    (re.compile(r"\b100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.\d{1,3}\.\d{1,3}\b"), "[own address]"),
    (re.compile(r"\b[\w-]+(?:\.[\w-]+)*\.(?:local|lan|internal|intranet|home\.arpa)\b"), "[own host]"),
    (re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+\.[A-Za-z0-9.-]+"), "[mail]"),
)
"""What looks like a key, a login, an address of a network at home or of mail, whoever it belongs to."""

_ROUTES = r"(?:v1|v1beta|v2|api|hearth/v1|ui|metrics|infill)\b"
_FOLDERS = re.compile(rf"(?<![\w:/.~\]])/(?!{_ROUTES})(?:[^\s/'\":,;)\]]+/)*(?=[^\s/'\":,;)\]]+)")
_WINDOWS = re.compile(r"\b[A-Za-z]:[\\/](?:[^\\/:*?\"<>|\n]+[\\/])*")


class Private(Struct, frozen=True):
    """What is known to be private here, to be taken out wherever it stands.

    `folders` are (path, what to call it), `names` are of people and of machines.
    """

    secrets: tuple[str, ...] = ()
    folders: tuple[tuple[str, str], ...] = ()
    names: tuple[tuple[str, str], ...] = ()


def scrub(text: str, private: Private) -> str:
    """Return the text without secrets, without what looks like one, and without folders and names."""
    for secret in _longest_first(private.secrets):
        text = text.replace(secret, "[secret]")
    for folder, name in sorted(private.folders, key=lambda pair: -len(pair[0])):
        if len(folder) > 1:
            text = re.sub(rf"{re.escape(folder)}(?![\w-])", f"[{name}]", text)
    for shape, instead in _SHAPES:
        text = shape.sub(instead, text)
    text = _WINDOWS.sub("[folder]/", _FOLDERS.sub("[folder]/", text))
    for name, instead in sorted(private.names, key=lambda pair: -len(pair[0])):
        if len(name) > 1:
            text = re.sub(rf"(?<![\w]){re.escape(name)}(?![\w])", f"[{instead}]", text, flags=re.IGNORECASE)
    return text


def _longest_first(secrets: Iterable[str]) -> list[str]:
    """Return what is long enough, so that a secret within another leaves nothing of it."""
    return sorted({secret for secret in secrets if len(secret) >= LEAST}, key=len, reverse=True)
