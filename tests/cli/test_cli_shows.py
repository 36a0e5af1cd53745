"""What the commands print: grep-able lines in a pipe, the daemon's own values as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import get_args
from urllib.parse import parse_qs

import click
import msgspec
import pytest
from click.testing import CliRunner, Result

from cli.control_server import ControlServer, Reply, error, serving, status
from hearth.cli import command_line
from hearth.cli.log import log
from hearth.record import Attempt, CallRecord, Ending
from hearth.status import (
    AbilityStatus,
    AliasStatus,
    CallStatus,
    ConfigStatus,
    ContactStatus,
    LedgerStatus,
    ModelsStatus,
    ModelStatus,
    ProviderStatus,
    Status,
    Usage,
    UsageReport,
)
from hearth.status_keys import KeyStatus

CALL = CallRecord(
    "c1",
    1.0,
    "zed",
    "ollama",
    "chat",
    "chat",
    "fast",
    "lan",
    True,
    "ollama/m",
    "machine",
    "local",
    1,
    "complete",
)
BOX = ProviderStatus("box", "openai_chat", "http://10.0.0.2", "lan", reachable=True, keys=(KeyStatus("k", "ok"),))
MODEL = ModelStatus("ollama/m:latest", "ollama", "m:latest", "machine", loaded=True, size=4_700_000_000, note="newer")


def _run(home: Path, script: Mapping[str, object], *arguments: str) -> tuple[Result, ControlServer]:
    with serving(home, script) as server:
        return CliRunner().invoke(command_line, ["--home", str(home), *arguments]), server


def test_status_tells_what_a_person_must_know(tmp_path: Path) -> None:
    """Contacts with counts, the error of an edit, keys that are not active, a stand-in, a degraded log: a line each."""
    busy = status(
        mode="offline",
        switched="offline",
        stand_in="http://127.0.0.1:5",
        config=ConfigStatus("/h/hearth.toml", error="/h/hearth.toml:3: bad.", inactive=("budget.daily_limit",)),
        contacts=(ContactStatus("1.2.3.4:443", "cloud", 7, 1.0, 2.0),),
        ledger=LedgerStatus("degraded", "the disk is full", "/h/usage.db", 1, 2, 3),
        providers=(BOX,),
        loaded=(MODEL,),
        calls=(CallStatus("c2", "zed", "ollama", "chat", "fast", "", "", "queued", 2, 1.5, 0),),
        refused_callers={"evil.test": 4},
    )

    shown, _ = _run(tmp_path, {"GET status": busy}, "status")

    lines = shown.stdout.splitlines()
    assert shown.exit_code == 0
    assert 'mode: offline (switched by `hearth mode`; hearth.toml says "prefer-local")' in lines
    assert any(line.startswith("stand-in: no Ollama answers; the built-in rehearsal") for line in lines)
    assert any(line.startswith("config error: /h/hearth.toml:3: bad.") for line in lines)
    assert "not active yet: budget.daily_limit" in lines
    assert any(line.startswith("contacted: 1.2.3.4:443 (cloud) 7 times") for line in lines)
    assert any(line.startswith("usage log: degraded (the disk is full)") and "3 lost" in line for line in lines)
    assert any(line.startswith("call: c2 fast for zed: queued 2 in the queue") for line in lines)
    assert any(line.startswith("provider: box at http://10.0.0.2 (your network) answers, keys: k ok") for line in lines)


def test_status_as_json_is_the_daemons_own_value(tmp_path: Path) -> None:
    """`--json` loses nothing: it reads back to the same status."""
    shown, _ = _run(tmp_path, {"GET status": status(served=5)}, "status", "--json")

    assert msgspec.json.decode(shown.stdout, type=Status) == status(served=5)


def test_all_shows_what_each_model_can_do(tmp_path: Path) -> None:
    """A row a model and a column a feature; the source of each answer stands in the JSON."""
    abilities = {"tools": AbilityStatus("yes", "provider"), "json_schema": AbilityStatus("unknown")}
    found = ModelsStatus("", (msgspec.structs.replace(MODEL, output_limit=4096, abilities=abilities),))

    table, server = _run(tmp_path, {"GET models": found}, "models", "--all")
    whole, _ = _run(tmp_path, {"GET models": found}, "models", "--all", "--json")

    assert server.asked[0].path.endswith("/models?abilities=1")
    assert table.stdout.splitlines() == [
        "NAME\tWINDOW\tOUTPUT\tTOOLS\tSCHEMA",
        "ollama/m:latest\t-\t4,096\tyes\t?",
    ]
    assert msgspec.json.decode(whole.stdout, type=ModelsStatus) == found


def test_models_are_rows_with_tabs_in_a_pipe(tmp_path: Path) -> None:
    """Aliases and models stand one a line, with the default, the note, and the age of an old list."""
    old = msgspec.structs.replace(MODEL, listed_s=240.0)
    found = ModelsStatus("fast", (old,), (AliasStatus("fast", ("ollama/m", "cloud/x"), "local_first"),))

    shown, _ = _run(tmp_path, {"GET models": found}, "models")

    rows = [line.split("\t") for line in shown.stdout.splitlines()]
    assert rows[1] == ["fast", "alias", "-", "-", "-", "default; ollama/m → cloud/x (local_first)"]
    assert rows[2] == ["ollama/m:latest", "this machine", "loaded", "4.7 GB", "-", "newer; listed 4 min ago"]


def test_names_cannot_command_the_terminal(tmp_path: Path) -> None:
    """A model's name with escape codes is printed without them."""
    named = msgspec.structs.replace(MODEL, name="a\x1b]0;owned\x07b", note="x\ty\nz")

    shown, _ = _run(tmp_path, {"GET models": ModelsStatus("", (named,))}, "models")

    assert "\x1b" not in shown.stdout
    assert shown.stdout.splitlines()[1].split("\t")[-1] == "x y z"


