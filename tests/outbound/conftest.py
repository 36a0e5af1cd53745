"""Exchanges are tested on each event loop."""

import pytest

from outbound.loops import Runner, loops


@pytest.fixture(params=loops(), ids=["asyncio", "uvloop"][: len(loops())])
def run(request: pytest.FixtureRequest) -> Runner:
    """One of the loops' `run`."""
    runner: Runner = request.param
    return runner
