"""How Ollama's server is moved to another port: what Hearth can do for the user, and what only the user can.

Source: the FAQ of Ollama (docs.ollama.com/faq, "How do I configure Ollama server?"): systemd Environment=OLLAMA_HOST,
`launchctl setenv` on macOS, the user's environment variables on Windows; the app is then started again.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from plistlib import dumps

from msgspec import Struct

from hearth.connecting.app import Desk

Command = tuple[str, ...]
Asked = Callable[[Command], bool]
"""Runs a command and says whether it exited with 0."""

_LABEL = "io.hearth.ollama-host"
_UNIT = "ollama.service"


class Move(Struct, frozen=True):
    """A move of Ollama to a port, and the way back.

    `file` is written with `text` ("" for none) before `commands` run; `back` runs after it is deleted again. Where
    `by_hand` has lines, the user types those (and `back_by_hand`), and nothing is done by us.
    """

    manager: str
    file: Path | None = None
    text: str = ""
    commands: tuple[Command, ...] = ()
    back: tuple[Command, ...] = ()
    by_hand: tuple[str, ...] = ()
    back_by_hand: tuple[str, ...] = ()


def move(desk: Desk, port: int, asked: Asked) -> Move:
    """Return the move for this desk; `asked` finds out who runs Ollama."""
    host = f"127.0.0.1:{port}"
    if desk.system == "darwin":
        return _launchd(desk, host)
    if desk.system == "win32":
        return _windows(host)
    if desk.has("systemctl"):
        if asked(("systemctl", "--user", "cat", _UNIT)):
            return _user_unit(desk, host)
        if asked(("systemctl", "cat", _UNIT)):
            return _system_unit(host)
    return Move(
        "you",
        by_hand=("stop Ollama where you have started it, then:", f"OLLAMA_HOST={host} ollama serve"),
        back_by_hand=("stop Ollama where you have started it, then:", "ollama serve"),
    )


def drop_in(host: str) -> str:
    """Return the lines that tell a unit of systemd where Ollama listens."""
    return f'# Hearth answers on Ollama\'s own port.\n[Service]\nEnvironment="OLLAMA_HOST={host}"\n'


def _user_unit(desk: Desk, host: str) -> Move:
    start = (("systemctl", "--user", "daemon-reload"), ("systemctl", "--user", "restart", _UNIT))
    file = desk.config / "systemd" / "user" / f"{_UNIT}.d" / "hearth.conf"
    return Move("systemd, as your own unit", file, drop_in(host), start, start)


def _system_unit(host: str) -> Move:
    folder = f"/etc/systemd/system/{_UNIT}.d"
    restart = f"sudo systemctl daemon-reload && sudo systemctl restart {_UNIT}"
    return Move(
        "systemd, as a unit of the system",
        by_hand=(
            f"sudo mkdir -p {folder}",
            f"printf '[Service]\\nEnvironment=\"OLLAMA_HOST={host}\"\\n' | sudo tee {folder}/hearth.conf",
            restart,
        ),
        back_by_hand=(f"sudo rm {folder}/hearth.conf", restart),
    )


def _launchd(desk: Desk, host: str) -> Move:
    """Return the move on macOS: the variable for this login, an agent for the next ones, and the app anew."""
    agent = {
        "Label": _LABEL,
        "ProgramArguments": ["/bin/launchctl", "setenv", "OLLAMA_HOST", host],
        "RunAtLoad": True,
    }
    again = (("osascript", "-e", 'quit app "Ollama"'), ("open", "-g", "-a", "Ollama"))
    return Move(
        "Ollama's app",
        desk.home / "Library" / "LaunchAgents" / f"{_LABEL}.plist",
        dumps(agent).decode(),
        (("launchctl", "setenv", "OLLAMA_HOST", host), *again),
        (("launchctl", "unsetenv", "OLLAMA_HOST"), *again),
    )


def _windows(host: str) -> Move:
    again = "quit Ollama in the notification area, then start it from the Start menu"
    return Move(
        "Ollama's app",
        by_hand=(f"setx OLLAMA_HOST {host}", again),
        back_by_hand=(r"reg delete HKCU\Environment /v OLLAMA_HOST /f", again),
    )
