"""Two ways to look for input that takes new ways through the code: atheris where it is installed, else our own.

Both keep what reached lines that nothing had reached before, and change that further (`fuzz_changes.py`).
"""

from __future__ import annotations

import importlib
import importlib.util
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from fuzz_changes import changed

LONGEST = 8192
"""Bytes of the longest input."""
Check = Callable[[bytes], None]
Tracer = Callable[[FrameType, str, Any], Any]


def has_atheris() -> bool:
    """Whether the better engine is installed (`pip install atheris`; Linux and macOS)."""
    return importlib.util.find_spec("atheris") is not None


@contextmanager
def watched() -> Iterator[None]:
    """Watch the code of Hearth that is imported in here, where the engine must do that at import."""
    if not has_atheris():
        yield
        return
    atheris = importlib.import_module("atheris")

    with atheris.instrument_imports(include=["hearth", "hearth_config"]):
        yield


def run(check: Check, seeds: Iterable[bytes], seconds: int, seed: int, folder: Path) -> None:
    """Try for so long. With atheris this never returns: the process ends."""
    (_with_atheris if has_atheris() else _plainly)(check, list(seeds), seconds, seed, folder)


def _with_atheris(check: Check, seeds: list[bytes], seconds: int, seed: int, folder: Path) -> None:
    atheris = importlib.import_module("atheris")

    corpus = folder / "corpus"
    corpus.mkdir()
    for number, data in enumerate(seeds):
        (corpus / str(number)).write_bytes(data)

    def mutate(data: bytes, most: int, dice: int) -> bytes:
        own = random.Random(dice)
        found = changed(data, own, most) if own.random() < 0.5 else atheris.Mutate(data, most)
        return bytes(found)

    def one(data: bytes) -> None:
        if data:
            check(data)

    words = [sys.argv[0], f"-max_total_time={seconds}", f"-max_len={LONGEST}", f"-seed={seed}", "-timeout=3600"]
    atheris.Setup([*words, f"-artifact_prefix={folder}/", str(corpus)], one, custom_mutator=mutate)
    atheris.Fuzz()


def _plainly(check: Check, seeds: list[bytes], seconds: int, seed: int, folder: Path) -> None:  # noqa: ARG001 -- as above
    dice, corpus, lines = random.Random(seed), list(seeds), Lines()
    for data in seeds:
        lines.new(check, data)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        data = changed(dice.choice(corpus), dice, LONGEST)
        if lines.new(check, data):
            corpus.append(data)


class Lines:
    """Which lines of Hearth's own code have been reached so far."""

    def __init__(self) -> None:
        """None yet."""
        self._reached: set[tuple[CodeType, int]] = set()
        self._found = False

    def new(self, check: Check, data: bytes) -> bool:
        """Try this input; say whether it reached a line that nothing had reached."""
        self._found = False
        sys.settrace(self._call)
        try:
            check(data)
        finally:
            sys.settrace(None)
        return self._found

    def _call(self, frame: FrameType, _event: str, _argument: object) -> Tracer | None:
        name = frame.f_globals.get("__name__", "")
        return self._line if name.startswith(("hearth.", "hearth_config.")) else None

    def _line(self, frame: FrameType, _event: str, _argument: object) -> Tracer:
        place = (frame.f_code, frame.f_lineno)
        if place not in self._reached:
            self._reached.add(place)
            self._found = True
        return self._line
