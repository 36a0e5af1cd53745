"""launchd's agents on macOS, one for the daemon and one for the tray. Written with care, never run on macOS so far."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

from hearth_service.plan import Command, File, Installation, Wanted
from hearth_service.templates import text

LABEL = "io.github.hearthd.hearth"
TRAY_LABEL = "io.github.hearthd.tray"


def plan(wanted: Wanted, home: Path, uid: int) -> Installation:
    """Return the agents of the user whose home folder and id these are."""
    agents = home / "Library" / "LaunchAgents"
    files = [_agent(agents, LABEL, wanted.hearth, "Background", wanted.log)]
    if wanted.tray:
        files.append(_agent(agents, TRAY_LABEL, wanted.tray, "Interactive", None))
    domain = f"gui/{uid}"
    labels = [file.path.stem for file in files]
    return Installation(
        manager="launchd",
        files=tuple(files),
        start=tuple(("launchctl", "bootstrap", domain, str(file.path)) for file in files),
        stop=tuple(("launchctl", "bootout", f"{domain}/{label}") for label in labels),
        is_active=("launchctl", "print", f"{domain}/{LABEL}"),
        logs=("tail", "-n", "100", str(wanted.log)) if wanted.log is not None else (),
        restart=(("launchctl", "kickstart", "-k", f"{domain}/{LABEL}"),),
        names_us=_arguments(wanted.hearth),
    )


def _agent(agents: Path, label: str, command: Command, kind: str, log: Path | None) -> File:
    arguments = _arguments(command)
    output = "" if log is None else "".join(_path(key, log) for key in ("StandardOutPath", "StandardErrorPath"))
    return File(
        agents / f"{label}.plist", text("hearth.plist", label=label, arguments=arguments, kind=kind, output=output)
    )


def _arguments(command: Command) -> str:
    return "".join(f"\t\t<string>{escape(word)}</string>\n" for word in command)


def _path(key: str, path: Path) -> str:
    return f"\t<key>{key}</key>\n\t<string>{escape(str(path))}</string>\n"
