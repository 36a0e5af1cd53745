"""How the tests run: property tests repeat themselves exactly in CI, and explore at home; no server is trusted."""

import gc
import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from noon import noon

__all__ = ["noon"]

# No deadline: a shared core may pause any example. Slow generation says the same about the machine, not about the code.
settings.register_profile("home", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("home"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "home")

# Every official client reads the roots of some 140 authorities as it is made, 30 ms each time. No test meets any of
# them: all traffic stays on loopback. This one root signs nothing, since its key was never kept.
os.environ["SSL_CERT_FILE"] = str(Path(__file__).with_name("nobody.pem"))

# A shell starts what it puts into the background deaf to Ctrl+C, and children inherit it: tests press it in theirs.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

LONG = ("packaging", "tray", "ui")
"""Folders of programs that are started, looked at and clicked."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that no worker is still at it when the others have nothing left to do."""
    items.sort(key=lambda item: not (item.path.parent.name in LONG or item.get_closest_marker("slow")))


def pytest_collection_finish() -> None:
    """Spare the collector what was imported: it stays, and to look through it takes half a second each time."""
    gc.collect()
    gc.freeze()
