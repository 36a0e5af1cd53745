"""The suite as the author of an installed dialect runs it: `pytest --pyargs hearth.conformance --dialect NAME`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

DIALECT = """
from hearth.dialects import ollama

class Tame(type(ollama.CALLED)):
    name = "tame"
    BODY

CALLED = Tame()
"""
EXAMPLES = """
from hearth.conformance import Examples, Reply

EXAMPLES = Examples(
    replies=(
        Reply(
            b'{"model":"m","message":{"role":"assistant","content":"Hi"},"done":false}\\n'
            b'{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}\\n',
            "Hi",
            content_type="application/x-ndjson",
        ),
    ),
)
"""
BREAKS_OFF = """def reader(self, *given):
        return type("Deaf", (), {"feed": lambda s, d: [], "close": lambda s: []})()"""


def _installed(folder: Path, body: str = "pass") -> None:
    """Put a package into this folder, as installing it would."""
    (folder / "tame_dialect.py").write_text(DIALECT.replace("BODY", body))
    (folder / "tame_examples.py").write_text(EXAMPLES)
    facts = folder / "tame-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: tame\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[hearth.dialects]\ntame = tame_dialect\n")


def _run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    paths = [str(folder), *(path for path in sys.path if path)]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "hearth.conformance.option",
        *words,
    ]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "HYPOTHESIS_STORAGE_DIRECTORY": str(folder / "h")}
    environ.pop("PYTEST_ADDOPTS", None)
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=150, check=False)


SUITE = ("--pyargs", "hearth.conformance", "--dialect")


def test_a_sound_dialect_passes(tmp_path: Path) -> None:
    """A package with the called half alone is found by its entry point; what is about the other half is skipped."""
    _installed(tmp_path)

    done = _run(tmp_path, *SUITE, "tame", "--dialect-examples", "tame_examples:EXAMPLES")

    assert done.returncode == 0, done.stdout[-2000:]
    assert "skipped" in done.stdout


def test_a_broken_one_is_told_what_is_wrong(tmp_path: Path) -> None:
    """One that reads nothing fails, with the name of the test and the reason."""
    _installed(tmp_path, BREAKS_OFF)

    done = _run(tmp_path, *SUITE, "tame", "--dialect-examples", "tame_examples", "-k", "Replies and cut")

    assert done.returncode == 1
    assert "test_a_cut_reply_is_never_a_finished_one" in done.stdout


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("--pyargs", "hearth.conformance"), "Name the dialect on trial"),
        ((*SUITE, "nobody"), "nobody is neither"),
        ((*SUITE, "json"), "json has neither SERVED nor CALLED"),
        ((*SUITE, "tame", "--dialect-examples", "nothing_there"), "--dialect-examples nothing_there"),
    ],
)
def test_a_wrong_word_is_answered(tmp_path: Path, words: tuple[str, ...], answer: str) -> None:
    """What is missing or misspelled is said, with what to type."""
    _installed(tmp_path)

    done = _run(tmp_path, *words, "-x")

    assert done.returncode != 0
    assert answer in done.stdout + done.stderr
