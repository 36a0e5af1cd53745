"""`hearth doctor --bundle FILE`: what a support thread asks for, in one text that says nothing private."""

from __future__ import annotations

import platform
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

import hearth
from hearth.cli.private import private_here
from hearth.cli.scrub import scrub
from hearth.client import Client, ClientError
from hearth_config.errors import ConfigError
from hearth_config.load import Loaded, load
from hearth_config.paths import Paths
from hearth_config.shown import shown

if TYPE_CHECKING:
    from hearth.record import CallRecord
    from hearth.status import Finding, Status

_LIBRARIES = (
    "aiohttp",
    "httptools",
    "httpx",
    "msgspec",
    "uvloop",
    "watchfiles",
    "psutil",
    "keyring",
    "pystray",
    "pillow",
)
_LEFT_OUT = {"calls", "contacts", "refused_callers", "apps", "last_error", "detail", "asked", "user_agent"}
"""Of the status: what tells who asked for what, where somebody was, or repeats a provider's words."""
_OF_A_CALL = (
    "route", "task", "mode", "stream", "target", "place", "reason", "attempts", "ending", "problem", "status",
    "input_tokens", "output_tokens", "queue_ms", "first_token_ms", "total_ms", "overhead_ms",
)  # fmt: skip
_CALLS = 30
_LOG_LINES = 200
_HIDDEN = ("headers", "extra", "proxy_login")


def bundle(where: Paths, findings: Sequence[Finding], environ: dict[str, str]) -> str:
    """Return the text. Asks the daemon, nobody else; works without one, and with a config that cannot be used."""
    loaded, trouble = _config(where, environ)
    status, calls = _daemon(where)
    parts = [_about(), _section("Findings", _findings(findings))]
    parts.append(_section("Settings", _settings(loaded) if loaded else [trouble]))
    parts.append(_section("Status", _status(status) if status else ["Hearth is not running."]))
    parts.append(_section("Last calls", (_call(call) for call in calls)))
    parts.append(_section("Log", _log(where.log_file)))
    return scrub("\n".join(parts), private_here(where, loaded, status))


def _config(where: Paths, environ: dict[str, str]) -> tuple[Loaded | None, str]:
    try:
        return load(where, environ, allow_missing=True), ""
    except ConfigError as error:
        return None, str(error)


def _daemon(where: Paths) -> tuple[Status | None, tuple[CallRecord, ...]]:
    with suppress(ClientError), Client(where) as daemon:
        status = daemon.status()
        with suppress(ClientError):
            return status, daemon.calls(_CALLS)
        return status, ()
    return None, ()


def _about() -> str:
    lines = [f"Hearth {hearth.__version__}, Python {platform.python_version()}, {platform.platform()}"]
    lines += [f"{name} {_version(name)}" for name in _LIBRARIES]
    return "\n".join(
        ("# hearth doctor --bundle", "", *lines, f"installed in an environment of its own: {_apart()}", "")
    )


def _apart() -> str:
    return "yes" if sys.prefix != sys.base_prefix else "no"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "is not installed"


def _section(title: str, lines: Iterator[str] | Sequence[str]) -> str:
    return "\n".join((f"## {title}", "", *lines, ""))


def _findings(findings: Sequence[Finding]) -> Iterator[str]:
    for one in findings:
        yield f"{one.state:<4} {one.text}{f' -> {one.next_step}' if one.next_step else ''}"


def _settings(loaded: Loaded) -> Iterator[str]:
    """Yield what the user wrote; where keys are kept is told, what a command for one says is not."""
    try:
        rows = shown(loaded)
    except ConfigError as error:
        yield str(error)
        return
    for row in rows:
        hidden = any(part in row.key.split(".") for part in _HIDDEN)
        value = '"cmd:…"' if row.value.startswith('"cmd:') else row.value
        if ":" in row.source:
            yield f"{row.key} = {'…' if hidden else value}  ({row.source})"


def _status(status: Status) -> Iterator[str]:
    built = msgspec.to_builtins(status)
    built["calls_in_flight"] = len(status.calls)
    yield msgspec.json.format(msgspec.json.encode(_kept(built)), indent=1).decode()


def _kept(value: Any) -> Any:  # noqa: ANN401 -- whatever JSON can say
    if isinstance(value, dict):
        return {key: _kept(item) for key, item in value.items() if key not in _LEFT_OUT}
    if isinstance(value, list | tuple):
        return [_kept(item) for item in value]
    return value


def _call(call: CallRecord) -> str:
    return " ".join(f"{name}={getattr(call, name)}" for name in _OF_A_CALL)


def _log(file: Path) -> list[str]:
    """Return the end of the daemon's own log, which never holds what was said."""
    try:
        with file.open(encoding="utf-8", errors="replace") as lines:
            return [line.rstrip("\n") for line in deque(lines, _LOG_LINES)]
    except OSError:
        return ["There is none."]
