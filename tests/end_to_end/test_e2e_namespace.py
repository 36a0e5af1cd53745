"""The main path once more where the kernel itself lets nothing out: a network namespace that holds loopback alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
MODULES = ("test_e2e_privacy.py",)
CANARY = "http://192.0.2.1:9"
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "ftp_proxy")

INSIDE = """
import fcntl, os, socket, struct, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
    fcntl.ioctl(one, 0x8914, struct.pack("16sH14x", b"lo", 0x1 | 0x40))  # SIOCSIFFLAGS: IFF_UP | IFF_RUNNING
names = [name for _, name in socket.if_nameindex()]
assert names == ["lo"], names
os.execv(sys.executable, [sys.executable, "-m", "pytest", *sys.argv[1:]])
"""


def _isolated(command: list[str], timeout: float) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, **{one: CANARY for name in PROXIES for one in (name, name.upper())}}
    environ["PYTHONPATH"] = os.pathsep.join(sys.path)
    return subprocess.run(
        ["unshare", "-rn", *command], capture_output=True, text=True, timeout=timeout, env=environ, check=False
    )


@pytest.mark.slow
@pytest.mark.timeout(330)
def test_the_main_path_needs_no_network() -> None:
    """G1, T32: all that the privacy tests say holds in an empty namespace with every proxy variable set."""
    try:
        tried = _isolated([sys.executable, "-c", "pass"], 30)
    except (OSError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"this system starts no network namespace: {error}")
    if tried.returncode:
        pytest.skip(f"this system allows no network namespace: {tried.stderr.strip()}")

    options = ["-q", "-n0", "-p", "no:cacheprovider", "-p", "no:randomly"]
    ran = _isolated([sys.executable, "-c", INSIDE, *options, *(str(HERE / one) for one in MODULES)], 300)

    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-1000:]
    assert " passed" in ran.stdout
