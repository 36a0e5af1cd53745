"""Runs `hearth` as a user does: in a process of its own, with a home folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from source_tree import ROOT

PYTHONPATH = os.pathsep.join(str(ROOT / component) for component in ("daemon", "config"))


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "SYSTEMROOT")}
    return kept | {"PYTHONPATH": PYTHONPATH} | more


def command(home: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "hearth", "--home", str(home), *arguments]


def hearth(home: Path, *arguments: str, text: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; `text` is its stdin, `variables` join its environment."""
    return subprocess.run(
        command(home, *arguments),
        input=text,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        env=environment(**variables),
    )
