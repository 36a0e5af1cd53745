"""A prediction as Replicate shows it: how it stands, what it has said so far, what it has cost, where to ask on."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec import Struct

from hearth.dialects.forgiving import forgiving
from hearth.dialects.unreadable import UNREADABLE
from hearth.events import Usage

RUNNING = frozenset({"starting", "processing", "queued", "booting"})
_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
_PATH = re.compile(r"/[\x21-\x7e]*", re.ASCII)
_BASE = re.compile(r"(https?://[^/?#\s]+)(/.*)", re.ASCII)


class Prediction(Struct):
    """What is read of it; `metrics` counts tokens where a model says so (wire/providers §2)."""

    id: str
    status: str
    output: Any = None
    error: Any = None
    metrics: dict[str, Any] | None = None
    urls: dict[str, Any] | None = None
    model: str | None = None

    @property
    def text(self) -> str | None:
        """What was said so far; None for an output that is no text."""
        output = self.output
        if output is None or isinstance(output, str):
            return output or ""
        if isinstance(output, list) and all(isinstance(piece, str) for piece in output):
            return "".join(output)
        return None

    def url(self, name: str) -> str:
        """Return one of its addresses, or ""."""
        found = (self.urls or {}).get(name)
        return found if isinstance(found, str) else ""


_decode = forgiving(msgspec.json.Decoder(Prediction), ("metrics",))


def read_prediction(body: bytes) -> Prediction:
    """Return the prediction in a body. Raises `ValueError` for anything else."""
    try:
        found = _decode(body)
    except UNREADABLE:
        raise ValueError from None
    if not _ID.fullmatch(found.id):
        raise ValueError
    return found


def read_usage(prediction: Prediction) -> Usage | None:
    """Return the counts of a prediction; None where it tells nothing."""
    metrics = prediction.metrics or {}
    given, made = (
        next((number for name in names if (number := _whole(metrics.get(name))) is not None), None)
        for names in (("input_token_count", "token_input_count"), ("output_token_count", "token_output_count"))
    )
    seconds = metrics.get("predict_time")
    total = int(seconds * 1e9) if isinstance(seconds, int | float) and 0 <= seconds < 1e6 else None
    return None if given is made is total is None else Usage(input=given, output=made, total_ns=total)


def _whole(number: object) -> int | None:
    return int(number) if isinstance(number, int | float) and 0 <= number < 1e12 else None


def split_url(url: str) -> tuple[str, str]:
    """Return scheme and authority, and path with query, of an address in a reply. Raises `ValueError`."""
    found = _BASE.fullmatch(url)
    if found is None or not _PATH.fullmatch(found[2]):
        raise ValueError
    return found[1], found[2]
