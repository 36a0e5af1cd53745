"""The benchmarks themselves work: real mock, real load, rounds, goals and report, small and quick."""

import json
import os
import platform
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

import measure
import run
from cases import CASES, Effort, Outcome
from configs import hearth_toml, nginx_conf
from goals import GOALS, Goal, verdicts
from hearth_config.load import load_text
from hearth_config.variables import Variables
from report import Report, as_json, doubts, table
from rounds import Case, Row
from rounds import measure as measured
from routes import DIRECT, Route
from run import main, run_cases
from stage import Stage, staged
from stats import spread
from summary import summary
from targets import mock
from visits import KILOBYTE, Crowd, Whole, first_piece

FEW = 50


@pytest.fixture
def stage() -> Iterator[Stage]:
    """The mock, and the same mock once more as if it were a gateway."""
    with staged(("again",)) as ready:
        yield ready


def row(metric: str, value: float, case: str = "short", clients: int = 1) -> Row:
    return Row(case, "Ollama → Ollama", "same", clients, metrics={metric: spread([value])})


def test_the_direct_line_adds_nothing_to_itself(stage: Stage) -> None:
    """An A/A run: 50 whole replies on each route, all of them byte-exact, compared round by round."""
    case = Case("short", 2, Whole(KILOBYTE, FEW), ("p50_ms",), ("rps",))

    rows = measured(stage, case, rounds=2, seconds=0)

    again = [one for one in rows if one.column == "again"]
    assert [one.samples for one in rows] == [2 * FEW] * 4
    assert not any(one.errors or one.failed for one in rows)
    assert all(abs(one.metrics["added_p50_ms"].median) < 50 for one in again)
    assert all(len(one.metrics["rps_of_direct"].rounds) == 2 for one in again)


def test_streams_are_followed_piece_by_piece(stage: Stage) -> None:
    """Several streams at once arrive whole; first pieces are timed."""
    case = Case("streams", 8, Crowd("mock-n5-d4-f0"), ())

    crowd = measured(stage, case, rounds=1, seconds=0.01)
    first = measured(stage, Case("first piece", 1, first_piece, ("p50_ms",)), rounds=1, seconds=0.02)

    assert all(one.metrics["exact_percent"].median == 100 for one in crowd)
    assert all(one.samples == 8 * 4 for one in crowd)
    assert all(one.samples for one in first)


def test_a_route_that_does_not_work_is_named(stage: Stage) -> None:
    """What a route answers instead of a reply stands in its row; the others are measured all the same."""
    broken = Route("broken", "again", "same", "ollama", prefix="nobody/")
    stage = Stage(stage.servers, (*DIRECT, broken))

    rows = measured(stage, Case("short", 1, Whole(KILOBYTE, FEW)), rounds=1, seconds=0)

    assert [bool(one.failed) for one in rows] == [False, False, True]
    assert "status 404" in rows[-1].failed


def test_nobody_there_is_an_error_and_not_a_figure() -> None:
    """A target that does not listen yields no samples and its reason."""
    with mock(None) as server:
        port = server.port

    figures = Whole(KILOBYTE, 1)(DIRECT[0], port, 1, 0)

    assert figures.samples == 0
    assert figures.errors.total() == 1


def test_hearths_config_is_a_good_one() -> None:
    """The config that is measured passes Hearth's own checks without a warning."""
    text = hearth_toml(18080, 18081)

    loaded = load_text(text, Path("hearth.toml").absolute(), Variables({}))

    assert loaded.warnings == ()
    assert tomllib.loads(text)["listen"]["tcp"] == "127.0.0.1:18080"
    assert "proxy_buffering off" in nginx_conf(18080, 18081, "home")


@pytest.mark.parametrize("goal", GOALS)
def test_each_goal_judges_both_sides_of_its_limit(goal: Goal) -> None:
    """At the limit it is held, beyond it is missed, and with an error in the row nothing is held."""
    beyond = goal.limit * 1.01 if goal.sense == "≤" else goal.limit * 0.99
    rows = [Row(goal.case, "r", goal.column, goal.clients, {goal.metric: spread([at])}) for at in (goal.limit, beyond)]
    rows.append(Row(goal.case, "r", goal.column, goal.clients, {goal.metric: spread([goal.limit])}, errors={"cut": 1}))

    assert [one.held for one in verdicts(rows)] == [True, False, False]


def test_the_table_shows_the_goal_beside_the_figure() -> None:
    """A reader sees figure, range, goal and verdict, and what went wrong."""
    bad = row("added_p50_ms", 0.5)
    bad.errors = {"the stream has no proper end": 2}

    text = table("short", [row("added_p50_ms", 0.2), bad])

    assert "pass  Ollama → Ollama, added p50 ms: 0.200 (goal ≤ 0.25" in text
    assert "MISS  Ollama → Ollama, added p50 ms: 0.500" in text
    assert "2 x Ollama → Ollama: the stream has no proper end" in text


