"""`hearth demo` as a person meets it: a process that tells the whole story in a few seconds, and cleans up."""

import os
import re
import shutil
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import pytest

from hearth.demo.stage import Stage
from hearth.demo.story import play
from hearth.demo.told import Scene, Verdict, Words
from promised_times import held_once_of

LONGEST_S = 15.0
SCENES = 6


def _demo(folder: Path) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "HOME": str(folder), "TMPDIR": str(folder), "HEARTH_HOME": str(folder / "not-here")}
    command = [sys.executable, "-m", "hearth", "demo"]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=50, check=False)


@cache
def _told() -> list[object]:
    with Stage() as stage:
        return list(play(stage))


@pytest.mark.timeout(180)
def test_the_whole_story_takes_less_than_15_seconds_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """One command shows all six scenes, exits with 0, and touches nothing outside its own temporary folder."""

    def scene() -> tuple[subprocess.CompletedProcess[str], float]:
        begun = time.monotonic()
        return _demo(tmp_path), time.monotonic() - begun

    done, took = held_once_of(3, scene, lambda found: found[1] < LONGEST_S)

    assert done.returncode == 0, done.stdout + done.stderr
    assert took < LONGEST_S
    assert len(re.findall(r"^  yes ", done.stdout, re.MULTILINE)) == SCENES
    assert not list(tmp_path.glob("hearth*")), "the temporary home is gone"
    assert not (tmp_path / "not-here").exists()
    assert "Traceback" not in done.stderr
    _shows_who_answered_where_and_why(done.stdout)


def _shows_who_answered_where_and_why(shown: str) -> None:
    """Local, busy and missing are told by headers of real answers, offline by a real 403, the log by its commands."""
    assert "X-Hearth-Target: ollama/small:latest · X-Hearth-Place: machine · X-Hearth-Reason: local" in shown
    assert "X-Hearth-Target: demo-cloud/large · X-Hearth-Place: cloud · X-Hearth-Reason: busy" in shown
    assert "X-Hearth-Target: demo-cloud/large · X-Hearth-Place: cloud · X-Hearth-Reason: missing" in shown
    assert re.search(r"refused +HTTP 403: .*`hearth mode offline` forbids", shown)
    before, after = re.findall(r"^  (?:before|after) +(the cloud has seen .*)$", shown, re.MULTILINE)
    assert before == after
    assert re.search(r"stream +ollama/small:latest, 90 words, complete", shown)
    assert re.search(r"^small:latest\t4\t", shown, re.MULTILINE)
    assert "has a full queue" in shown
    assert "\x1b" not in shown, "no colours in a pipe"


@pytest.mark.timeout(120)
def test_it_needs_no_network(tmp_path: Path) -> None:
    """The whole story is told where the system has nothing but loopback."""
    unshare, ip = shutil.which("unshare"), shutil.which("ip")
    if unshare is None or ip is None or subprocess.run([unshare, "-rn", "true"], check=False).returncode:
        pytest.skip("this system lets nobody make a network of their own")
    script = f'"{ip}" link set lo up && exec "{sys.executable}" -m hearth demo'
    environ = {**os.environ, "TMPDIR": str(tmp_path)}

    done = subprocess.run(
        [unshare, "-rn", "sh", "-c", script], env=environ, capture_output=True, text=True, timeout=50, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_each_scene_ends_in_one_verdict() -> None:
    """The story is told in scenes, and each says whether it showed what it should."""
    told = _told()

    ends = [type(one) for one in told if isinstance(one, Scene | Verdict)]

    assert ends == [Scene, Verdict] * SCENES
    assert all(one.holds for one in told if isinstance(one, Verdict))


def test_an_answer_is_shown_in_the_pieces_in_which_it_came() -> None:
    """The first answer is streamed: more than one piece, and together the whole text."""
    told = _told()

    pieces = [one.text for one in told if isinstance(one, Words)]
    first = pieces[: pieces.index("")]

    assert len(first) > 3
    assert "".join(first) == "Hello! I am a small test model."


def test_a_scene_that_does_not_show_what_it_should_says_so() -> None:
    """A cloud that takes no key of ours makes the scenes that need it fail; the others go on."""
    with Stage() as stage:
        stage.cloud.rescript(keys=("another key",))
        verdicts = [one for one in play(stage) if isinstance(one, Verdict)]

    assert len(verdicts) == SCENES
    assert verdicts[0].holds
    assert not verdicts[1].holds
    assert not verdicts[2].holds
    assert verdicts[4].holds


@pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")
@pytest.mark.timeout(120)
def test_ctrl_c_ends_it_at_once_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """Interrupted in the middle, it ends without a traceback, and its folder is gone."""
    import signal

    environ = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "hearth", "demo"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while not process.stdout.readline().startswith("2."):
            pass
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)

    assert process.returncode == 130
    assert "Traceback" not in said
    assert not list(tmp_path.glob("hearth-demo-*"))
