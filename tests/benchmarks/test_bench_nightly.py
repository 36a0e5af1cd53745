"""The long programs' own arithmetic: what a verdict says, what counts as growth, and what a night is made of."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from nightly import HERE, programs
from real_process import RealProcess
from soak import Rest, memory, steady
from verdict import Line, Verdict, conclude

GOOD = Line("files", "23 to 24", "± 2", held=True)
BAD = Line("tasks", "6 to 60", "± 2", held=False)
ANSWER = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\ndata: 1\r\n"
END = b"c\r\ndata: [DONE]\r\n0\r\n\r\n"


def rests(*megabytes: float) -> list[Rest]:
    return [Rest(600.0 * place, held, 23, 11, 6, 1000 * place) for place, held in enumerate(megabytes)]


def test_a_verdict_shows_what_misses_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """G19: one line that misses is an exit code of 1, and stands in the JSON too."""
    file = tmp_path / "results" / "x.json"

    codes = [conclude(Verdict("G0", "a run", lines), file) for lines in ((GOOD,), (GOOD, BAD), ())]

    assert codes == [0, 1, 1]
    assert "MISS  tasks  6 to 60" in capsys.readouterr().out
    assert json.loads(file.read_bytes()) == {"goal": "G0", "run": "a run", "lines": []}


def test_memory_that_grows_from_rest_to_rest_is_a_miss() -> None:
    """G19: a steady climb misses, in the last half as in all; what is flat, or warms up first, does not."""
    climbs = memory(rests(60, 61, 62, 63, 64, 65, 66, 67, 68, 69))
    warms = memory(rests(58, 60, 60.2, 60.1, 60.2, 60.1, 60.2, 60.1, 60.2, 60.1))

    assert [line.held for line in climbs] == [False, False]
    assert [line.held for line in warms] == [True, True]


def test_what_is_counted_may_differ_by_two() -> None:
    """G19: files, threads and tasks at the last rest, beside those at the first."""
    assert steady("files", [23, 30, 25]).held
    assert not steady("files", [23, 23, 26]).held


@pytest.mark.parametrize("hours", [0.05, 0.5, 4.0])
def test_a_night_of_any_length_has_every_program(hours: float) -> None:
    """Each program is there, and is told to do at least something."""
    night = programs(hours)

    assert all((HERE / program.file).exists() for program in night)
    assert all(float(word) > 0 for program in night for word in program.words if not word.startswith("-"))


@pytest.mark.parametrize(("answer", "finished"), [(ANSWER + END, True), (ANSWER, False), (ANSWER[:-3], False)])
def test_a_cut_answer_is_seen_as_cut(answer: bytes, finished: bool, tmp_path: Path) -> None:
    """What asks a real daemon does not take half a body for a whole one."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async def act() -> bool:
        daemon = RealProcess(tmp_path)
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            daemon.port = server.sockets[0].getsockname()[1]
            return (await daemon.ask("any", stream=True)).finished

    assert asyncio.run(act()) is finished