def test_a_looser_mode_names_the_line_of_the_file(tmp_path: Path) -> None:
    """The file is the ceiling: `hearth mode any` exits 1 and says which line forbids it."""
    file = tmp_path / "hearth.toml"
    file.write_text('# mine\nmode = "lan"\n')
    script = {
        "PUT mode": Reply(error("forbidden", "mode any is looser."), status=403),
        "GET status": status(config=ConfigStatus(str(file))),
    }

    shown, _ = _run(tmp_path, script, "mode", "any")

    assert shown.exit_code == 1
    assert f"{file}:2" in shown.stderr


def test_pull_shows_its_steps_and_its_end(tmp_path: Path) -> None:
    """Each step once on stderr, the result on stdout."""
    lines = tuple(
        b'{"provider":"ollama","model":"m","status":"%b"}\n' % step for step in (b"pulling", b"pulling", b"success")
    )

    shown, _ = _run(tmp_path, {"POST models/pull": Reply(pieces=lines)}, "pull", "m")

    assert shown.exit_code == 0
    assert shown.stderr == "pulling\nsuccess\n"
    assert shown.stdout == "m is here.\n"


def test_rm_asks_first(tmp_path: Path) -> None:
    """Without --yes a model is deleted only after a yes."""
    with serving(tmp_path, {"DELETE models/m": {"removed": "ollama/m"}}) as server:
        no = CliRunner().invoke(command_line, ["--home", str(tmp_path), "rm", "m"], input="n\n")
        asked_after_no = len(server.asked)
        yes = CliRunner().invoke(command_line, ["--home", str(tmp_path), "rm", "m"], input="y\n")

    assert (no.exit_code, asked_after_no) == (1, 0)
    assert yes.exit_code == 0
    assert "ollama/m is deleted." in yes.stdout


def test_explain_and_why_print_the_plan(tmp_path: Path) -> None:
    """A plan is a line for each target, with what spoke for or against it."""
    plan = {
        "asked": "fast",
        "task": "chat",
        "mode": "offline",
        "kind": "alias",
        "targets": [{"target": "x/y", "place": "cloud", "reason": "privacy", "why": ["mode offline forbids it"]}],
    }
    attempt = Attempt("c1", 1, "ollama/m", "ollama", "m", "machine", "", 1.0, "failed", detail="it went away")
    script = {"POST explain": plan, "GET calls/c1": {"call": CALL, "attempts": [attempt], "plan": plan}}

    explained, server = _run(tmp_path, script, "explain", "fast", "--mode", "offline")
    why, _ = _run(tmp_path, script, "why", "c1")

    assert "no x/y (cloud): mode offline forbids it" in explained.stdout
    assert server.asked[0].body == {"model": "fast", "task": "chat", "mode": "offline"}
    assert "answered: ollama/m (this machine): local" in why.stdout
    assert "cost unknown" in why.stdout
    assert "it went away" in why.stdout
    assert "no x/y (cloud): mode offline forbids it" in why.stdout


