"""`hearth usage`: figures for people, for spreadsheets and for programs, from one answer of the daemon."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from cli.control_server import ControlServer, Reply, serving
from hearth.cli import command_line
from hearth.cli.spreadsheet import line
from hearth.cli.usage_export import HEADINGS
from hearth.cli.usage_view import BARS, sparkline, table
from hearth.record import Attempt, CallRecord, Entry
from hearth.status import Usage, UsageReport

HOME = Usage(
    "qwen3:8b", 3, 1, 10, 20, 0, 1, 2, {}, 0, 100.0, 200.0,
    success=0.75, problems={"timeout": 1}, trend=(0, 1, 2), saved={"USD": 0.5}, compared=("far/large",), uncompared=2,
)  # fmt: skip
FAR = Usage(
    "=large", 1, 0, 5, 6, 1, 0, 0, {"USD": 0.25, "EUR": 0.1}, 1, queue_p50_ms=0.0, tokens_per_s_p50=41.25, refused=4
)
TOTAL = msgspec.structs.replace(HOME, name="total", calls=4)
REPORT = UsageReport("model", None, None, (HOME, FAR), "A note.", TOTAL)
CALL = CallRecord(
    "c1", 1_750_000_000.0, "zed", "ollama", "chat", "chat", "fast", "any", True, "ollama/m", "machine", "local", 1,
    "complete",
)  # fmt: skip
ANSWERED = Entry(CALL, (Attempt("c1", 1, "ollama/m", "ollama", "m", "machine", "", 1.0, "complete", input_tokens=7),))
REFUSED = Entry(msgspec.structs.replace(CALL, id="c2", ending="refused", problem="over_budget", attempts=0))


def _run(home: Path, script: Mapping[str, object], *arguments: str) -> tuple[Result, ControlServer]:
    with serving(home, script) as server:
        shown = CliRunner().invoke(command_line, ["--home", str(home), *arguments])
    return shown, server


def _exporting(*entries: Entry) -> dict[str, object]:
    lines = b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries)
    return {"GET usage/export": Reply(pieces=(lines,))}


def test_the_table_ends_with_the_total(tmp_path: Path) -> None:
    """Rows as the daemon orders them, all columns in a pipe, what home saved, and calls over time as bars."""
    shown, _ = _run(tmp_path, {"GET usage": REPORT}, "usage")

    rows = [row.split("\t") for row in shown.stdout.splitlines()]
    assert [row[0] for row in rows] == ["MODEL", "qwen3:8b", "=large", "total"]
    here, far = (dict(zip(rows[0], row, strict=True)) for row in rows[1:3])
    assert (here["SAVED"], here["SUCCESS"], here["CALLS OVER TIME"]) == ("0.5000 USD", "75.0 %", f" {BARS[4]}{BARS[7]}")
    assert (here["PROBLEMS"], far["CACHED"]) == ("1 timeout", "1 (20 %)")
    assert (far["SAVED"], far["TOKENS/S"], far["QUEUE p50/p95"]) == ("-", "41.2", "0 ms / -")
    assert (far["ERRORS"], far["REFUSED"]) == ("0", "4")


def test_what_the_figures_leave_open_is_said_beside_them(tmp_path: Path) -> None:
    """With what home was compared, what could not be, which problems there were: beside the table, not in it."""
    shown, _ = _run(tmp_path, {"GET usage": REPORT}, "usage")

    assert shown.stderr.splitlines() == [
        "Answers at home saved 0.5000 USD, against the same tokens at far/large.",
        "Not in it: 2 answers at home without a cloud fallback of known price.",
        "Problems: 1 timeout.",
        "~ stands where tokens are an estimate: of 1 answer that nobody counted.",
        "A note.",
    ]


def test_csv_is_for_spreadsheets(tmp_path: Path) -> None:
    """Bare numbers, money by currency, what is unknown is empty, and no name is taken for a formula."""
    shown, _ = _run(tmp_path, {"GET usage": REPORT}, "usage", "--csv")

    here, far = csv.DictReader(io.StringIO(shown.stdout))
    assert (here["model"], here["calls"], here["saved_USD"], here["cost_USD"]) == ("qwen3:8b", "3", "0.5", "")
    assert (far["model"], far["cost_EUR"], far["cost_USD"], far["unknown_costs"]) == ("'=large", "0.1", "0.25", "1")
    assert far["first_token_p50_ms"] == ""


def test_json_is_the_daemons_own_value(tmp_path: Path) -> None:
    """Nothing is lost on the way, and `--csv` beside it is refused."""
    shown, server = _run(tmp_path, {"GET usage": REPORT}, "usage", "--by", "target", "--json")
    both, _ = _run(tmp_path, {}, "usage", "--csv", "--json")

    assert msgspec.json.decode(shown.stdout, type=UsageReport) == REPORT
    assert server.asked[0].path.startswith("/hearth/v1/usage?by=target")
    assert (both.exit_code, "choose one" in both.stderr) == (2, True)


def test_every_call_can_be_taken_along_as_csv(tmp_path: Path) -> None:
    """A row for each attempt; a call that nobody was asked for has a row too."""
    shown, _ = _run(tmp_path, _exporting(ANSWERED, REFUSED), "usage", "export")

    first, second = csv.DictReader(io.StringIO(shown.stdout))
    assert tuple(first) == HEADINGS
    assert (first["time"], first["call"], first["target"], first["input_tokens"]) == (
        "2025-06-15T15:06:40.000+00:00",
        "c1",
        "ollama/m",
        "7",
    )
    assert (second["call"], second["ending"], second["problem"], second["target"]) == (
        "c2",
        "refused",
        "over_budget",
        "",
    )


def test_every_call_can_be_taken_along_with_all_that_is_known(tmp_path: Path) -> None:
    """As lines of JSON in a file, which reads back to what the usage log holds."""
    file = tmp_path / "calls.jsonl"

    shown, _ = _run(
        tmp_path, _exporting(ANSWERED, REFUSED), "usage", "export", "--format", "jsonl", "--output", str(file)
    )

    lines = file.read_text(encoding="utf-8").splitlines()
    assert [msgspec.json.decode(one, type=Entry) for one in lines] == [ANSWERED, REFUSED]
    assert f"2 calls exported to {file}." in shown.stderr.replace("\n", "")


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_an_export_without_a_daemon_leaves_the_last_one_as_it_is(tmp_path: Path, form: str) -> None:
    """Nothing is written, and no file emptied, before Hearth has answered."""
    file = tmp_path / "calls"
    file.write_text("the last one", encoding="utf-8")

    shown = CliRunner().invoke(
        command_line, ["--home", str(tmp_path), "usage", "export", "--format", form, "--output", str(file)]
    )

    assert (shown.exit_code, shown.stdout, file.read_text(encoding="utf-8")) == (3, "", "the last one")


@given(st.lists(st.integers(0, 10**9), max_size=30))
def test_a_sparkline_has_a_bar_for_each_count(counts: list[int]) -> None:
    """Nothing is a blank, anything is at least the lowest bar, the most is the highest."""
    drawn = sparkline(counts)

    assert len(drawn) == (len(counts) if any(counts) else 0)
    for bar, count in zip(drawn, counts, strict=False):
        assert (bar == " ") == (count == 0)
        assert count != max(counts) or bar in (BARS[-1], " ")
    assert sorted(drawn, key=(" " + BARS).index) == [bar for _, bar in sorted(zip(counts, drawn, strict=False))]


@given(st.lists(st.text() | st.integers() | st.booleans() | st.none(), min_size=1))
def test_a_record_is_one_that_spreadsheets_read(cells: list[str | int | bool | None]) -> None:
    """Quotes, commas and line ends come back; no text begins as a formula does."""
    (read,) = csv.reader(io.StringIO(line(cells), newline=""))

    assert len(read) == len(cells)
    assert not [
        one
        for one, cell in zip(read, cells, strict=True)
        if isinstance(cell, str) and one.startswith(("=", "+", "-", "@"))
    ]


@pytest.mark.parametrize("arguments", [("usage", "--by", "word"), ("usage", "export", "--format", "xls")])
def test_what_there_is_not_is_refused(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """The command says what there is."""
    shown, _ = _run(tmp_path, {}, *arguments)

    assert shown.exit_code == 2


@given(st.integers(20, 260))
def test_a_narrow_terminal_gets_fewer_columns(room: int) -> None:
    """Name, calls and cost are always there; others as far as they fit, and all of them where there is room."""
    headings, rows = table(REPORT, room)

    widths = [max(map(len, (top, *cells))) + 2 for top, *cells in zip(headings, *rows, strict=True)]
    assert headings[:2] == ("MODEL", "CALLS")
    assert "COST" in headings
    assert sum(widths) <= room or headings == ("MODEL", "CALLS", "COST")
    assert table(REPORT, 1000)[0] == table(REPORT)[0]
