"""A process that seals itself and then runs one function of a test: the tests themselves must stay unsealed."""

from __future__ import annotations

import functools
import os
import platform
import subprocess
import sys
import textwrap

import pytest

PREFACE = """
import asyncio, ctypes, errno, json, os, socket, struct, subprocess, sys, threading
from hearth.sealing.seal import Seal

libc = ctypes.CDLL(None, use_errno=True)

def call(number, *arguments):
    ctypes.set_errno(0)
    libc.syscall(number, *arguments)
    return ctypes.get_errno()

def tried(attempt):
    try:
        return attempt() or "done"
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))
"""
SEALED = """
async def main():
    before = await prepare()
    seal.close()
    print(json.dumps(await attempt(before)))

seal = Seal(UNIX_PATHS)
asyncio.run(main())
seal.end()
"""


@functools.cache
def why_not_here() -> str:
    """Return why this system cannot seal a process, "" where it can."""
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"):
        return "only Linux on x86-64 and arm64 can seal a process"
    ran = run("async def prepare(): pass\nasync def attempt(_): return 1")
    return "" if ran.returncode == 0 else f"this kernel does not seal: {ran.stderr.strip().splitlines()[-1:]}"


def run(scene: str, *, paths: tuple[str, ...] = (), timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """Run a scene of two coroutines in a process of its own: `prepare` before the seal, `attempt` after it."""
    text = "\n".join((PREFACE, f"UNIX_PATHS = {paths!r}", textwrap.dedent(scene), SEALED))
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, timeout=timeout, env=environ, check=False
    )


def needs_a_seal() -> None:
    """Skip a test where the kernel cannot seal, and say why."""
    if why := why_not_here():
        pytest.skip(why)
