"""The checks of `hearth doctor`, in the order in which things depend on each other."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import hearth
from hearth.cli.desk_checks import desk
from hearth.cli.engine_checks import engines
from hearth.cli.machine_checks import machine
from hearth.cli.status_view import bodies_in_words, seal_in_words
from hearth.cli.words import counted
from hearth.client import Client, ClientError, DaemonAway
from hearth.status import Finding
from hearth_config.errors import ConfigError
from hearth_config.load import Loaded, load
from hearth_config.paths import Paths
from hearth_config.secrets import SecretError

if TYPE_CHECKING:
    from hearth.status import Status

NOT_CHECKED = (
    "providers outside this machine, and whether they accept their keys (`hearth doctor PROVIDER` asks one)",
    "what Ollama itself sends",
)
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


def checkup(where: Paths) -> Iterator[Finding]:
    """Yield every finding. Asks the daemon and engines on this machine, nobody else."""
    yield Finding("ok", f"Hearth {hearth.__version__}, Python {platform.python_version()}, {platform.platform()}")
    loaded, finding = _config(where)
    yield finding
    status, finding = _daemon(where)
    yield finding
    if loaded is not None:
        yield from _settings(loaded)
        yield from _listening(loaded, status)
        yield from engines(loaded)
        yield from _keys(loaded)
    if status is not None:
        yield from _running(status)
    yield from _proxies()
    yield from machine(where)
    yield from desk(where)


def _config(where: Paths) -> tuple[Loaded | None, Finding]:
    try:
        loaded = load(where, os.environ, allow_missing=True)
    except ConfigError as error:
        return None, Finding("bad", str(error), "Run `hearth config edit`.")
    state = "is empty or missing: every setting has its default" if loaded.blank else "is fine"
    return loaded, Finding("ok", f"{loaded.path} {state}")


def _daemon(where: Paths) -> tuple[Status | None, Finding]:
    try:
        with Client(where) as daemon:
            status = daemon.status()
    except DaemonAway:
        return None, Finding("note", "Hearth is not running", "Start it with `hearth run`.")
    except ClientError as error:
        return None, Finding("bad", str(error))
    step = "Run `hearth restart`." if status.version != hearth.__version__ else ""
    return status, Finding("note" if step else "ok", f"Hearth {status.version} runs (pid {status.pid})", step)


def _settings(loaded: Loaded) -> Iterator[Finding]:
    for warning in loaded.warnings:
        yield Finding("note", warning)


def _listening(loaded: Loaded, status: Status | None) -> Iterator[Finding]:
    if status is not None:
        yield Finding("ok", f"Listening on {', '.join(status.listening)}")
        return
    from hearth.senses.ports import holder
    from hearth_config.addresses import Endpoint

    listen = loaded.settings.listen
    for endpoint in (listen.tcp, *listen.also):
        if isinstance(endpoint, Endpoint) and (who := holder(endpoint.host, endpoint.port)):
            step = "Stop that program, or set another tcp under [listen]."
            yield Finding("bad", f"{endpoint} is taken by {who}", step)


def _keys(loaded: Loaded) -> Iterator[Finding]:
    for name, provider in loaded.settings.providers.items():
        for key in provider.keys:
            try:
                loaded.secret(key.value)
            except SecretError as error:
                yield Finding("bad", f"{name}: key {key.id}: {error.reference}: {error.reason}", f"{error.next_step}.")
            else:
                yield Finding("ok", f"{name}: key {key.id} is there")


def _running(status: Status) -> Iterator[Finding]:
    if status.config.error:
        yield Finding("bad", f"The newest edit is not in force: {status.config.error}", "Run `hearth config edit`.")
    ledger = status.ledger
    why = f": {ledger.reason}" if ledger.reason else ""
    lost = f", {ledger.dropped} rows lost" if ledger.dropped else ""
    step = "" if ledger.state == "ok" else f"Look at the disk and the rights of {ledger.path}."
    yield Finding("bad" if step else "ok", f"Usage log {ledger.state}{why}{lost}", step)
    if status.sealed is not None:
        step = "Start Hearth anew: `hearth restart`." if status.sealed.fault else ""
        yield Finding("bad" if step else "ok", f"Sealed {seal_in_words(status.sealed)}", step)
    if status.bodies is not None:
        step = "Write bodies = false under [usage] to end that." if status.bodies.on else ""
        yield Finding("bad" if status.bodies.note else "note", bodies_in_words(status.bodies), step)
    if status.stand_in:
        yield Finding("note", "The built-in stand-in answers for a missing Ollama", "Start Ollama, and it leaves.")
    for warning in status.config.warnings:
        if warning.startswith(("apps.", "listen: ")):
            yield Finding("bad", warning)
    for caller, count in status.refused_callers.items():
        yield Finding("note", f"Refused {counted(count, 'time')}: {caller}", _allow(caller))


def _allow(caller: str) -> str:
    """Return the config line that lets a refused Host or Origin in."""
    if caller.startswith("Sec-Fetch-Site"):
        return "A web page asked; list its origin under [listen] if you trust it."
    line = f'origins = ["{caller}"]' if "://" in caller else f'hosts = ["{caller.rpartition(":")[0] or caller}"]'
    return f"If you trust it, add under [listen]: {line}"


def _proxies() -> Iterator[Finding]:
    found = [name for name in _PROXIES if os.environ.get(name)]
    if found:
        step = 'Where a provider needs one, write proxy = "http://…" under [providers.NAME].'
        yield Finding("note", f"{', '.join(found)} ignored: Hearth reads no proxy from the environment", step)
    if sys.platform == "win32":
        yield Finding("note", "There are no Unix sockets here: commands come by TCP with the admin token")
