"""What `hearth doctor` says of the desktop: the start at login, the icon and what it can do here, connected apps."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from hearth.status import Finding
from hearth_config.paths import Paths

_ASK_S = 15.0
_CHOOSE = """
from hearth_tray.backends import NoTray, choose
try:
    print("backend", choose().name)
except NoTray as error:
    print("none", error)
"""
"""Run in a process of its own: toolkits of desktops may write to the terminal, or end the process that asks them."""


def desk(where: Paths) -> Iterator[Finding]:
    """Yield what is to be known of the desktop; nothing here keeps Hearth from answering."""
    yield _at_login()
    yield from _tray()
    yield from _apps(where)


def _at_login() -> Finding:
    from hearth.cli.service_plan import plan_here

    try:
        from hearth_service.install import state

        plan = plan_here(tray=False)
        found = state(plan)
    except Exception as error:  # noqa: BLE001 -- a bad config is told elsewhere; no manager may be there at all
        return Finding("note", f"Whether it is started at login could not be found out ({type(error).__name__})")
    if not found.installed:
        return Finding("ok", "Not started at login", "`hearth service install` has it started there.")
    if found.changed or found.missing:
        step = "Run `hearth service install`: it writes them anew."
        return Finding("note", f"Started at login by {plan.manager}, by files that are not as they should be", step)
    return Finding("ok", f"Started at login by {plan.manager}")


def _tray() -> Iterator[Finding]:
    """Yield which kind of icon there would be, and its limits (pain 47)."""
    try:
        from hearth_tray.backends import BACKENDS
    except ImportError:
        yield Finding("note", "The icon is not part of this installation")
        return
    kind, _, said = _chosen().partition(" ")
    if kind == "backend":
        backend = BACKENDS.get(said)
        limit = f": {backend.limit}" if backend and backend.limit else ""
        yield Finding("ok", f"The icon would be shown by pystray's {said}{limit}")
    else:
        yield Finding("note", f"No icon: {said or 'the kind of desktop could not be found out'}")
    if sys.platform == "linux":
        kinds = (one for name, one in BACKENDS.items() if name in ("appindicator", "gtk", "xorg"))
        known = "; ".join(f"{one.name}: {one.limit}" for one in kinds)
        step = "PYSTRAY_BACKEND=NAME chooses one. GNOME shows icons only with the extension AppIndicator."
        yield Finding("ok", f"Kinds of icon that pystray knows here: {known}", step)


def _chosen() -> str:
    try:
        done = subprocess.run(
            (sys.executable, "-c", _CHOOSE),
            capture_output=True,
            timeout=_ASK_S,
            check=False,
            stdin=subprocess.DEVNULL,
            text=True,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return next((line for line in done.stdout.splitlines() if line.startswith(("backend ", "none "))), "")


def _apps(where: Paths) -> Iterator[Finding]:
    from hearth.connecting.apps import find
    from hearth.connecting.files import digest, read
    from hearth.connecting.notebook import Notebook

    notebook = Notebook(where.state_dir)
    for name, done in notebook.all().items():
        app = find(name)
        file = Path(done.file)
        if app is None:
            yield Finding(
                "ok", "Hearth is in front of Ollama", "`hearth disconnect ollama` gives Ollama its port back."
            )
            continue
        try:
            same = digest(read(file)) == done.written
        except Exception:  # noqa: BLE001 -- whatever keeps it from being read: it is not as we wrote it
            same = False
        step = "" if same else f"If it no longer uses Hearth: `hearth connect {name} --write`."
        state = "is connected" if same else "was connected, and its file has been changed since"
        yield Finding("ok", f"{app.title} {state}: {file}", step)
