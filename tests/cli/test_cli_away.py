"""Help, usage and exit codes, without a daemon."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cli.terminal import environment, hearth
from hearth.cli import COMMANDS, command_line

NEED_THE_DAEMON = (
    "stop",
    "status",
    "models",
    "use fast",
    "mode",
    "pull m",
    "load m",
    "unload m",
    "rm m --yes",
    "chat m hello",
    "explain m",
    "why last",
    "usage",
    "usage purge --yes",
    "log",
)


def _commands() -> Iterator[tuple[str, click.Command]]:
    with click.Context(command_line) as context:
        for name in command_line.list_commands(context):
            command = command_line.get_command(context, name)
            assert command is not None
            yield name, command
            if isinstance(command, click.Group):
                yield from ((f"{name} {each}", command.commands[each]) for each in command.commands)


def _options() -> Iterator[tuple[str, click.Option]]:
    for name, command in _commands():
        yield from ((name, each) for each in command.params if isinstance(each, click.Option))


def test_every_command_and_option_says_what_it_does() -> None:
    """`--help` of each command begins with a short sentence, and explains every option."""
    silent = [name for name, command in _commands() if not command.help or "..." in command.get_short_help_str(70)]

    assert not silent
    assert not [(name, option.opts) for name, option in _options() if not option.help]


def test_every_listed_command_is_there() -> None:
    """Each name that the command line promises is found."""
    found = [name for name, _ in _commands() if " " not in name]

    assert tuple(found) == COMMANDS


def test_help_explains_the_exit_codes(tmp_path: Path) -> None:
    """`hearth --help` says what each exit code means."""
    shown = hearth(tmp_path, "--help")

    assert shown.returncode == 0
    assert "3 Hearth is not running" in " ".join(shown.stdout.split())


@pytest.mark.parametrize("line", NEED_THE_DAEMON)
def test_without_a_daemon_one_line_and_exit_3(tmp_path: Path, line: str) -> None:
    """A command that needs the daemon says in one line how to start it, and exits 3."""
    shown = CliRunner().invoke(command_line, ["--home", str(tmp_path), *line.split()])

    assert shown.exit_code == 3
    assert shown.stderr == "Hearth is not running. Start it with `hearth run`.\n"
    assert shown.stdout == ""


@pytest.mark.parametrize("line", ["stauts", "mode sideways", "usage --since tomorrow", "explain --task dance", "pull"])
def test_wrong_usage_is_exit_2(tmp_path: Path, line: str) -> None:
    """What cannot be understood is answered with the usage, and exit 2."""
    shown = CliRunner().invoke(command_line, ["--home", str(tmp_path), *line.split()])

    assert shown.exit_code == 2
    assert "Usage:" in shown.stderr


def test_a_home_that_is_no_whole_path_is_wrong_usage(tmp_path: Path) -> None:
    """T13: HEARTH_HOME never means a folder below the working directory."""
    shown = CliRunner().invoke(command_line, ["status"], env={"HEARTH_HOME": "here"})

    assert shown.exit_code == 2
    assert "HEARTH_HOME is not an absolute path" in shown.stderr


def test_a_stale_socket_counts_as_not_running(tmp_path: Path) -> None:
    """A socket that nobody listens on any more is no daemon."""
    import socket

    with socket.socket(socket.AF_UNIX) as left_over:
        left_over.bind(str(tmp_path / "hearth.sock"))

    shown = hearth(tmp_path, "status")

    assert shown.returncode == 3


def test_help_reads_no_heavy_library() -> None:
    """`hearth --help` and completion are quick: no server, HTTP client, rich or JSON library is imported."""
    heavy = ("aiohttp", "httpx", "rich", "msgspec", "asyncio", "sqlite3", "psutil")
    script = (
        "import sys\n"
        "from hearth.cli import command_line\n"
        "command_line(['--help'], standalone_mode=False)\n"
        f"print('heavy:', *[name for name in {heavy!r} if name in sys.modules])\n"
    )

    shown = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment(), timeout=30
    )

    assert shown.stdout.splitlines()[-1] == "heavy:"


def test_the_shells_learn_to_complete(tmp_path: Path) -> None:
    """The script for each shell calls back into `hearth`, and that call names the commands."""
    scripts = [hearth(tmp_path, "completion", shell).stdout for shell in ("zsh", "fish")]

    named = subprocess.run(
        [sys.executable, "-m", "hearth"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        env=environment(_HEARTH_COMPLETE="zsh_complete", COMP_WORDS="hearth sta", COMP_CWORD="1"),
    )

    assert all("_HEARTH_COMPLETE" in script for script in scripts)
    assert "status" in named.stdout.split()