def test_a_run_can_be_quoted_as_markdown() -> None:
    """The summary of a written run names machine, figure, routes and goals; what missed its goal is bold."""
    rows = [row("added_p50_ms", 0.2), Row("short", "OpenAI → Ollama", "translated", 1, {"added_p50_ms": spread([0.5])})]
    rows.append(Row("idle", "hearth", "alone", 0, {"rss_mb": spread([50.0])}))
    report = Report({"cpu": "Some CPU"}, quick=False, rows=rows, goals=verdicts(rows))

    text = summary(msgspec.json.decode(as_json(report), type=Report))

    assert text.startswith("cpu Some CPU")
    assert "| short: added p50 ms | 0.200 | – | **0.500** | – | ≤ 0.25 / ≤ 0.35 |" in text
    assert "| idle: RSS MB | 50.00 |  |  |  | ≤ 60 |" in text


def test_an_unsteady_direct_line_is_doubted() -> None:
    """Differences to a line that itself varied are marked as doubtful."""
    unsteady = Row("short", "direct, Ollama", "direct", 1, {"p50_ms": spread([1.0, 1.2, 2.0])})
    steady = Row("short", "direct, OpenAI", "direct", 1, {"p50_ms": spread([1.0, 1.2, 1.4])})

    assert len(doubts([unsteady, steady])) == 1


def test_the_report_names_the_machine_but_not_its_owner() -> None:
    """The JSON says processor, cores, kernel and Python; no folder and no host name."""
    report = Report(measure.machine(), quick=True, rows=[row("added_p50_ms", 0.2)])

    written = as_json(report).decode()

    assert set(json.loads(written)["machine"]) == {"cpu", "cores", "kernel", "python", "loop"}
    assert str(Path.home()) not in written
    assert f'"{platform.node()}"' not in written


@pytest.mark.skipif(not measure.available(), reason=measure.MISSING)
def test_a_process_is_measured_from_proc() -> None:
    """This process has memory, has used the processor, and has slept."""
    pid = os.getpid()

    used = measure.use(pid)

    assert 1 < measure.rss_mb(pid) <= measure.peak_mb(pid) * 1.01
    assert used.cpu > 0
    assert 0 <= measure.idle(pid, 0.05).cpu_percent < 200
    assert pid in measure.family(os.getppid())


@pytest.mark.parametrize("words", [["--cases", "nothing"], ["--cases", ","], ["--rounds", "many"]])
def test_a_wrong_word_is_refused_with_the_right_ones(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown case or number ends with exit code 2 and says what there is."""
    with pytest.raises(SystemExit) as ended:
        main(words)

    assert ended.value.code == 2
    assert "usage: make bench" in capsys.readouterr().err


@pytest.mark.parametrize(("ends", "note"), [(KeyboardInterrupt(), "interrupted"), (OSError("no port"), "no port")])
def test_what_was_measured_is_kept(ends: BaseException, note: str) -> None:
    """A case that fails, or an impatient person, costs the other cases nothing and leaves a note."""

    def measured_well(_effort: Effort) -> Outcome:
        return Outcome([row("added_p50_ms", 0.2)])

    def goes_wrong(_effort: Effort) -> Outcome:
        raise ends

    report = Report({}, quick=True, rows=[])
    kept = []
    before = dict(CASES)
    CASES.update({"good": measured_well, "bad": goes_wrong})
    try:
        run_cases(["good", "bad"], Effort(), report, lambda: kept.append(len(report.rows)))
    finally:
        CASES.clear()
        CASES.update(before)

    assert [one.case for one in report.rows] == ["short"]
    assert note in report.notes[0]
    assert kept[0] == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process without telling it")
@pytest.mark.timeout(180)
def test_a_run_that_is_ended_leaves_what_it_measured(tmp_path: Path) -> None:
    """Ended in its second case, the program prints and writes the first one, and says how far it came meanwhile."""
    file = tmp_path / "run.json"
    program = Path(run.__file__)
    command = [sys.executable, str(program), "--quick", "--cases", "import,idle", "--json", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        said = [next(process.stderr), next(process.stderr)]  # its cases, as they begin

        process.terminate()
        out, _ = process.communicate(timeout=150)

    report = msgspec.json.decode(file.read_bytes(), type=Report)
    assert [line.partition("] ")[2] for line in said] == ["import …\n", "idle …\n"]
    assert [one.case for one in report.rows] == ["import"]
    assert any("interrupted" in one for one in report.notes)
    assert "import adds s" in out
    assert process.returncode == 0
