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
_GO_DURATION: Final = re.compile(r"-?(?:[0-9]{1,9}(?:\.[0-9]{1,6})?(?:ms|s|m|h))+", re.ASCII)

DURATION_FORM: Final = 'a number and ms, s, m, h or d, such as "500ms", "10s" or "24h"'
SIZE_FORM: Final = 'a number and B, KB, MB, GB, KiB, MiB or GiB, such as "64MB"'
KEEP_ALIVE_FORM: Final = '"10m", "1h30m", "0" (unload at once) or "-1m" (never unload)'
PERCENTAGE_FORM: Final = 'a percentage from "0%" to "100%", or "off"'


def parse_duration(text: str) -> float:
    """Read "10s" as seconds (0 or more); raise ValueError otherwise."""
    number, unit = _split(text)
    if unit not in _DURATION:
        raise ValueError("is no duration")
    return number * _DURATION[unit]


def parse_size(text: str) -> int:
    """Read "64MB" as bytes (powers of 1000; KiB, MiB, GiB are powers of 1024); raise ValueError otherwise."""
    number, unit = _split(text)
    if unit.upper() not in _SIZE:
        raise ValueError("is no size")
    return round(number * _SIZE[unit.upper()])


def parse_percentage(text: str) -> float | None:
    """Read "85%" as 0.85 and "off" as None; raise ValueError otherwise."""
    if text == "off":
        return None
    number, unit = _split(text)
    if unit != "%" or number > 100:
        raise ValueError("is no percentage from 0 to 100")
    return number / 100


def check_keep_alive(text: str) -> str:
    """Return a Go duration as it is ("10m", "1h30m", "0", "-1m"); raise ValueError for what Ollama would refuse."""
    if text != "0" and not _GO_DURATION.fullmatch(text):
        raise ValueError("is no duration that Ollama understands")
    return text


def _split(text: str) -> tuple[float, str]:
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise ValueError("is no number with a unit")
    return float(match[1]), match[2]
