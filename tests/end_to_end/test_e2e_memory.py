"""What a call leaves in memory: nothing, however it ends, without waiting for a collector of circles."""

from __future__ import annotations

import asyncio
import gc

import pytest

from end_to_end.callers import call, calm, chat, cloud, engine
from hearth.outbound.upstream import Upstream
from hearth.problems import Problem
from hearth.rehearsal import Fault, ModelScript, Rehearsal, Script
from hearth_home import running
from promised_times import held_once_of

CLOUD = Script(kind="openai", models=(ModelScript(name="scripted"),))
FALLBACK = '[fallback]\ncloud = ["far/scripted"]\n'
FAULTS = {
    "refused": Fault.refuse(400),
    "failing": Fault.refuse(500),
    "limited": Fault.refuse(429),
    "cut before the first word": Fault.cut(size=0),
    "cut in mid-stream": Fault.cut(objects=2, by="rst"),
    "a web page": Fault.html(),
}


def _left() -> list[object]:
    """What is still in memory of calls that are over."""
    return [one for one in gc.get_objects() if isinstance(one, Problem | Upstream)]


def _left_of(others: dict[int, object]) -> list[str]:
    """The kinds of what is left beside what others had."""
    return [type(one).__name__ for one in _left() if id(one) not in others]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", ["/api/chat", "/v1/chat/completions"])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_call_that_failed_is_gone_when_it_is_over(fault: Fault, path: str, stream: bool) -> None:
    """F12, F50: whether somebody else took over or nobody did, its prompt and what came are not kept in a circle."""

    async def act() -> list[list[str]]:
        found = []
        async with (
            Rehearsal() as near,
            Rehearsal(CLOUD) as far,
            running(calm() + FALLBACK + engine(near) + cloud(far, more="retry = { attempts = 1 }")) as home,
        ):
            await call(home, path, chat(stream=stream))
            gc.collect()
            gc.disable()
            of_others = {id(one): one for one in _left()}
            for model in ("scripted", "far/scripted"):
                near.next(fault)
                far.next(fault)
                await call(home, path, chat(model, stream=stream))
                await asyncio.sleep(0.1)
                found.append(_left_of(of_others))
        return found

    try:
        found = held_once_of(3, lambda: asyncio.run(act()), lambda left: left == [[], []])
    finally:
        gc.enable()

    assert found == [[], []]