def test_usage_never_shows_an_unknown_cost_as_nothing(tmp_path: Path) -> None:
    """Costs are summed by currency, and unknown ones are counted beside."""
    row = Usage("m", 3, 1, 10, 20, 0, 1, 2, {"USD": 0.5}, 1)

    shown, server = _run(tmp_path, {"GET usage": UsageReport("app", None, None, (row,))}, "usage", "--by", "app")

    cells = shown.stdout.splitlines()[1].split("\t")[:9]
    assert cells == ["m", "3", "1", "0", "2", "~10", "~20", "0", "0.5000 USD + 1 unknown"]
    assert server.asked[0].path.startswith("/hearth/v1/usage?by=app")


def test_the_log_reads_from_old_to_new(tmp_path: Path) -> None:
    """The newest call stands at the bottom, where the eye is."""
    calls = (msgspec.structs.replace(CALL, id="new"), msgspec.structs.replace(CALL, id="old"))

    shown, _ = _run(tmp_path, {"GET calls": calls}, "log")

    assert [line.split("\t")[1] for line in shown.stdout.splitlines()] == ["ID", "old", "new"]


def test_the_log_asks_for_the_calls_one_wants(tmp_path: Path) -> None:
    """The filters go to the daemon, which knows all calls; a period is sent as the moment it began."""
    asked = ("--app", "zed", "--target", "ollama/m", "--place", "lan", "--ending", "failed", "--since", "today")

    shown, server = _run(tmp_path, {"GET calls": ()}, "log", *asked)

    query = parse_qs(server.asked[0].path.partition("?")[2])
    assert shown.exit_code == 0
    assert float(query.pop("since")[0]) > 0
    assert query == {"limit": ["20"], "app": ["zed"], "target": ["ollama/m"], "place": ["lan"], "ending": ["failed"]}


def test_every_ending_can_be_asked_for() -> None:
    """The command, which must start without reading the records, knows all their endings."""
    (option,) = [one for one in log.params if one.name == "ending"]

    assert isinstance(option.type, click.Choice)
    assert tuple(option.type.choices) == get_args(Ending)


def test_following_the_log_waits_for_the_daemon_to_tell(tmp_path: Path) -> None:
    """No question is asked while nothing happens; when the daemon ends, so does the command."""
    told = b'data: {"at": 1.0, "kind": "%b", "facts": {}}\n\n'
    pieces = (b": listening\n\n", told % b"load_failed", told % b"call")
    script = {"GET calls": (CALL,), "GET events": Reply(pieces=pieces)}

    shown, server = _run(tmp_path, script, "log", "-f", "-n", "0", "--json")

    asked = [one.path.removeprefix("/hearth/v1/") for one in server.asked]
    assert asked == ["calls?limit=1", "events", "calls?limit=1000&after=c1", "calls?limit=1000&after=c1"]
    assert len(shown.stdout.splitlines()) == 2
    assert shown.exit_code == 3


@pytest.mark.parametrize("arguments", [("load", "m"), ("unload", "m"), ("usage", "purge", "--yes")])
def test_orders_say_what_was_done(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """An order that was carried out exits 0 with one line."""
    script = {
        "POST models/load": {"loaded": "ollama/m"},
        "POST models/unload": {"unloaded": "ollama/m"},
        "DELETE usage": {"purged": 4},
    }

    shown, _ = _run(tmp_path, script, *arguments)

    assert shown.exit_code == 0
    assert len(shown.stdout.splitlines()) == 1


def test_a_refusal_is_one_line_with_its_next_step(tmp_path: Path) -> None:
    """What the daemon refuses is said on stderr, with the next step, and exits 1."""
    script = {"POST models/load": Reply(error("unknown_model", "No such model.", "See `hearth models`."), status=404)}

    shown, _ = _run(tmp_path, script, "load", "nope")

    assert shown.exit_code == 1
    assert shown.stderr == "No such model. See `hearth models`.\n"
