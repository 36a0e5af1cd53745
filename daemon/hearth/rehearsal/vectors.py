"""Embeddings that mean nothing and never change: a unit vector made from the hash of a text."""

from __future__ import annotations

import hashlib
import math
import struct


def vector(text: str, size: int) -> list[float]:
    """`size` numbers of length 1 together, the same for the same text."""
    numbers: list[float] = []
    for block in range(-(-size // 8)):
        digest = hashlib.sha256(f"{block}:{text}".encode()).digest()
        numbers += [(value / 2**31) - 1 for value in struct.unpack("<8I", digest)]
    return normalised(numbers[:size])


def normalised(numbers: list[float]) -> list[float]:
    """The same direction at length 1, rounded as a 32-bit float prints."""
    length = math.sqrt(sum(number * number for number in numbers)) or 1.0
    return [round(number / length, 8) for number in numbers]
