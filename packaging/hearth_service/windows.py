"""Tasks of Windows that run at logon. Written with care, never run on Windows so far."""

from __future__ import annotations

from pathlib import Path
from subprocess import list2cmdline
from xml.sax.saxutils import escape

from hearth_service.plan import Command, File, Installation, Wanted
from hearth_service.templates import text

DAEMON = "Daemon"
TRAY = "Tray"


def plan(wanted: Wanted, data: Path, user: str) -> Installation:
    """Return the tasks of a user (with its domain), whose files are kept in `data`: schtasks reads them from there."""
    tasks = {DAEMON: wanted.hearth} | ({TRAY: wanted.tray} if wanted.tray else {})
    files = {name: _task(data, name, command, user) for name, command in tasks.items()}
    names = {name: f"\\Hearth\\{name}" for name in tasks}
    return Installation(
        manager="Task Scheduler",
        files=tuple(files.values()),
        start=tuple(
            command
            for name, file in files.items()
            for command in (
                ("schtasks", "/Create", "/TN", names[name], "/XML", str(file.path), "/F"),
                ("schtasks", "/Run", "/TN", names[name]),
            )
        ),
        stop=tuple(
            command
            for name in tasks
            for command in (
                ("schtasks", "/End", "/TN", names[name]),
                ("schtasks", "/Delete", "/TN", names[name], "/F"),
            )
        ),
        is_active=("schtasks", "/Query", "/TN", names[DAEMON]),
        logs=("powershell", "-NoProfile", "Get-Content", "-Tail", "100", str(wanted.log)) if wanted.log else (),
        restart=(("schtasks", "/Run", "/TN", names[DAEMON]),),  # once it has ended by itself: /End would cut its calls
        names_us=escape(list2cmdline(wanted.hearth[1:])),
    )


def _task(data: Path, name: str, command: Command, user: str) -> File:
    return File(
        data / f"hearth-{name.lower()}.xml",
        text(
            "task.xml",
            task=name,
            description="Hearth, the local-first LLM daemon" if name == DAEMON else "Hearth's icon",
            user=escape(user),
            command=escape(command[0]),
            arguments=escape(list2cmdline(command[1:])),
        ),
    )
