"""The small written forms of hearth.toml: "10s" is seconds, "64MB" is bytes, "85%" is a fraction of 1."""

import re
from typing import Annotated, Final

from msgspec import Meta

Seconds = Annotated[float, Meta(extra={"form": "duration"})]
Bytes = Annotated[int, Meta(extra={"form": "size"})]
FractionOrOff = Annotated[float | None, Meta(extra={"form": "percentage"})]
SecondsOrAuto = Annotated[float | None, Meta(extra={"form": "duration or auto"})]

_DURATION: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZE: Final = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
_NUMBER: Final = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?) ?([A-Za-z%]{1,3})", re.ASCII)

DURATION_FORM: Final = 'a number and ms, s, m, h or d, such as "500ms", "10s" or "24h"'
SIZE_FORM: Final = 'a number and B, KB, MB, GB, KiB, MiB or GiB, such as "64MB"'
PERCENTAGE_FORM: Final = 'a percentage from "0%" to "100%", or "off"'


def parse_duration(text: str) -> float:
    """Read "10s" as seconds (0 or more); raise ValueError with the allowed form otherwise."""
    number, unit = _split(text, DURATION_FORM)
    if unit not in _DURATION:
        raise ValueError(DURATION_FORM)
    return number * _DURATION[unit]


def parse_size(text: str) -> int:
    """Read "64MB" as bytes (powers of 1000; KiB, MiB, GiB are powers of 1024); raise ValueError otherwise."""
    number, unit = _split(text, SIZE_FORM)
    if unit.upper() not in _SIZE:
        raise ValueError(SIZE_FORM)
    return round(number * _SIZE[unit.upper()])


def parse_percentage(text: str) -> float | None:
    """Read "85%" as 0.85 and "off" as None; raise ValueError otherwise."""
    if text == "off":
        return None
    number, unit = _split(text, PERCENTAGE_FORM)
    if unit != "%" or number > 100:
        raise ValueError(PERCENTAGE_FORM)
    return number / 100


def _split(text: str, form: str) -> tuple[float, str]:
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise ValueError(form)
    return float(match[1]), match[2]
