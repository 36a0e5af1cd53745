"""`hearth init`: look around on this machine, and propose a hearth.toml; nothing is written without being asked."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hearth.cli.context import json_option, paths, yes_option
from hearth.cli.output import print_json, say
from hearth.cli.words import counted

if TYPE_CHECKING:
    from hearth.cli.first_config import Found
    from hearth_config.load import Loaded

_USUAL = ("ollama", "lm-studio", "llama-server", "vllm")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@click.command()
@yes_option
@json_option
def init(*, yes: bool, as_json: bool) -> None:
    """Look around on this machine and write a commented hearth.toml.

    Only loopback is asked. An existing file keeps all it says: what it lacks is added at its end. The difference is
    shown before anything is written. Keys are named by their variable, never copied. With --json the proposal is
    printed, and nothing is written.
    """
    from hearth.cli.first_config import proposal
    from hearth.connecting.files import read
    from hearth_config.load import load, load_text

    loaded = load(paths(), os.environ, allow_missing=True)
    file = paths().config_file
    found = _look_around(loaded)
    before = read(file)
    after = proposal(found, before)
    load_text(after, file, loaded.variables)
    if as_json:
        print_json({"file": str(file), "found": found, "proposal": after, "changes": after != before})
        return
    _tell(found)
    if after == before:
        say(f"{file} has all of it. Nothing to write.")
    else:
        _offer(file, before, after, yes=yes)
    _next_steps()


def _look_around(loaded: Loaded) -> Found:
    from hearth.cli.first_config import Found as Made
    from hearth.cli.first_look import look
    from hearth.senses.hardware import hardware

    listen = loaded.settings.listen
    ours = {getattr(one, "port", 0) for one in (listen.tcp, *listen.also)}
    servers = look(list(candidates(os.environ, ours)))
    return Made(servers, tuple(_keys(loaded)), hardware().memory)


def candidates(environ: Mapping[str, str], ours: set[int]) -> Iterator[tuple[str, str]]:
    """Return the (preset, address) worth asking, where Hearth itself does not listen; all are on loopback."""
    from hearth_config.addresses import TcpAddress, parse_address
    from hearth_config.presets import read_preset

    said = ollama_host(environ.get("OLLAMA_HOST", ""))
    found = [("ollama", said)] if said else []
    found += [(preset, str(read_preset(preset)["address"])) for preset in _USUAL]
    for preset, address in dict.fromkeys(found):
        parsed = parse_address(address)
        if isinstance(parsed, TcpAddress) and parsed.port not in ours:
            yield preset, address


def ollama_host(said: str) -> str:
    """Return the address that OLLAMA_HOST means, "" where it is none of loopback (docs.ollama.com/faq)."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(said if "://" in said else f"http://{said}")
        host, port = parts.hostname or "127.0.0.1", parts.port or 11434
    except ValueError:
        return ""
    host = "127.0.0.1" if host in ("0.0.0.0", "localhost") else host  # noqa: S104 -- what the variable may say
    if not said.strip() or parts.scheme != "http" or host not in _LOOPBACK:
        return ""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _keys(loaded: Loaded) -> Iterator[tuple[str, str]]:
    """Return (preset, variable) for each key that is set and that its preset can use without more."""
    from hearth_config.errors import ConfigError
    from hearth_config.load import load_text
    from hearth_config.presets import overview

    seen = set()
    for row in overview():
        scheme, _, variable = row.key.partition(":")
        if scheme != "env" or variable in seen or not loaded.variables.get(variable):
            continue
        try:
            load_text(f'[providers.{row.name}]\npreset = "{row.name}"\n', loaded.path, loaded.variables)
        except ConfigError:
            continue
        seen.add(variable)
        yield row.name, variable


def _tell(found: Found) -> None:
    """Say what was found."""
    from hearth.senses.hardware import hardware

    for server in found.servers:
        version = f" {server.version}" if server.version else ""
        say(f"Found {server.preset}{version} at {server.address}, {counted(len(server.models), 'model')}.")
    if not found.servers:
        say("No server of models answers on its usual port: Ollama, LM Studio, llama-server and vLLM were asked.")
    for preset, variable in found.keys:
        say(f"Found a key for {preset} in {variable}.")
    machine = hardware()
    say(f"This machine has {machine.memory / 1e9:.0f} GB of memory and {machine.cores} cores.")


def _offer(file: Path, before: str, after: str, *, yes: bool) -> None:
    from hearth.connecting.files import back_up, write

    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    for line in difflib.unified_diff(old, new, str(file) if before else "(no file)", str(file)):
        say(line.rstrip("\n"))
    if not yes:
        click.confirm(f"Write {file}?", abort=True)
    copy = back_up(file)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write(file, after)
    say(f"Wrote {file}{f'; what it was is in {copy}' if copy else ''}.")


def _next_steps() -> None:
    from hearth.connecting.app import desk_here
    from hearth.connecting.apps import APPS

    desk = desk_here()
    here = [app.name for app in APPS if app.found(desk)]
    say("Next: `hearth run` starts it here, `hearth service install` at each login; `hearth doctor` looks for trouble.")
    if here:
        say(f"Apps found here: {', '.join(here)}. `hearth connect {here[0]}` shows how one is set.")
    else:
        say("`hearth connect` lists the apps that can be set to use it.")
