"""`hearth doctor PROVIDER` at the terminal: what it prints, and its exit codes."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from cli.terminal import command, environment, hearth
from hearth.rehearsal import Rehearsal, Script
from hearth_home import running

TABLE = '[providers.far]\ndialect = "openai_chat"\naddress = "{}/v1"\nplace = "cloud"\nkey = "env:FAR"\n'


def doctor(*arguments: str, key: str = "sk-right-0123456789") -> tuple[int, str, str]:
    """Run the command beside a daemon whose one provider takes one key; return its exit code and what it printed."""

    async def run() -> tuple[int, str, str]:
        script = Script(kind="openai", keys=("sk-right-0123456789",))
        async with Rehearsal(script) as far, running(TABLE.format(far.url), {"FAR": key}) as home:
            process = await asyncio.create_subprocess_exec(
                *command(home.folder, "doctor", *arguments),
                env=environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            out, err = await process.communicate()
            return process.returncode or 0, out.decode(), err.decode()

    return asyncio.run(run())


def test_a_provider_that_works_exits_with_0() -> None:
    """One line a finding, the good ones first to last."""
    code, out, err = doctor("far", "--model", "scripted")

    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert [line[:5] for line in lines] == ["ok   "] * 4
    assert lines[3].startswith("ok   scripted answers (")


def test_a_wrong_key_exits_with_1_and_says_what_to_do() -> None:
    """T16: the next step stands below the finding, the key nowhere."""
    code, out, _ = doctor("far", key="sk-wrong-0123456789")

    assert code == 1
    assert "BAD " in out
    assert "Check the key of providers.far." in out
    assert "sk-wrong" not in out


def test_json_has_every_finding() -> None:
    """State, text and next step, for programs."""
    code, out, _ = doctor("far", "--free", "--json")

    found = json.loads(out)
    assert code == 0
    assert found["findings"][-1] == {"state": "note", "text": "no answer was asked for (--free)", "next_step": ""}
    assert found["not_checked"] == []


def test_an_unknown_provider_exits_with_1() -> None:
    """The nearest name is offered."""
    code, _, err = doctor("fra")

    assert code == 1
    assert "No provider is called 'fra'. Names like it: far." in err


def test_without_a_daemon_it_exits_with_3(tmp_path: Path) -> None:
    """The asking is the daemon's: without one nothing is asked."""
    shown = hearth(tmp_path, "doctor", "far")

    assert shown.returncode == 3
    assert "Start it with `hearth run`" in shown.stderr


def test_a_model_without_a_provider_is_a_usage_error(tmp_path: Path) -> None:
    """`--model` alone says too little."""
    assert hearth(tmp_path, "doctor", "--model", "x").returncode == 2


@pytest.mark.skipif(sys.platform == "win32", reason="rights of files are checked where there are users")
def test_config_presets_lists_ours_and_ones_own(tmp_path: Path) -> None:
    """Each with dialect, address and the place of its key; a file in providers/ is among them."""
    folder = tmp_path / "providers"
    folder.mkdir()
    mine = folder / "mine.toml"
    mine.write_text('dialect = "openai_chat"\naddress = "https://llm.example.org/v1"\nkey = "env:MINE"\n')
    mine.chmod(0o600)

    shown = hearth(tmp_path, "config", "presets")
    listed = json.loads(hearth(tmp_path, "config", "presets", "--json").stdout)

    rows = [line.split("\t") for line in shown.stdout.splitlines()]
    assert ["groq", "openai_chat", "https://api.groq.com/openai/v1", "env:GROQ_API_KEY", "Groq"] in rows
    assert next(row for row in rows if row[0] == "mine")[:4] == [
        "mine", "openai_chat", "https://llm.example.org/v1", "env:MINE",
    ]  # fmt: skip
    assert {row["name"] for row in listed} >= {"groq", "azure", "mine"}
