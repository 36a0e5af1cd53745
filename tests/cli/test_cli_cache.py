"""`hearth cache` shows what the answer cache holds and has saved, and empties it."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from cli.control_server import serving, status
from hearth.cli import command_line
from hearth.status_apps import AppStatus
from hearth.status_cache import CacheStatus, Cleared

STATS = CacheStatus(
    "exact", "off", "/h/answers.db", 100_000_000, 86_400.0, hits=3, misses=5, saved_tokens=1200, kept=2, size=2048
)


def test_stats_say_what_is_kept_and_what_that_saved(tmp_path: Path) -> None:
    """Counts, bytes against the limit, the place, and why nothing is kept where that is so."""
    broken = CacheStatus("exact", "exact", "/h/answers.db", 1, 1.0, note="/h/answers.db has no room: the disk is full")
    with serving(tmp_path, {"GET cache": STATS}):
        said = CliRunner().invoke(command_line, ["--home", str(tmp_path), "cache", "stats"])
    with serving(tmp_path, {"GET cache": broken}):
        noted = CliRunner().invoke(command_line, ["--home", str(tmp_path), "cache", "stats"])

    assert said.exit_code == 0
    assert "2 answers, 2 kB of 100 MB" in said.output
    assert "3 answered from disk, 5 not there" in said.output
    assert "1200 tokens since start" in said.output
    assert "nothing is kept now: /h/answers.db has no room" in noted.output


def test_stats_as_json_are_the_daemons_own(tmp_path: Path) -> None:
    """`--json` prints what the control API said."""
    with serving(tmp_path, {"GET cache": STATS}):
        said = CliRunner().invoke(command_line, ["--home", str(tmp_path), "cache", "stats", "--json"])

    assert json.loads(said.output)["saved_tokens"] == 1200


def test_clear_asks_first(tmp_path: Path) -> None:
    """Nothing is deleted without a yes."""
    with serving(tmp_path, {"DELETE cache": Cleared(2, 2048)}) as server:
        no = CliRunner().invoke(command_line, ["--home", str(tmp_path), "cache", "clear"], input="n\n")
        asked = len(server.asked)
        yes = CliRunner().invoke(command_line, ["--home", str(tmp_path), "cache", "clear", "--yes"])

    assert no.exit_code != 0
    assert not asked
    assert "2 answers (2 kB) deleted." in yes.output


def test_status_shows_limited_apps_and_the_cache(tmp_path: Path) -> None:
    """A line for each app that has limits, and one for the cache where it is on."""
    limited = AppStatus("zed", 1, 4, 12, 60, 0, None, 3)
    with serving(tmp_path, {"GET status": status(apps=(limited,), caches=(STATS,))}):
        said = CliRunner().invoke(command_line, ["--home", str(tmp_path), "status"])

    assert "zed: 1 of 4 calls at once, 12 of 60 calls this minute, 3 refused" in said.output
    assert "answers from /h/answers.db: 3 hits, 0 shared, 5 missed" in said.output
