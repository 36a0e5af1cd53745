"""How much other programs hold of this machine: the arithmetic on made-up counters, the looking on the real ones."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.routing.world import Machine
from hearth.senses.engines_running import Running, engines, is_engine
from hearth.senses.load import LoadSense, other_share
from hearth.senses.readings import Reading, running
from promised_times import held_once_of


def test_engines_and_hearth_are_not_other_programs() -> None:
    """Of 4 cores for 2 s, 6 s busy: 3 s an engine's, 1 s our own, so others held 2 of 8."""
    before = Reading(0.0, busy=100.0, total=800.0, own=5.0, engines={7: 50.0})
    after = Reading(2.0, busy=106.0, total=808.0, own=6.0, engines={7: 53.0})

    assert other_share(before, after) == pytest.approx(2 / 8)


def test_an_engine_that_has_just_been_started_is_no_other_program() -> None:
    """A runner that Ollama started since the last look counts with all that it has used."""
    before = Reading(0.0, busy=100.0, total=800.0)
    after = Reading(2.0, busy=107.0, total=808.0, engines={9: 7.0})

    assert other_share(before, after) == 0


counters = st.builds(
    Reading,
    at=st.floats(0, 1e6),
    busy=st.floats(0, 1e9),
    total=st.floats(0, 1e9),
    own=st.floats(0, 1e6),
    engines=st.dictionaries(st.integers(1, 5), st.floats(0, 1e6)),
)


@given(counters, counters)
def test_a_share_is_a_share(before: Reading, after: Reading) -> None:
    """Counters may be reset or run apart: the share stays between 0 and 1."""
    assert 0 <= other_share(before, after) <= 1


@pytest.mark.parametrize(
    "process",
    [
        Running(1, 0, "ollama"),
        Running(1, 0, "ollama.exe"),
        Running(1, 0, "llama-server"),
        Running(1, 0, "LM Studio"),
        Running(1, 0, "VLLM::EngineCor"),
        Running(1, 0, "anything", user="ollama"),
        Running(1, 0, "python3", command=("python3", "-m", "vllm.entrypoints.openai.api_server")),
        Running(1, 0, "python3", command=("python3", "-u", "-m", "sglang.launch_server", "--port", "1")),
        Running(1, 0, "python3.12", command=("/venv/bin/python3.12", "/venv/bin/vllm", "serve", "m")),
    ],
    ids=lambda process: f"{process.name} {process.user}",
)
def test_an_engine_is_known_by_name_user_or_command(process: Running) -> None:
    """Packaged engines run as their own user, Python's are told by what they run."""
    assert is_engine(process)


@pytest.mark.parametrize(
    "process",
    [
        Running(1, 0, "firefox"),
        Running(1, 0, "python3", command=("python3", "train.py", "vllm")),
        Running(1, 0, "ollamagoats", user="somebody"),
        Running(1, 0, ""),
    ],
    ids=["firefox", "an argument", "a longer name", "no name"],
)
def test_other_programs_are_not_engines(process: Running) -> None:
    """A likeness is not enough; nor is a word among a script's own arguments."""
    assert not is_engine(process)


def test_the_children_of_an_engine_belong_to_it() -> None:
    """Runners go by many names: what an engine started counts as engine, in any order of the list."""
    found = engines([Running(4, 3, "x"), Running(3, 2, "runner"), Running(2, 1, "ollama"), Running(5, 1, "sshd")])

    assert found == {2, 3, 4}


def test_nothing_is_looked_at_before_the_first_question() -> None:
    """A sense that nobody asks has no thread and no sample; the first answer is "unknown", at once."""

    def first_look() -> tuple[Machine, float]:
        sense = LoadSense()
        began = time.perf_counter()
        first = sense.machine()
        took = time.perf_counter() - began
        sense.close()
        return first, took

    first, took = held_once_of(3, first_look, lambda found: found[1] < 0.1)

    assert first == Machine()
    assert took < 0.1


def _settled(sense: LoadSense) -> Machine:
    deadline = time.monotonic() + 20
    while sense.machine() == Machine() and time.monotonic() < deadline:
        time.sleep(0.05)
    return sense.machine()


def test_the_real_machine_shows_itself() -> None:
    """A moment after the first question processor and memory are known, as shares."""
    sense = LoadSense()

    machine = _settled(sense)
    sense.close()

    assert machine.other_cpu is not None
    assert 0 <= machine.other_cpu <= 1
    assert machine.free_memory is not None
    assert 0 < machine.free_memory < 1
    assert machine.battery is None or 0 <= machine.battery <= 1


@pytest.mark.skipif(sys.platform != "linux", reason="a script is named after its link on Linux only")
def test_a_running_engine_is_found(tmp_path: Path) -> None:
    """A process called ollama is found among the real ones, with its children."""
    link = tmp_path / "ollama"
    link.symlink_to("/bin/sleep" if not Path("/bin/sleep").is_symlink() else os.path.realpath("/bin/sleep"))

    with subprocess.Popen([str(link), "60"]) as engine:
        found = engines(running({}).values())
        engine.kill()

    assert engine.pid in found


def test_only_new_processes_are_looked_at() -> None:
    """What is known of a process is taken as it is, so that a second look is cheap; one that is gone is dropped."""
    known = {os.getpid(): Running(os.getpid(), 0, "known"), -1: Running(-1, 0, "gone")}

    found = running(known)

    assert found[os.getpid()].name == "known"
    assert os.getppid() in found
    assert -1 not in found


def test_a_closed_sense_looks_no_more() -> None:
    """After closing, questions are still answered, with "unknown"."""
    sense = LoadSense()
    sense.machine()

    sense.close()

    assert isinstance(sense.machine(), Machine)
