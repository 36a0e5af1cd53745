"""What the control API says of prompts and answers on disk, as frozen values."""

from __future__ import annotations

from msgspec import Struct


class BodiesStatus(Struct, frozen=True):
    """Prompts and answers on disk: whether they are kept now (`on`), in which file, and how many bytes, compressed.

    `kept` and `lost` are calls since start; `note` is why nothing can be kept just now, "" while all is well.
    """

    on: bool
    path: str
    size: int
    limit: int
    kept: int = 0
    lost: int = 0
    note: str = ""


class Said(Struct, frozen=True):
    """What was asked and answered in one call, as text. `time` is a time.time().

    The sizes are bytes as they came and went; what was longer than is kept is `cut`.
    """

    call: str
    time: float
    request: str
    request_size: int
    answer: str
    answer_size: int
    cut: bool = False


class Forgotten(Struct, frozen=True):
    """Of how many calls prompts and answers were deleted."""

    purged: int
