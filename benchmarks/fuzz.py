"""Every parser of strangers' bytes, given input that takes ever new ways through its code (G8).

`python benchmarks/fuzz.py [--seconds 60] [--only WORD] [--json FILE]` tries each target of `fuzz_targets.py` in a
process of its own, for so long. What raises, or holds a core for five seconds, is shown with its input and its
traceback; the same input is tried again with `--again FILE --only TARGET`.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from fuzz_engines import has_atheris, run, watched
from progress import tell
from verdict import Line, Verdict, conclude

SLOWEST_S = 5.0
"""Processor time one input may take."""
SHOWN = 3
"""Findings shown of one target."""


def main(words: list[str] | None = None) -> int:
    """Fuzz each target, or be one target's process."""
    options = argparse.ArgumentParser(prog="benchmarks/fuzz.py", description=__doc__)
    options.add_argument("--seconds", type=int, default=60, help="how long each target is tried")
    options.add_argument("--only", default="", help="only targets with this word in their name")
    options.add_argument("--seed", type=int, default=int(time.time()) % 1_000_000, help="the chance that is used")
    options.add_argument("--json", type=Path, help="where the answer is written too")
    options.add_argument("--again", type=Path, help="try the input in this file")
    options.add_argument("--target", help=argparse.SUPPRESS)
    options.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    chosen = options.parse_args(words)
    if chosen.target:
        _be_target(chosen.target, chosen.seconds, chosen.seed, chosen.folder)
        return 0
    from fuzz_targets import TARGETS

    names = [name for name in TARGETS if chosen.only in name]
    if chosen.again:
        for name in names:
            TARGETS[name].check(chosen.again.read_bytes())
        return 0
    engine = "atheris" if has_atheris() else "the own engine (slower than atheris)"
    what = f"{len(names)} parsers, {chosen.seconds} s each, by {engine}, seed {chosen.seed}"
    lines = tuple(_fuzzed(name, chosen.seconds, chosen.seed) for name in names)
    return conclude(Verdict("G8", what, lines), chosen.json)


def _fuzzed(name: str, seconds: int, seed: int) -> Line:
    """Let a process try one target; show what it found."""
    tell(f"fuzzing {name}")
    with tempfile.TemporaryDirectory(prefix="hearth-fuzz-") as folder:
        command = [sys.executable, __file__, "--target", name, "--seconds", str(seconds), "--seed", str(seed)]
        done = subprocess.run(
            [*command, "--folder", folder], capture_output=True, check=False, timeout=10 * seconds + 300
        )
        found = sorted(Path(folder).glob("*.txt"))
        for file in found[:SHOWN]:
            print(f"{name}:\n{file.read_text('utf-8')}{file.with_suffix('.bin').read_bytes()!r}\n", flush=True)
        tried = Path(folder) / "tried"
        count = int(tried.read_text("ascii")) if tried.exists() else 0
    if done.returncode:
        print(done.stderr.decode("utf-8", "replace")[-2000:], file=sys.stderr)
    said = f"{count:,} tries, {len(found)} uncaught" + (f", ended with {done.returncode}" if done.returncode else "")
    return Line(name, said, "0 uncaught", bool(count) and not found and not done.returncode)


class Findings:
    """Tries input, and keeps what raised: each kind once, by where it was raised."""

    def __init__(self, check: Callable[[bytes], None], folder: Path) -> None:
        """Nothing was tried yet."""
        self._check, self._folder = check, folder
        self._known: set[str] = set()
        self._tried = 0
        self._said = 0.0

    def one(self, data: bytes) -> None:
        """Try one input. Raises nothing."""
        signal.setitimer(signal.ITIMER_VIRTUAL, SLOWEST_S)
        try:
            self._check(data)
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is a finding
            self._keep(error, data)
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        self._tried += 1
        if time.monotonic() > self._said + 1:
            self._said = time.monotonic()
            (self._folder / "tried").write_text(str(self._tried), "ascii")

    def _keep(self, error: Exception, data: bytes) -> None:
        last = traceback.extract_tb(error.__traceback__)[-1]
        kind = f"{type(error).__name__} {last.filename}:{last.lineno}"
        if kind not in self._known:
            self._known.add(kind)
            file = self._folder / f"{len(self._known)}.txt"
            file.with_suffix(".bin").write_bytes(data)
            file.write_text("".join(traceback.format_exception(error)[-6:]), "utf-8", "backslashreplace")


def _be_target(name: str, seconds: int, seed: int, folder: Path) -> None:
    signal.signal(signal.SIGVTALRM, _too_slow)
    with watched():
        from fuzz_targets import TARGETS
    target = TARGETS[name]
    run(Findings(target.check, folder).one, target.seeds(), seconds, seed, folder)


def _too_slow(_number: int, _frame: FrameType | None) -> None:
    raise TimeoutError(f"one input takes more than {SLOWEST_S:g} s of processor time")


if __name__ == "__main__":
    sys.exit(main())
